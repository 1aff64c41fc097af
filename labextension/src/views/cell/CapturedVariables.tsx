/** The variables that the sweep captured from the notebook, and the path of its folder. */

import { type ReactElement, useEffect, useState } from 'react';

import { formatSize } from '../../format';
import { usePanelContext } from '../../components/context';
import type { SweepDetail } from '../../api/schemas';

/** At most this many variables are named, the largest first. */
const MAX_NAMED = 5;

export function CapturedVariables({
  sweep,
  looking
}: {
  sweep: string;
  looking: boolean;
}): ReactElement | null {
  const { model, trans } = usePanelContext();
  const [detail, setDetail] = useState<SweepDetail | null>(null);
  useEffect(() => {
    let isDone = !looking || detail !== null;
    if (!isDone) {
      model.api.sweep(sweep).then(
        answer => isDone || setDetail(answer),
        () => undefined // the line above says what is wrong
      );
    }
    return () => {
      isDone = true;
    };
  }, [model, sweep, looking, detail]);
  if (detail === null) {
    return null;
  }
  // Modules are only named: each process imports its own.
  const captured = detail.captured
    .filter(({ kind }) => kind !== 'module')
    .sort((a, b) => b.size - a.size);
  const total = captured.reduce((sum, { size }) => sum + size, 0);
  const descriptions = captured.map(
    ({ name, kind, size }) => `${name} (${kind}, ${formatSize(size)})`
  );
  const listed = descriptions.slice(0, MAX_NAMED).join(', ');
  const moreCount = descriptions.length - MAX_NAMED;
  return (
    <div
      className="jp-wm-SweepCell-muted"
      title={[...descriptions, model.summary(sweep)?.folder].join('\n')}
    >
      {descriptions.length === 0
        ? trans.__('No variables captured.')
        : moreCount > 0
          ? trans.__('Captured %1: %2 and %3 more', formatSize(total), listed, moreCount)
          : trans.__('Captured %1: %2', formatSize(total), listed)}
    </div>
  );
}
