/** Text as it is, which may be larger than its place: the keyboard can scroll it, too. */

import type { ReactElement } from 'react';

export function CodeBlock({ text }: { text: string }): ReactElement {
  return (
    // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- what scrolls must be reached
    <pre className="jp-wm-CodeBlock" tabIndex={0}>
      {text}
    </pre>
  );
}
