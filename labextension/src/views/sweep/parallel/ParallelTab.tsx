/** Parameters and objective side by side, one line per run: what do good runs have in common? */

import { settingsIcon } from '@jupyterlab/ui-components';
import { type ReactElement, useState } from 'react';

import { ColorBar } from '../../../charts/ColorBar';
import type { ITable } from '../../../charts/DataTable';
import { Figure } from '../../../charts/Figure';
import { jitterWidth } from '../../../charts/scale';
import { cellValue, type Range, cellReader, withRange } from '../../../models/columns';
import { formatCell } from '../../../format';
import { objectiveLabel } from '../../../models/objective';
import { usePanelContext } from '../../../components/context';
import { useSignal } from '../../../components/useSignal';
import { Button } from '../../../components/Button';
import { EmptyState, Skeleton } from '../../../components/Placeholders';
import { Commands } from '../../../tokens';
import type { RunRow } from '../../../api/schemas';
import { selectRun, undoClick } from '../selectRun';
import { ColumnChooser } from '../ColumnChooser';
import type { ITabProps } from '../tabProps';
import { jitterNote } from '../jitterNote';
import { columnLabel } from '../columnLabels';
import { ParallelAxes } from './ParallelAxes';
import type { IDimension } from './dimensions';
import { DEFAULT_SETTINGS, type IParallelSettings, usePlotData } from './plotData';

const EXAMPLE = `parameters:
  lr:
    distribution: log_uniform_values
    min: 1e-5
    max: 0.1`;

export function ParallelTab({ sweep }: ITabProps): ReactElement {
  const { commands, trans } = usePanelContext();
  useSignal(sweep.changed, sweep.viewStateChanged);
  const [popoverAnchor, setChoosing] = useState<HTMLElement | null>(null);
  const settings = sweep.settings<IParallelSettings>('parallel', DEFAULT_SETTINGS);
  const { columns, activeRuns } = sweep;
  const { logValue } = settings;
  const objective = sweep.summary;
  const { rows, byId, bestFirst, axes, dimensions, lines, scale } = usePlotData(sweep, settings);
  const { active } = lines;
  if (dimensions.length < 2) {
    return sweep.isComplete ? <MissingAxes runs={rows.length} /> : <Skeleton />;
  }
  const { filter } = sweep.viewState;
  const onRange = (column: string, range: Range | null) => {
    sweep.setViewState({ filter: withRange(filter, column, range) });
  };
  const focus = sweep.focus === null ? -1 : (byId.get(sweep.focus) ?? -1);
  const onStep = (by: number) => {
    const passes = new Set(active);
    const runs = bestFirst.filter(run => passes.has(run));
    const index = runs.indexOf(focus);
    const next = Math.max(0, Math.min(runs.length - 1, index < 0 ? 0 : index + by));
    sweep.setFocus(runs.length > 0 ? rows[runs[next]].id : null);
  };
  const brushedDimensions = dimensions.filter(({ column }) => column in filter.ranges);
  const focusedRun = rows.length > 0 && focus >= 0 ? rows[focus] : null;
  const isJittered = dimensions.some(({ scale }) => jitterWidth(scale, rows.length) > 0);
  const focusText =
    focusedRun === null
      ? ''
      : runText(focusedRun, dimensions, trans.__('run %1', focusedRun.number));
  return (
    <div className="jp-wm-Parallel">
      <div className="jp-wm-PlotBar" role="toolbar" aria-label={trans.__('Parallel coordinates')}>
        <Button
          label={trans.__('Axes')}
          icon={settingsIcon}
          showLabel
          onClick={event => setChoosing(event.currentTarget)}
        />
        <Button
          label={trans.__('log')}
          showLabel
          title={trans.__('Logarithmic objective')}
          isPressed={logValue}
          onClick={() => sweep.saveSettings('parallel', { logValue: !logValue })}
        />
        {brushedDimensions.length > 0 && (
          <Button
            label={trans.__('Clear ranges')}
            onClick={() =>
              sweep.setViewState({
                filter: brushedDimensions.reduce(
                  (others, { column }) => withRange(others, column, null),
                  filter
                )
              })
            }
          />
        )}
        <span className="jp-wm-PlotBar-note" role="status">
          {trans.__('%1 of %2 runs', active.length, rows.length)}
        </span>
        {scale !== null && <ColorBar title={objectiveLabel(objective, trans)} scale={scale} />}
      </div>
      <Figure
        title={trans.__('Parallel coordinates')}
        note={
          focusText !== ''
            ? focusText
            : [
                trans.__(
                  'Drag along an axis to select a range; the table and all plots are filtered.'
                ),
                isJittered ? jitterNote(trans) : ''
              ]
                .filter(Boolean)
                .join(' ')
        }
        table={() => runsTable(activeRuns, dimensions, trans.__('run'))}
      >
        <ParallelAxes
          label={trans.__(
            '%1 of %2 runs over %3 axes: %4',
            active.length,
            rows.length,
            dimensions.length,
            dimensions.map(dimension => dimension.title).join(', ')
          )}
          dimensions={dimensions}
          lines={lines}
          ranges={filter.ranges}
          onRange={onRange}
          focus={focus}
          valueText={focusText}
          onFocus={run => sweep.setFocus(run < 0 ? null : rows[run].id)}
          onStep={onStep}
          onSelect={(run, isAdditive) => selectRun(sweep, rows[run].id, isAdditive)}
          onOpen={run => {
            undoClick(sweep);
            void commands.execute(Commands.openRun, { sweep: sweep.id, run: rows[run].id });
          }}
        />
      </Figure>
      {popoverAnchor !== null && (
        <ColumnChooser
          anchor={popoverAnchor}
          columns={columns.filter(
            dimension => dimension.group !== 'run' || dimension.id === 'value'
          )}
          shown={axes}
          titleOf={column => columnLabel(column, objective, trans)}
          onChoose={selected => sweep.saveSettings('parallel', { axes: [...selected] })}
          onClose={() => setChoosing(null)}
        />
      )}
    </div>
  );
}

/** There are fewer than two axes. */
function MissingAxes({ runs }: { runs: number }): ReactElement {
  const { trans } = usePanelContext();
  if (runs < 2) {
    return (
      <EmptyState>
        {runs === 0
          ? trans.__('No runs started yet: their lines will appear here.')
          : trans.__('Only one run started: differences appear from the second run on.')}
      </EmptyState>
    );
  }
  return (
    <EmptyState code={EXAMPLE}>
      {trans.__('All runs have the same parameters. Add parameters that vary, for example:')}
    </EmptyState>
  );
}

function runText(row: RunRow, dimensions: readonly IDimension[], name: string): string {
  const parts = dimensions.map(
    ({ column, title }) => `${title} ${formatCell(cellValue(row, column)) || '–'}`
  );
  return [name, ...parts].join(' · ');
}

function runsTable(
  rows: readonly RunRow[],
  dimensions: readonly IDimension[],
  run: string
): ITable {
  const readers = dimensions.map(({ column }) => cellReader(column));
  return {
    columns: [run, ...dimensions.map(dimension => dimension.title)],
    length: rows.length,
    row: index => [rows[index].number, ...readers.map(read => read(rows[index]))]
  };
}
