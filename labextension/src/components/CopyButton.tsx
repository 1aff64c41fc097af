/** A button that copies a text, and confirms that it did. */

import { Clipboard } from '@jupyterlab/apputils';
import { checkIcon, copyIcon } from '@jupyterlab/ui-components';
import { type ReactElement, useEffect, useState } from 'react';

import { usePanelContext } from './context';
import { Button } from './Button';

const COPIED_MS = 2000;

/** `text` may be a function if computing the text is expensive. */
export function CopyButton({
  text,
  label,
  showLabel = false
}: {
  text: string | (() => string);
  label?: string;
  showLabel?: boolean;
}): ReactElement {
  const { trans } = usePanelContext();
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    const timer = copied ? window.setTimeout(() => setCopied(false), COPIED_MS) : 0;
    return () => window.clearTimeout(timer);
  }, [copied]);
  return (
    <Button
      label={copied ? trans.__('Copied') : (label ?? trans.__('Copy'))}
      icon={copied ? checkIcon : copyIcon}
      showLabel={showLabel}
      onClick={() => {
        Clipboard.copyToSystem(typeof text === 'string' ? text : text());
        setCopied(true);
      }}
    />
  );
}
