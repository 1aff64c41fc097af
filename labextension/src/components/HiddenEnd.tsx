/** Marks a run whose objective ended as NaN, infinite, or far worse than its best value. */

import type { ReactElement } from 'react';

import { usePanelContext } from './context';

export function HiddenEnd({ text }: { text: string | null }): ReactElement | null {
  const { trans } = usePanelContext();
  return text === null ? null : (
    <span
      className="jp-wm-HiddenEnd"
      title={trans.__('The run ended at %1; the value is the best one before.', text)}
    >
      {' '}
      {trans.__('⚠ ended at %1', text)}
    </span>
  );
}
