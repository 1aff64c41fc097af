/** Two to ten runs side by side: first the parameters that differ, then the results. */

import { closeIcon } from '@jupyterlab/ui-components';
import { type ReactElement, useMemo } from 'react';

import { durationOf } from '../../../models/columns';
import { digitsFor, formatCell, formatDuration } from '../../../format';
import { HiddenEnd } from '../../../components/HiddenEnd';
import { hiddenEnd, objectiveLabel } from '../../../models/objective';
import { columnLabel } from '../columnLabels';
import { usePanelContext } from '../../../components/context';
import { useSignal } from '../../../components/useSignal';
import { Button } from '../../../components/Button';
import { EmptyState, Skeleton } from '../../../components/Placeholders';
import { StateLabel } from '../../../components/StateLabel';
import type { RunRow } from '../../../api/schemas';
import { RunLink } from '../RunLink';
import type { ITabProps } from '../tabProps';
import { bestRuns, compareRuns, differenceText, type IComparisonRow } from './comparison';

const MIN_RUNS = 2;
const MAX_RUNS = 10;
const SUGGESTED_RUNS = 5;

export function CompareTab({ sweep }: ITabProps): ReactElement {
  const { trans } = usePanelContext();
  useSignal(sweep.changed, sweep.viewStateChanged);
  const { columns, activeRuns, rows, selectedIds, filteredRuns, summary } = sweep;
  const selected = selectedIds.size === 0 ? [] : activeRuns;
  const key = selected.map(row => row.id).join(' ');
  const comparison = useMemo(
    () => (selected.length > MAX_RUNS ? null : compareRuns(selected, columns)),
    // eslint-disable-next-line react-hooks/exhaustive-deps -- `chosen` is made of these
    [key, rows, columns]
  );
  if (!sweep.isComplete && rows.length === 0) {
    return <Skeleton />;
  }
  if (selected.length < MIN_RUNS || comparison === null) {
    const best = bestRuns(filteredRuns, SUGGESTED_RUNS, summary?.goal === 'maximize');
    const hint =
      selected.length > MAX_RUNS
        ? trans.__('%1 runs are selected; at most ten can be compared.', selected.length)
        : selected.length === 1
          ? trans.__('One run is selected; select another run to compare it with.')
          : trans.__('Select two to ten runs in the table, with Ctrl+click or the space bar.');
    return (
      <EmptyState>
        <p>{hint}</p>
        <div className="jp-wm-Buttons">
          <Button
            label={trans.__('Go to the table')}
            onClick={() => sweep.saveSettings('view', { tab: 'runs' })}
          />
          {best.length >= MIN_RUNS && (
            <Button
              label={trans.__('Compare the %1 best', best.length)}
              onClick={() => sweep.setViewState({ selection: best.map(row => row.id) })}
            />
          )}
        </div>
      </EmptyState>
    );
  }
  const baseline = selected.findIndex(row => row.id === summary?.baseline);
  const section = (title: string, lines: readonly IComparisonRow[]) =>
    lines.length > 0 && (
      <ComparisonSection
        title={title}
        lines={lines}
        count={selected.length}
        baseline={baseline}
        titleOf={column => columnLabel(column, summary, trans)}
      />
    );
  return (
    <div className="jp-wm-Compare">
      <table>
        <thead>
          <tr>
            <td />
            {selected.map(row => (
              <th key={row.id} scope="col" data-focused={sweep.focus === row.id || undefined}>
                <RunLink sweep={sweep} row={row} />
                {row.id === summary?.best?.id && (
                  <span className="jp-wm-Best" role="img" aria-label={trans.__('best run')}>
                    ★
                  </span>
                )}
                {row.id === summary?.baseline && (
                  <span className="jp-wm-Mark" role="img" aria-label={trans.__('baseline')}>
                    ◆
                  </span>
                )}
                <Button
                  label={trans.__('Remove run %1', row.number)}
                  icon={closeIcon}
                  onClick={() =>
                    sweep.setViewState({ selection: [...selectedIds].filter(id => id !== row.id) })
                  }
                />
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          <tr>
            <th scope="row">{trans.__('State')}</th>
            {selected.map(row => (
              <td key={row.id} title={row.failure || row.cause || undefined}>
                <StateLabel state={row.state} />
              </td>
            ))}
          </tr>
          <ValueRow
            title={objectiveLabel(summary, trans)}
            values={selected.map(row => row.value)}
            ends={selected.map(row => hiddenEnd(row, summary))}
            baseline={baseline}
            best={bestIndex(selected, summary?.goal === 'maximize')}
          />
          <tr>
            <th scope="row">{trans.__('Duration')}</th>
            {selected.map(row => (
              <td key={row.id}>{formatDuration(durationOf(row))}</td>
            ))}
          </tr>
        </tbody>
        {section(trans.__('Different parameters'), comparison.differing)}
        {section(trans.__('Summary'), comparison.metrics)}
        {section(trans.__('Identical parameters'), comparison.same)}
      </table>
    </div>
  );
}

function ComparisonSection({
  title,
  lines,
  count,
  baseline,
  titleOf
}: {
  title: string;
  lines: readonly IComparisonRow[];
  count: number;
  baseline: number;
  titleOf: (column: string) => string;
}): ReactElement {
  return (
    <tbody>
      <tr className="jp-wm-Compare-part">
        <th scope="rowgroup" colSpan={count + 1}>
          {title}
        </th>
      </tr>
      {lines.map(({ column, values }) => (
        <ValueRow key={column.id} title={titleOf(column.id)} values={values} baseline={baseline} />
      ))}
    </tbody>
  );
}

function ValueRow({
  title,
  values,
  baseline,
  best,
  ends
}: {
  title: string;
  values: IComparisonRow['values'];
  /** The index of the run that others are compared with; -1 if it is not here. */
  baseline: number;
  best?: number;
  /** How runs ended, where their value hides it. */
  ends?: readonly (string | null)[];
}): ReactElement {
  const numbers = values.filter(value => typeof value === 'number');
  const digits = digitsFor(Math.min(...numbers), Math.max(...numbers));
  return (
    <tr>
      <th scope="row" title={title}>
        {title}
      </th>
      {values.map((value, index) => (
        // Runs have a fixed order here.
        <td key={index} data-best={index === best || undefined} title={String(value ?? '')}>
          {formatCell(value, digits)}
          {baseline >= 0 && index !== baseline && (
            <span className="jp-wm-Difference">
              {' '}
              {differenceText(value, values[baseline], digits)}
            </span>
          )}
          <HiddenEnd text={ends?.[index] ?? null} />
        </td>
      ))}
    </tr>
  );
}

function bestIndex(rows: readonly RunRow[], maximize: boolean): number {
  const [best] = bestRuns(rows, 1, maximize) as (RunRow | undefined)[];
  return best === undefined ? -1 : rows.indexOf(best);
}
