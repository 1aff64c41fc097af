/** One metric of the curves' view. */

import { closeIcon, expandAllIcon } from '@jupyterlab/ui-components';
import { type ReactElement, useEffect, useMemo, useRef } from 'react';

import { CurveChart, type ICurveChartProps } from '../../../charts/CurveChart';
import type { ITable } from '../../../charts/DataTable';
import { Figure } from '../../../charts/Figure';
import type { ILine } from '../../../charts/lines';
import { indexAt } from '../../../charts/lines';
import type { CurvesModel } from '../../../curves';
import { useLab } from '../../../lab';
import { Button } from '../../../parts/Button';
import { Skeleton } from '../../../parts/Notices';
import { useInSight } from '../../../parts/useInSight';
import type { SweepModel } from '../../../sweep';
import type { RunRow } from '../../../wire';
import { axisOf, keyOf, linesOf, useBand } from './data';
import { type ISettings, toggled } from './settings';

/** What all cards of a view share. */
export interface ICardView extends Pick<
  ICurveChartProps,
  'cursor' | 'onCursor' | 'range' | 'onRange' | 'onSelect'
> {
  sweep: SweepModel;
  curves: CurvesModel;
  runs: readonly RunRow[];
  settings: ISettings;
  onSettings: (changes: Partial<ISettings>) => void;
  onInSight: (key: string, seen: boolean) => void;
}

export function Card({
  name,
  view,
  large
}: {
  name: string;
  view: ICardView;
  large: boolean;
}): ReactElement {
  const { trans } = useLab();
  const { sweep, curves, runs, settings, onSettings, onInSight } = view;
  const own = useRef<HTMLDivElement>(null);
  const seen = useInSight(own);
  useEffect(() => {
    onInSight(name, seen);
    return () => onInSight(name, false);
  }, [name, seen, onInSight]);
  const { across, smoothing } = settings;
  const lines = linesOf(curves, runs, name, across, smoothing);
  const other = keyOf(across);
  const banded = seen && other === null && settings.band !== 'off' && sweep.rows.length > 1;
  const { band, problem } = useBand(sweep, name, axisOf(across), banded);
  const log = settings.logY.includes(name);
  const title = other ?? (across === 'time' ? trans.__('time since the start') : trans.__('step'));
  const axis = useMemo(
    () => ({
      title,
      seconds: across === 'time',
      whole: across === 'step',
      log: settings.logX
    }),
    [title, across, settings.logX]
  );
  const metric = sweep.summary?.metric;
  const note =
    problem !== '' && curves.problem === ''
      ? problem
      : band !== null && band.runs > 1
        ? noteOf(trans, band.runs, band.total, settings.band === 'range')
        : undefined;
  return (
    <div ref={own} className="jp-wm-Card" data-large={large || undefined}>
      <Figure
        title={name}
        note={note}
        table={() => tableOf(lines, title, number => trans.__('run %1', number))}
        verbs={
          <>
            <Button
              label={trans.__('log')}
              word
              title={trans.__('Logarithmic values')}
              pressed={log}
              onClick={() => onSettings({ logY: toggled(settings.logY, name) })}
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
          !seen || curves.loading ? (
            <Skeleton lines={4} />
          ) : (
            <p className="jp-wm-Figure-none">
              {curves.problem === ''
                ? trans.__('The runs drawn have not logged %1.', name)
                : trans.__('Not loaded.')}
            </p>
          )
        ) : (
          <CurveChart
            name={name}
            lines={lines}
            band={band !== null && band.runs > 1 ? band : null}
            whole={settings.band === 'range'}
            across={axis}
            log={log}
            maximize={name === metric && sweep.summary?.goal === 'maximize'}
            cursor={view.cursor}
            onCursor={view.onCursor}
            range={view.range}
            onRange={view.onRange}
            focus={sweep.focus}
            onFocus={run => sweep.setFocus(run)}
            onSelect={view.onSelect}
          />
        )}
      </Figure>
    </div>
  );
}

function noteOf(
  trans: ReturnType<typeof useLab>['trans'],
  runs: number,
  total: number,
  whole: boolean
): string {
  const what = whole
    ? trans.__('Grey: median, quartiles and range')
    : trans.__('Grey: median and quartiles');
  return runs < total
    ? trans.__('%1 of %2 of %3 runs', what, runs, total)
    : trans.__('%1 of all %2 runs', what, runs);
}

/** All values by x and run. */
function tableOf(
  lines: readonly ILine[],
  title: string,
  nameOf: (number: number) => string
): ITable {
  const xs = [...new Set(lines.flatMap(line => line.x))].sort((one, other) => one - other);
  return {
    columns: [title, ...lines.map(line => nameOf(line.number))],
    length: xs.length,
    row: index => {
      const x = xs[index];
      return [
        x,
        ...lines.map(line => {
          const at = indexAt(line.x, x);
          return line.x[at] === x ? line.smooth[at] : null;
        })
      ];
    }
  };
}
