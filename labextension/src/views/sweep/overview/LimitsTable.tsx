/** How far a sweep is: its time and cost, what is left of its limits, and why it ended. */

import type { ReactElement, ReactNode } from 'react';

import type { SweepSummary } from '../../../api/schemas';
import { CommandButton } from '../../../components/Button';
import { usePanelContext } from '../../../components/context';
import { formatDuration } from '../../../format';
import { formatCost, timeLeftRange } from '../../../models/limits';
import { Commands } from '../../../tokens';

export function LimitsTable({ summary }: { summary: SweepSummary }): ReactElement {
  const { trans } = usePanelContext();
  const { cause, cost, count, elapsed, ended, finished, limits, remaining, repeat } = summary;
  const rows: [string, ReactNode][] = [
    [trans.__('Runs'), count === null ? ended : trans.__('%1 of %2', ended, count)]
  ];
  if (repeat > 1) {
    rows.push([trans.__('Repeats'), trans.__('%1 runs of each set of parameters', repeat)]);
  }
  if (remaining !== null) {
    const range = timeLeftRange(summary.remaining_range, trans);
    rows.push([
      trans.__('Time left'),
      <span key="left" title={trans.__('Estimated; the interval holds four times of five')}>
        {formatDuration(remaining)}
        {range !== '' && <span className="jp-wm-Muted"> ({range})</span>}
      </span>
    ]);
  }
  rows.push([
    trans.__('Running for'),
    limits.max_time === null
      ? formatDuration(elapsed)
      : trans.__(
          '%1 of %2; %3 left',
          formatDuration(elapsed),
          formatDuration(limits.max_time),
          formatDuration(Math.max(0, limits.max_time - elapsed))
        )
  ]);
  if (cost !== null) {
    const spent = formatCost(cost);
    rows.push([
      trans.__('Cost'),
      limits.max_cost === null
        ? spent
        : trans.__(
            '%1 of %2; %3 left',
            spent,
            formatCost(limits.max_cost),
            formatCost(Math.max(0, limits.max_cost - cost))
          )
    ]);
    rows.push([
      trans.__('Price'),
      trans.__('%1 per hour', formatCost(limits.price_per_hour ?? 0))
    ]);
  }
  if (limits.until_flat) {
    rows.push([trans.__('Ends'), trans.__('once more runs would hardly help')]);
  }
  if (finished !== null && cause !== '') {
    rows.push([trans.__('Ended because'), cause]);
  }
  return (
    <>
      <table className="jp-wm-PropertyTable">
        <tbody>
          {rows.map(([name, value]) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              <td>{value}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <div className="jp-wm-Buttons">
        <CommandButton command={Commands.setLimits} args={{ sweep: summary.id }} showLabel />
      </div>
    </>
  );
}
