/** The runs by two objectives: those on the front in color, the others as what they are. */

import { type ReactElement, useMemo } from 'react';

import { Figure } from '../../../charts/Figure';
import type { MarkerShape } from '../../../charts/drawPoints';
import type { IDatum } from '../../../charts/points';
import { makeScale } from '../../../charts/scale';
import { type IScatterAxis, ScatterChart } from '../../../charts/ScatterChart';
import { useThemeColors } from '../../../charts/theme';
import { usePanelContext } from '../../../components/context';
import { frontLine, type FrontStatus, type IGoal, type IObjectives } from '../../../models/pareto';
import type { SweepModel } from '../../../models/sweepModel';
import { stateLabel } from '../../../states';
import { Commands } from '../../../tokens';
import type { RunRow } from '../../../api/schemas';
import { selectRun, undoClick } from '../selectRun';

/** In the order in which they are drawn; they differ in shape as well as in color. */
const STYLES: Readonly<
  Record<FrontStatus, { shape: MarkerShape; color: string; symbol: string }>
> = {
  uncounted: { shape: 'ring', color: '--jp-ui-font-color3', symbol: '○' },
  infeasible: { shape: 'cross', color: '--jp-error-color1', symbol: '✕' },
  dominated: { shape: 'square', color: '--jp-ui-font-color3', symbol: '■' },
  front: { shape: 'dot', color: '--jp-brand-color1', symbol: '●' }
};
const STATUSES = Object.keys(STYLES) as FrontStatus[];
const PADDING = 0.04;

export function FrontPlot({
  sweep,
  rows,
  objectives,
  statuses,
  goals: [x, y]
}: {
  sweep: SweepModel;
  rows: readonly RunRow[];
  objectives: IObjectives;
  statuses: ReadonlyMap<string, FrontStatus>;
  /** The objectives of the axes. */
  goals: readonly [IGoal, IGoal];
}): ReactElement | null {
  const { commands, trans } = usePanelContext();
  const theme = useThemeColors();
  const { activeRuns } = sweep;
  const labels: Record<FrontStatus, string> = {
    front: trans.__('on the front'),
    dominated: trans.__('dominated'),
    infeasible: trans.__('breaks a constraint'),
    uncounted: trans.__('not counted: failed, or not ended')
  };
  const shown = useMemo(
    () => STATUSES.flatMap(status => rows.filter(({ id }) => statuses.get(id) === status)),
    [rows, statuses]
  );
  const data = useMemo(
    () =>
      shown.map((row): IDatum => {
        const { shape, color } = STYLES[statuses.get(row.id) ?? 'uncounted'];
        return {
          id: row.id,
          number: row.number,
          x: Number(row.summary[x.name]),
          y: Number(row.summary[y.name]),
          value: null,
          color: theme.read(color),
          shape
        };
      }),
    [shown, statuses, x, y, theme]
  );
  const [xTitle, yTitle] = [x, y].map(({ name, maximize }) =>
    maximize ? trans.__('%1 (more is better)', name) : trans.__('%1 (less is better)', name)
  );
  const xAxis = useMemo(
    () =>
      toAxis(
        xTitle,
        data.map(datum => datum.x)
      ),
    [xTitle, data]
  );
  const yAxis = useMemo(
    () =>
      toAxis(
        yTitle,
        data.map(datum => datum.y)
      ),
    [yTitle, data]
  );
  const line = useMemo(() => frontLine(shown, objectives, [x, y]), [shown, objectives, x, y]);
  const included = useMemo(
    () =>
      activeRuns.length === sweep.rows.length ? null : new Set(activeRuns.map(row => row.id)),
    [activeRuns, sweep.rows]
  );
  if (xAxis === null || yAxis === null) {
    return null;
  }
  const { goals } = objectives;
  const count = (status: FrontStatus) =>
    [...statuses.values()].filter(each => each === status).length;
  const statusOf = (run: string) => labels[statuses.get(run) ?? 'uncounted'];
  return (
    <>
      <div className="jp-wm-ParameterPanel-legend">
        {[...STATUSES]
          .reverse()
          .filter(status => status === 'front' || count(status) > 0)
          .map(status => (
            <span key={status}>
              <span style={{ color: `var(${STYLES[status].color})` }} aria-hidden="true">
                {STYLES[status].symbol}
              </span>{' '}
              {labels[status]} ({count(status)})
            </span>
          ))}
      </div>
      <Figure
        title={trans.__('Front of %1', goals.map(({ name }) => name).join(', '))}
        note={
          goals.length > 2
            ? trans.__(
                'A run is on the front if no other one is as good in all %1 objectives and better in one; the line is the front of the two that are shown.',
                goals.length
              )
            : trans.__(
                'A run is on the front if no other one is as good in both objectives and better in one.'
              )
        }
        table={() => {
          const listed = [...STATUSES]
            .reverse()
            .flatMap(status => activeRuns.filter(({ id }) => statuses.get(id) === status));
          return {
            columns: [
              trans.__('Run'),
              ...goals.map(({ name }) => name),
              trans.__('Front'),
              trans.__('State')
            ],
            length: listed.length,
            row: index => {
              const { id, number, state, summary } = listed[index];
              const values = goals.map(({ name }) => Number(summary[name]));
              return [number, ...values, statusOf(id), stateLabel(state, trans)];
            }
          };
        }}
      >
        <ScatterChart
          key={`${x.name} ${y.name}`}
          data={data}
          included={included}
          x={xAxis}
          y={yAxis}
          line={line}
          focus={sweep.focus}
          onFocus={run => sweep.setFocus(run)}
          onSelect={(run, isAdditive) => selectRun(sweep, run, isAdditive)}
          onOpen={run => {
            undoClick(sweep);
            void commands.execute(Commands.openRun, { sweep: sweep.id, run });
          }}
          details={({ id }) => [
            ...goals
              .filter(goal => goal !== x && goal !== y)
              .map(({ name }) => [name, Number(sweep.run(id)?.summary[name])] as const),
            [trans.__('Front'), statusOf(id)]
          ]}
        />
      </Figure>
    </>
  );
}

function toAxis(title: string, values: readonly IDatum['x'][]): IScatterAxis | null {
  const scale = makeScale(values, false, PADDING);
  return scale && { title, scale, isTime: false };
}
