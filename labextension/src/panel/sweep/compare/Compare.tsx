/** Two to ten runs side by side: first the parameters that differ, then what came of them. */

import { closeIcon } from '@jupyterlab/ui-components';
import { type ReactElement, useMemo } from 'react';

import { duration } from '../../../columns';
import { digitsFor, formatCell, formatDuration } from '../../../format';
import { useLab, useSignal } from '../../../lab';
import { Button } from '../../../parts/Button';
import { Empty, Skeleton } from '../../../parts/Notices';
import { State } from '../../../parts/State';
import type { RunRow } from '../../../wire';
import { RunLink } from '../overview/RunLink';
import type { ITabProps } from '../SweepView';
import { bestOf, comparisonOf, type ILine } from './comparison';

const FEWEST = 2;
const MOST = 10;
const SOME = 5;

export function Compare({ sweep }: ITabProps): ReactElement {
  const { trans } = useLab();
  useSignal(sweep.changed, sweep.chosen);
  const { columns, considered, rows, selected, shown, summary } = sweep;
  const chosen = selected.size === 0 ? [] : considered;
  const key = chosen.map(row => row.id).join(' ');
  const comparison = useMemo(
    () => (chosen.length > MOST ? null : comparisonOf(chosen, columns)),
    // eslint-disable-next-line react-hooks/exhaustive-deps -- `chosen` is made of these
    [key, rows, columns]
  );
  if (!sweep.complete && rows.length === 0) {
    return <Skeleton />;
  }
  if (chosen.length < FEWEST || comparison === null) {
    const best = bestOf(shown, SOME, summary?.goal === 'maximize');
    const said =
      chosen.length > MOST
        ? trans.__('%1 runs are selected; ten at most fit side by side.', chosen.length)
        : chosen.length === 1
          ? trans.__('One run is selected; select another one to compare it with.')
          : trans.__(
              'Select two to ten runs in the table, with Ctrl and a click or the space bar.'
            );
    return (
      <Empty>
        <p>{said}</p>
        <div className="jp-wm-Buttons">
          <Button
            label={trans.__('Go to the table')}
            onClick={() => sweep.remember('view', { tab: 'runs' })}
          />
          {best.length >= FEWEST && (
            <Button
              label={trans.__('Compare the %1 best', best.length)}
              onClick={() => sweep.choose({ selection: best.map(row => row.id) })}
            />
          )}
        </div>
      </Empty>
    );
  }
  const part = (title: string, lines: readonly ILine[]) =>
    lines.length > 0 && <Part title={title} lines={lines} count={chosen.length} />;
  return (
    <div className="jp-wm-Compare">
      <table>
        <thead>
          <tr>
            <td />
            {chosen.map(row => (
              <th key={row.id} scope="col" data-focused={sweep.focus === row.id || undefined}>
                <RunLink sweep={sweep} row={row} />
                {row.id === summary?.best?.id && (
                  <span className="jp-wm-Best" role="img" aria-label={trans.__('best run')}>
                    ★
                  </span>
                )}
                <Button
                  label={trans.__('Leave out run %1', row.number)}
                  icon={closeIcon}
                  onClick={() =>
                    sweep.choose({ selection: [...selected].filter(id => id !== row.id) })
                  }
                />
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          <tr>
            <th scope="row">{trans.__('State')}</th>
            {chosen.map(row => (
              <td key={row.id} title={row.failure || row.cause || undefined}>
                <State state={row.state} />
              </td>
            ))}
          </tr>
          <Values
            title={trans.__('%1 (objective)', summary?.metric ?? trans.__('value'))}
            values={chosen.map(row => row.value)}
            best={bestPlace(chosen, summary?.goal === 'maximize')}
          />
          <tr>
            <th scope="row">{trans.__('Duration')}</th>
            {chosen.map(row => (
              <td key={row.id}>{formatDuration(duration(row))}</td>
            ))}
          </tr>
        </tbody>
        {part(trans.__('Parameters that differ'), comparison.differing)}
        {part(trans.__('Summary'), comparison.metrics)}
        {part(trans.__('Parameters that are the same'), comparison.same)}
      </table>
    </div>
  );
}

function Part({
  title,
  lines,
  count
}: {
  title: string;
  lines: readonly ILine[];
  count: number;
}): ReactElement {
  return (
    <tbody>
      <tr className="jp-wm-Compare-part">
        <th scope="rowgroup" colSpan={count + 1}>
          {title}
        </th>
      </tr>
      {lines.map(({ column, values }) => (
        <Values key={column.id} title={column.name} values={values} />
      ))}
    </tbody>
  );
}

function Values({
  title,
  values,
  best
}: {
  title: string;
  values: ILine['values'];
  best?: number;
}): ReactElement {
  const numbers = values.filter(value => typeof value === 'number');
  const digits = digitsFor(Math.min(...numbers), Math.max(...numbers));
  return (
    <tr>
      <th scope="row" title={title}>
        {title}
      </th>
      {values.map((value, place) => (
        // Runs stand in a fixed order here.
        <td key={place} data-best={place === best || undefined} title={String(value ?? '')}>
          {formatCell(value, digits)}
        </td>
      ))}
    </tr>
  );
}

function bestPlace(rows: readonly RunRow[], maximize: boolean): number {
  const [best] = bestOf(rows, 1, maximize) as (RunRow | undefined)[];
  return best === undefined ? -1 : rows.indexOf(best);
}
