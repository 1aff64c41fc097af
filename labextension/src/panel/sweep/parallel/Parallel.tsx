/** Parameters and objective side by side, one line a run: what do the good ones have in common? */

import { settingsIcon } from '@jupyterlab/ui-components';
import { type ReactElement, useState } from 'react';

import { ColourBar } from '../../../charts/ColourBar';
import type { ITable } from '../../../charts/DataTable';
import { Figure } from '../../../charts/Figure';
import { cell, type Range, reader, without } from '../../../columns';
import { formatCell } from '../../../format';
import { useLab, useSignal } from '../../../lab';
import { Button } from '../../../parts/Button';
import { Empty, Skeleton } from '../../../parts/Notices';
import { Commands } from '../../../tokens';
import type { RunRow } from '../../../wire';
import { pick } from '../pick';
import { Chooser } from '../runs/Chooser';
import type { ITabProps } from '../SweepView';
import { titleOf } from '../titles';
import { Axes } from './Axes';
import type { IDimension } from './dimensions';
import { FIRST_SETTINGS, type ISettings, usePlot } from './picture';

const EXAMPLE = `parameters:
  lr:
    distribution: log_uniform_values
    min: 1e-5
    max: 0.1`;

export function Parallel({ sweep }: ITabProps): ReactElement {
  const { commands, trans } = useLab();
  useSignal(sweep.changed, sweep.chosen);
  const [choosing, setChoosing] = useState<HTMLElement | null>(null);
  const settings = sweep.settings<ISettings>('parallel', FIRST_SETTINGS);
  const { columns, considered } = sweep;
  const { logValue } = settings;
  const metric = sweep.summary?.metric ?? null;
  const { rows, byId, bestFirst, axes, dimensions, lines, scale } = usePlot(sweep, settings);
  const { passing } = lines;
  if (dimensions.length < 2) {
    return sweep.complete ? <Missing runs={rows.length} /> : <Skeleton />;
  }
  const { filter } = sweep.choice;
  const onRange = (column: string, range: Range | null) => {
    const others = without(filter.ranges, column);
    sweep.choose({
      filter: { ...filter, ranges: range === null ? others : { ...others, [column]: range } }
    });
  };
  const focus = sweep.focus === null ? -1 : (byId.get(sweep.focus) ?? -1);
  const onStep = (by: number) => {
    const passes = new Set(passing);
    const runs = bestFirst.filter(run => passes.has(run));
    const at = runs.indexOf(focus);
    const next = Math.max(0, Math.min(runs.length - 1, at < 0 ? 0 : at + by));
    sweep.setFocus(runs.length > 0 ? rows[runs[next]].id : null);
  };
  const brushed = dimensions.filter(({ column }) => column in filter.ranges);
  const shown = rows.length > 0 && focus >= 0 ? rows[focus] : null;
  const reading =
    shown === null ? '' : readingOf(shown, dimensions, trans.__('run %1', shown.number));
  return (
    <div className="jp-wm-Parallel">
      <div className="jp-wm-PlotBar" role="toolbar" aria-label={trans.__('Parallel coordinates')}>
        <Button
          label={trans.__('Axes')}
          icon={settingsIcon}
          word
          onClick={event => setChoosing(event.currentTarget)}
        />
        <Button
          label={trans.__('log')}
          word
          title={trans.__('Logarithmic objective')}
          pressed={logValue}
          onClick={() => sweep.remember('parallel', { logValue: !logValue })}
        />
        {brushed.length > 0 && (
          <Button
            label={trans.__('Clear ranges')}
            onClick={() =>
              sweep.choose({
                filter: {
                  ...filter,
                  ranges: brushed.reduce(
                    (ranges, { column }) => without(ranges, column),
                    filter.ranges
                  )
                }
              })
            }
          />
        )}
        <span className="jp-wm-PlotBar-note" role="status">
          {trans.__('%1 of %2 runs', passing.length, rows.length)}
        </span>
        {scale !== null && <ColourBar title={metric ?? trans.__('Objective')} scale={scale} />}
      </div>
      <Figure
        title={trans.__('Parallel coordinates')}
        note={
          reading !== ''
            ? reading
            : trans.__('Drag along an axis to choose a range; the table and all plots follow.')
        }
        table={() => tableOf(considered, dimensions, trans.__('run'))}
      >
        <Axes
          label={trans.__(
            '%1 of %2 runs over %3 axes: %4',
            passing.length,
            rows.length,
            dimensions.length,
            dimensions.map(each => each.title).join(', ')
          )}
          dimensions={dimensions}
          lines={lines}
          ranges={filter.ranges}
          onRange={onRange}
          focus={focus}
          reading={reading}
          onFocus={run => sweep.setFocus(run < 0 ? null : rows[run].id)}
          onStep={onStep}
          onSelect={(run, more) => pick(sweep, rows[run].id, more)}
          onOpen={run =>
            void commands.execute(Commands.openRun, { sweep: sweep.id, run: rows[run].id })
          }
        />
      </Figure>
      {choosing !== null && (
        <Chooser
          anchor={choosing}
          columns={columns.filter(each => each.group !== 'run' || each.id === 'value')}
          shown={axes}
          titleOf={column => titleOf(column, metric, trans)}
          onChoose={chosen => sweep.remember('parallel', { axes: [...chosen] })}
          onClose={() => setChoosing(null)}
        />
      )}
    </div>
  );
}

/** There are no two axes yet. */
function Missing({ runs }: { runs: number }): ReactElement {
  const { trans } = useLab();
  if (runs < 2) {
    return (
      <Empty>
        {runs === 0
          ? trans.__('No run has begun yet: its line will show up here.')
          : trans.__('Only one run has begun: what differs shows from the second one on.')}
      </Empty>
    );
  }
  return (
    <Empty code={EXAMPLE}>
      {trans.__('All runs have the same parameters: give the sweep some that differ, such as')}
    </Empty>
  );
}

function readingOf(row: RunRow, dimensions: readonly IDimension[], name: string): string {
  const parts = dimensions.map(
    ({ column, title }) => `${title} ${formatCell(cell(row, column)) || '–'}`
  );
  return [name, ...parts].join(' · ');
}

function tableOf(rows: readonly RunRow[], dimensions: readonly IDimension[], run: string): ITable {
  const readers = dimensions.map(({ column }) => reader(column));
  return {
    columns: [run, ...dimensions.map(each => each.title)],
    length: rows.length,
    row: index => [rows[index].number, ...readers.map(read => read(rows[index]))]
  };
}
