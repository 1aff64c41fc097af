/** What runs logged, as curves: small ones side by side or one large, all read at the same place. */

import { type ReactElement, useCallback, useMemo, useState } from 'react';

import { isFiltering } from '../../../choice';
import { formatNumber } from '../../../format';
import { useLab, useSignal } from '../../../lab';
import { runColour } from '../../../colours';
import { Empty, Problem, Skeleton } from '../../../parts/Notices';
import { type ILegendRow, Legend } from '../../../charts/Legend';
import { pick } from '../pick';
import type { ITabProps } from '../SweepView';
import { Card, type ICardView } from './Card';
import { useCurves } from './data';
import { drawnRuns, MOST_DRAWN } from './drawn';
import { chosenKeys, drawable, FIRST_SETTINGS, type ISettings } from './settings';
import { Toolbar } from './Toolbar';

const EXAMPLE = `with wandb.init() as run:
    for step in range(100):
        run.log({"loss": 1 / (step + 1)})`;

export function Curves({ sweep }: ITabProps): ReactElement {
  const { trans } = useLab();
  useSignal(sweep.changed, sweep.chosen);
  const settings = sweep.settings<ISettings>('curves', FIRST_SETTINGS);
  const onSettings = (changes: Partial<ISettings>) => sweep.remember('curves', { ...changes });
  const [cursor, onCursor] = useState<number | null>(null);
  const [range, onRange] = useState<readonly [number, number] | null>(null);
  const [inSight, setInSight] = useState<readonly string[]>([]);
  const metric = sweep.summary?.metric ?? null;
  const maximize = sweep.summary?.goal === 'maximize';
  const { considered, keys: logged } = sweep;
  // The best of those that have come so far are not worth a look while the rest is on its way.
  const [held, setHeld] = useState(considered);
  if (held !== considered && (sweep.complete || held.length === 0)) {
    setHeld(considered);
  }
  const drawn = useMemo(() => drawnRuns(held, maximize), [held, maximize]);
  const keys = useMemo(() => drawable(logged.history, metric), [logged, metric]);
  const shown = chosenKeys(keys, settings.keys);
  const large = keys.includes(settings.large) ? settings.large : '';
  const wanted = large === '' ? inSight : [large];
  const curves = useCurves(sweep, drawn.runs, wanted, settings.across, range);
  const onInSight = useCallback((key: string, seen: boolean) => {
    setInSight(before =>
      before.includes(key) === seen
        ? before
        : seen
          ? [...before, key].sort()
          : before.filter(each => each !== key)
    );
  }, []);
  const onSelect = (run: string, more: boolean) => pick(sweep, run, more);
  if (keys.length === 0) {
    return sweep.complete ? (
      <Empty code={EXAMPLE}>
        {trans.__('No run has logged a number yet. In the cell, log some while training:')}
      </Empty>
    ) : (
      <Skeleton />
    );
  }
  const view: ICardView = {
    sweep,
    curves,
    runs: drawn.runs,
    settings,
    onSettings,
    cursor,
    onCursor,
    range,
    onRange,
    onSelect,
    onInSight
  };
  const legend = legendOf(drawn.runs, maximize, sweep.selected);
  return (
    <div className="jp-wm-Curves">
      <Toolbar
        keys={keys}
        settings={settings}
        onSettings={onSettings}
        isZoomed={range !== null}
        onReset={() => onRange(null)}
      >
        {drawn.of > drawn.runs.length
          ? trans.__(
              '%1 of %2 runs drawn: the %3 best and the newest',
              drawn.runs.length,
              drawn.of,
              MOST_DRAWN / 2
            )
          : trans._n('%1 run drawn', '%1 runs drawn', drawn.of)}
      </Toolbar>
      {curves.problem !== '' && (
        <Problem message={curves.problem} onRetry={() => curves.retry()} />
      )}
      {drawn.of === 0 ? (
        <Empty>
          {isFiltering(sweep.choice.filter)
            ? trans.__('No run that has begun passes the filter.')
            : trans.__('No run has begun yet; its curves will show up here.')}
        </Empty>
      ) : (
        <div className="jp-wm-Curves-body">
          <div className="jp-wm-Curves-cards" data-large={large !== '' || undefined}>
            {(large === '' ? shown : [large]).map(key => (
              <Card key={key} name={key} view={view} large={key === large} />
            ))}
          </div>
          {settings.legend && (
            <Legend
              label={trans.__('Runs drawn, the best ones first')}
              rows={legend}
              focus={sweep.focus}
              onFocus={run => sweep.setFocus(run)}
              onSelect={onSelect}
            />
          )}
        </div>
      )}
    </div>
  );
}

function legendOf(
  runs: ReturnType<typeof drawnRuns>['runs'],
  maximize: boolean,
  selected: ReadonlySet<string>
): ILegendRow[] {
  const worst = maximize ? -Infinity : Infinity;
  const sign = maximize ? -1 : 1;
  return [...runs]
    .sort((one, other) => sign * ((one.value ?? worst) - (other.value ?? worst)) || 0)
    .map(row => ({
      run: row.id,
      number: row.number,
      colour: runColour(row.number),
      value: formatNumber(row.value),
      title: row.name,
      selected: selected.has(row.id)
    }));
}
