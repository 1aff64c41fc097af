/** Preformatted text that may overflow; the keyboard can scroll it as well. */

import type { ReactElement } from 'react';

export function CodeBlock({ text }: { text: string }): ReactElement {
  return (
    // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- what scrolls must be reached
    <pre className="jp-wm-CodeBlock" tabIndex={0}>
      {text}
    </pre>
  );
}
