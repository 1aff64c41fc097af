/** One metric in the curves tab. */

import { closeIcon, expandAllIcon } from '@jupyterlab/ui-components';
import { type ReactElement, useEffect, useMemo, useRef } from 'react';

import { CurveChart, type ICurveChartProps } from '../../../charts/CurveChart';
import { typicalRange } from '../../../charts/curveExtents';
import type { ITable } from '../../../charts/DataTable';
import { Figure } from '../../../charts/Figure';
import type { ISeries } from '../../../charts/series';
import { nearestIndex } from '../../../charts/series';
import type { CurvesModel } from '../../../models/curvesModel';
import { usePanelContext } from '../../../components/context';
import { Button } from '../../../components/Button';
import { Skeleton } from '../../../components/Placeholders';
import { useIntersection } from '../../../components/useIntersection';
import type { SweepModel } from '../../../models/sweepModel';
import type { Band, RunRow } from '../../../api/schemas';
import { axisFor, xKeyOf, seriesFor, useBand } from './curveData';
import { type ICurvesSettings, toggle } from './curvesSettings';

/** What all cards of a view share. */
export interface ICurveCardContext extends Pick<
  ICurveChartProps,
  'cursor' | 'onCursor' | 'range' | 'onRange' | 'onSelect' | 'onUndoSelect'
> {
  sweep: SweepModel;
  curves: CurvesModel;
  runs: readonly RunRow[];
  settings: ICurvesSettings;
  onSettings: (changes: Partial<ICurvesSettings>) => void;
  onVisibilityChange: (key: string, isVisible: boolean) => void;
}

export function CurveCard({
  name,
  view,
  large
}: {
  name: string;
  view: ICurveCardContext;
  large: boolean;
}): ReactElement {
  const { trans } = usePanelContext();
  const { sweep, curves, runs, settings, onSettings, onVisibilityChange } = view;
  const ref = useRef<HTMLDivElement>(null);
  const isVisible = useIntersection(ref);
  useEffect(() => {
    onVisibilityChange(name, isVisible);
    return () => onVisibilityChange(name, false);
  }, [name, isVisible, onVisibilityChange]);
  const { across, smoothing } = settings;
  const lines = seriesFor(curves, runs, name, across, smoothing);
  const xKey = xKeyOf(across);
  const showBand = isVisible && xKey === null && settings.band !== 'off' && sweep.rows.length > 1;
  const { band, problem } = useBand(sweep, name, axisFor(across), showBand);
  const log = settings.logY.includes(name);
  const title = xKey ?? (across === 'time' ? trans.__('time since the start') : trans.__('step'));
  const axis = useMemo(
    () => ({
      title,
      isTime: across === 'time',
      isInteger: across === 'step',
      isLog: settings.logX
    }),
    [title, across, settings.logX]
  );
  const metric = sweep.summary?.metric;
  const note =
    problem !== '' && curves.problem === ''
      ? problem
      : band !== null && band.runs > 1
        ? bandNote(trans, band, settings.band === 'range')
        : undefined;
  const { range } = view;
  const outliers = useMemo(
    () => (log ? [] : typicalRange(lines, range ?? [-Infinity, Infinity]).outliers),
    [lines, range, log]
  );
  const outlierNote =
    outliers.length === 0
      ? undefined
      : trans._n(
          '%2 leaves the axis; “log” shows all of it.',
          '%1 runs leave the axis (%2); “log” shows all of them.',
          outliers.length,
          outliers
            .slice(0, 3)
            .map(({ number }) => trans.__('run %1', number))
            .join(', ') + (outliers.length > 3 ? ', …' : '')
        );
  return (
    <div ref={ref} className="jp-wm-Card" data-large={large || undefined}>
      <Figure
        title={name}
        note={[outlierNote, note].filter(text => text !== undefined).join(' · ') || undefined}
        table={() => seriesTable(lines, title, number => trans.__('run %1', number))}
        actions={
          <>
            <Button
              label={trans.__('log')}
              showLabel
              title={trans.__('Logarithmic values')}
              isPressed={log}
              onClick={() => onSettings({ logY: toggle(settings.logY, name) })}
            />
            <Button
              label={large ? trans.__('Show all metrics') : trans.__('Enlarge')}
              icon={large ? closeIcon : expandAllIcon}
              onClick={() => onSettings({ large: large ? '' : name })}
            />
          </>
        }
      >
        {lines.length === 0 && (band === null || band.runs === 0) ? (
          !isVisible || curves.isLoading ? (
            <Skeleton lines={4} />
          ) : (
            <p className="jp-wm-Figure-empty">
              {curves.problem === ''
                ? trans.__('The displayed runs did not log %1.', name)
                : trans.__('Not loaded.')}
            </p>
          )
        ) : (
          <CurveChart
            name={name}
            series={lines}
            band={band !== null && band.runs > 1 ? band : null}
            showRange={settings.band === 'range'}
            xAxis={axis}
            isLog={log}
            maximize={name === metric && sweep.summary?.goal === 'maximize'}
            cursor={view.cursor}
            onCursor={view.onCursor}
            range={view.range}
            onRange={view.onRange}
            focus={sweep.focus}
            onFocus={run => sweep.setFocus(run)}
            onSelect={view.onSelect}
            onUndoSelect={view.onUndoSelect}
          />
        )}
      </Figure>
    </div>
  );
}

export function bandNote(
  trans: ReturnType<typeof usePanelContext>['trans'],
  { runs, fewest, total }: Pick<Band, 'runs' | 'fewest' | 'total'>,
  showRange: boolean
): string {
  const description = showRange
    ? trans.__('Grey: median, quartiles and range')
    : trans.__('Grey: median and quartiles');
  if (fewest < runs) {
    // Runs that ended early have no values later on, where the band is of the others.
    return runs < total
      ? trans.__('%1 of %2 of %3 runs; of only %4 in places', description, runs, total, fewest)
      : trans.__('%1 of all %2 runs; of only %3 in places', description, runs, fewest);
  }
  return runs < total
    ? trans.__('%1 of %2 of %3 runs', description, runs, total)
    : trans.__('%1 of all %2 runs', description, runs);
}

/** All values by x and run. */
function seriesTable(
  lines: readonly ISeries[],
  title: string,
  nameOf: (number: number) => string
): ITable {
  const xs = [...new Set(lines.flatMap(line => line.x))].sort((a, b) => a - b);
  return {
    columns: [title, ...lines.map(line => nameOf(line.number))],
    length: xs.length,
    row: index => {
      const x = xs[index];
      return [
        x,
        ...lines.map(line => {
          const index = nearestIndex(line.x, x);
          return line.x[index] === x ? line.smoothed[index] : null;
        })
      ];
    }
  };
}
