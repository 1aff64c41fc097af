/** Keeps a view that fails to render from breaking the others. */

import type { TranslationBundle } from '@jupyterlab/translation';
import { Component, type ReactNode } from 'react';

import { ErrorMessage } from './Placeholders';

export class ErrorBoundary extends Component<
  { trans: TranslationBundle; children: ReactNode },
  { message: string | null }
> {
  static getDerivedStateFromError(error: unknown): { message: string } {
    return { message: error instanceof Error ? error.message : String(error) };
  }

  override state: { message: string | null } = { message: null };

  override render(): ReactNode {
    if (this.state.message === null) {
      return this.props.children;
    }
    const { trans } = this.props;
    return (
      <ErrorMessage
        message={trans.__('This part of the panel could not be displayed: %1', this.state.message)}
        onRetry={() => this.setState({ message: null })}
      />
    );
  }
}
