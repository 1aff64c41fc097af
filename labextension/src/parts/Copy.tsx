/** A button that copies a text, and says that it did. */

import { Clipboard } from '@jupyterlab/apputils';
import { checkIcon, copyIcon } from '@jupyterlab/ui-components';
import { type ReactElement, useEffect, useState } from 'react';

import { useLab } from '../lab';
import { Button } from './Button';

const SAID_MS = 2000;

/** `text` may be made when it is asked for, where making it costs something. */
export function Copy({
  text,
  label,
  word = false
}: {
  text: string | (() => string);
  label?: string;
  word?: boolean;
}): ReactElement {
  const { trans } = useLab();
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    const timer = copied ? window.setTimeout(() => setCopied(false), SAID_MS) : 0;
    return () => window.clearTimeout(timer);
  }, [copied]);
  return (
    <Button
      label={copied ? trans.__('Copied') : (label ?? trans.__('Copy'))}
      icon={copied ? checkIcon : copyIcon}
      word={word}
      onClick={() => {
        Clipboard.copyToSystem(typeof text === 'string' ? text : text());
        setCopied(true);
      }}
    />
  );
}
