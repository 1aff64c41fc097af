/** What a view shows when it cannot show all data: it is empty, loading, stale, or has failed. */

import type { ReactElement, ReactNode } from 'react';

import { formatAgo, formatTime } from '../format';
import { usePanelContext } from './context';
import { useSignal } from './useSignal';
import { Button } from './Button';
import { CopyButton } from './CopyButton';
import { useNow } from './useNow';

/** There is no data yet: explains what would be shown, and what to type to get it. */
export function EmptyState({
  children,
  code
}: {
  children: ReactNode;
  /** What to type, with a button to copy it. */
  code?: string;
}): ReactElement {
  return (
    <div className="jp-wm-EmptyState">
      <div>{children}</div>
      {code !== undefined && (
        <div className="jp-wm-EmptyState-code">
          <pre>{code}</pre>
          <CopyButton text={code} />
        </div>
      )}
    </div>
  );
}

/** Grey lines in place of content that is loading. */
export function Skeleton({ lines = 6 }: { lines?: number }): ReactElement {
  const { trans } = usePanelContext();
  return (
    <div className="jp-wm-Skeleton" role="status" aria-label={trans.__('Loading…')}>
      {Array.from({ length: lines }, (_, line) => (
        <div key={line} style={{ width: `${90 - ((line * 37) % 50)}%` }} />
      ))}
    </div>
  );
}

/** Content that cannot be shown: one sentence that says why, and what to do about it. */
export function ErrorMessage({
  message,
  onRetry,
  children
}: {
  message: string;
  onRetry?: () => void;
  children?: ReactNode;
}): ReactElement {
  const { trans } = usePanelContext();
  return (
    <div className="jp-wm-ErrorMessage" role="alert">
      <span className="jp-wm-ErrorMessage-icon" aria-hidden="true">
        ✗
      </span>
      <span className="jp-wm-ErrorMessage-text">{message}</span>
      {children}
      {onRetry && <Button label={trans.__('Try again')} onClick={onRetry} />}
    </div>
  );
}

/** Shows since when the connection to the server has been lost; nothing while connected. */
export function ConnectionBanner(): ReactElement | null {
  const { model, trans } = usePanelContext();
  const { socket } = model;
  useSignal(socket.changed);
  const now = useNow(socket.lostAt !== null);
  // The first connection takes a moment, and nothing is stale before it.
  if (socket.lostAt === null || !model.isReady) {
    return null;
  }
  const lostAt = socket.lostAt / 1000;
  return (
    <div className="jp-wm-ConnectionBanner" role="status" title={formatTime(lostAt)}>
      <span>
        <span aria-hidden="true">⚠ </span>
        {socket.isDenied
          ? trans.__('You are logged out or no longer have access to the sweeps. Log in again.')
          : trans.__('Connection to the server lost %1; reconnecting.', formatAgo(lostAt, now))}
      </span>
      <Button label={trans.__('Try now')} onClick={() => socket.retry()} />
    </div>
  );
}
