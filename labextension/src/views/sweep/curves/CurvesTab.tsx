/**
 * The logged metrics of runs as curves: small charts side by side or a large one, with a shared
 * cursor.
 */

import { type ReactElement, useCallback, useMemo, useState } from 'react';

import { isFilterActive } from '../../../models/viewState';
import { formatNumber } from '../../../format';
import { usePanelContext } from '../../../components/context';
import { useSignal } from '../../../components/useSignal';
import { runColor } from '../../../colors';
import { EmptyState, ErrorMessage, Skeleton } from '../../../components/Placeholders';
import { type ILegendRow, Legend } from '../../../charts/Legend';
import { selectRun, undoClick } from '../selectRun';
import type { ITabProps } from '../tabProps';
import { CurveCard, type ICurveCardContext } from './CurveCard';
import { useCurves } from './curveData';
import { visibleRuns, MAX_VISIBLE } from './visibleCurves';
import {
  selectKeys,
  drawableKeys,
  DEFAULT_SETTINGS,
  type ICurvesSettings
} from './curvesSettings';
import { CurvesToolbar } from './CurvesToolbar';

const EXAMPLE = `with wandb.init() as run:
    for step in range(100):
        run.log({"loss": 1 / (step + 1)})`;

export function CurvesTab({ sweep }: ITabProps): ReactElement {
  const { trans } = usePanelContext();
  useSignal(sweep.changed, sweep.viewStateChanged);
  const settings = sweep.settings<ICurvesSettings>('curves', DEFAULT_SETTINGS);
  const onSettings = (changes: Partial<ICurvesSettings>) =>
    sweep.saveSettings('curves', { ...changes });
  const [cursor, onCursor] = useState<number | null>(null);
  const [range, onRange] = useState<readonly [number, number] | null>(null);
  const [keysInView, setInSight] = useState<readonly string[]>([]);
  const metric = sweep.summary?.metric ?? null;
  const maximize = sweep.summary?.goal === 'maximize';
  const { activeRuns, keys: logged } = sweep;
  // Selecting the best of an incomplete set of runs would be misleading.
  const [stableRuns, setHeld] = useState(activeRuns);
  if (stableRuns !== activeRuns && (sweep.isComplete || stableRuns.length === 0)) {
    setHeld(activeRuns);
  }
  const visible = useMemo(() => visibleRuns(stableRuns, maximize), [stableRuns, maximize]);
  const keys = useMemo(() => drawableKeys(logged.history, metric), [logged, metric]);
  const visibleKeys = selectKeys(keys, settings.keys);
  const large = keys.includes(settings.large) ? settings.large : '';
  const queriedKeys = large === '' ? keysInView : [large];
  const curves = useCurves(sweep, visible.runs, queriedKeys, settings.across, range);
  const onVisibilityChange = useCallback((key: string, seen: boolean) => {
    setInSight(previous =>
      previous.includes(key) === seen
        ? previous
        : seen
          ? [...previous, key].sort()
          : previous.filter(other => other !== key)
    );
  }, []);
  const onSelect = (run: string, more: boolean) => selectRun(sweep, run, more);
  if (keys.length === 0) {
    return sweep.isComplete ? (
      <EmptyState code={EXAMPLE}>
        {trans.__('No metrics logged yet. Log some in the cell during training:')}
      </EmptyState>
    ) : (
      <Skeleton />
    );
  }
  const view: ICurveCardContext = {
    sweep,
    curves,
    runs: visible.runs,
    settings,
    onSettings,
    cursor,
    onCursor,
    range,
    onRange,
    onSelect,
    onUndoSelect: () => undoClick(sweep),
    onVisibilityChange
  };
  const legend = legendRows(visible.runs, maximize, sweep.selectedIds);
  return (
    <div className="jp-wm-Curves">
      <CurvesToolbar
        keys={keys}
        settings={settings}
        onSettings={onSettings}
        isZoomed={range !== null}
        onReset={() => onRange(null)}
      >
        {visible.total > visible.runs.length
          ? trans.__(
              '%1 of %2 runs displayed: the %3 best and the newest',
              visible.runs.length,
              visible.total,
              MAX_VISIBLE / 2
            )
          : trans._n('%1 run displayed', '%1 runs displayed', visible.total)}
      </CurvesToolbar>
      {curves.problem !== '' && (
        <ErrorMessage message={curves.problem} onRetry={() => curves.retry()} />
      )}
      {visible.total === 0 ? (
        <EmptyState>
          {isFilterActive(sweep.viewState.filter)
            ? trans.__('No started runs match the filter.')
            : trans.__('No runs started yet; their curves will appear here.')}
        </EmptyState>
      ) : (
        <div className="jp-wm-Curves-body">
          <div className="jp-wm-Curves-cards" data-large={large !== '' || undefined}>
            {(large === '' ? visibleKeys : [large]).map(key => (
              <CurveCard key={key} name={key} view={view} large={key === large} />
            ))}
          </div>
          {settings.legend && (
            <Legend
              label={trans.__('Displayed runs, best first')}
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

function legendRows(
  runs: ReturnType<typeof visibleRuns>['runs'],
  maximize: boolean,
  selected: ReadonlySet<string>
): ILegendRow[] {
  const worst = maximize ? -Infinity : Infinity;
  const sign = maximize ? -1 : 1;
  return [...runs]
    .sort((a, b) => sign * ((a.value ?? worst) - (b.value ?? worst)) || 0)
    .map(row => ({
      run: row.id,
      number: row.number,
      color: runColor(row.number),
      value: formatNumber(row.value),
      title: row.name,
      selected: selected.has(row.id)
    }));
}
