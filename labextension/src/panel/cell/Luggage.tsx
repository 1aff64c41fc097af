/** What the sweep took along from the notebook, and where it lies. */

import { type ReactElement, useEffect, useState } from 'react';

import { formatSize } from '../../format';
import { useLab } from '../../lab';
import type { SweepDetail } from '../../wire';

/** Variables that are named, the largest first. */
const NAMED = 5;

export function Luggage({
  sweep,
  looking
}: {
  sweep: string;
  looking: boolean;
}): ReactElement | null {
  const { model, trans } = useLab();
  const [detail, setDetail] = useState<SweepDetail | null>(null);
  useEffect(() => {
    let over = !looking || detail !== null;
    if (!over) {
      model.api.sweep(sweep).then(
        answer => over || setDetail(answer),
        () => undefined // the line above says what is wrong
      );
    }
    return () => {
      over = true;
    };
  }, [model, sweep, looking, detail]);
  if (detail === null) {
    return null;
  }
  // Modules are only named: each process imports its own.
  const captured = detail.captured
    .filter(({ kind }) => kind !== 'module')
    .sort((one, other) => other.size - one.size);
  const total = captured.reduce((sum, { size }) => sum + size, 0);
  const all = captured.map(({ name, kind, size }) => `${name} (${kind}, ${formatSize(size)})`);
  const named = all.slice(0, NAMED).join(', ');
  const more = all.length - NAMED;
  return (
    <div className="jp-wm-InCell-quiet" title={[...all, model.summary(sweep)?.folder].join('\n')}>
      {all.length === 0
        ? trans.__('No variables went along.')
        : more > 0
          ? trans.__('%1 went along: %2, %3 more', formatSize(total), named, more)
          : trans.__('%1 went along: %2', formatSize(total), named)}
    </div>
  );
}
