/** The server data of the curves tab, loaded while the tab is visible. */

import { useEffect, useMemo } from 'react';

import { toSeries, type ISeries, alignTo, smoothingSpan } from '../../../charts/series';
import { runColor } from '../../../colors';
import { CurvesModel } from '../../../models/curvesModel';
import { CachedQuery } from '../../../models/cachedQuery';
import { usePanelContext } from '../../../components/context';
import { useSignal } from '../../../components/useSignal';
import { useOnReconnect } from '../../../components/useOnReconnect';
import type { SweepModel } from '../../../models/sweepModel';
import type { Axis, Band, Curve, RunRow } from '../../../api/schemas';
import { useVisible } from '../../../components/viewContext';

/** The server reads up to a thousand runs for a band. */
const BAND_REFRESH_MS = 5000;

/** The x axis: the step, the time since a run's start, or another key. */
export type XAxisSetting = 'step' | 'time' | `key:${string}`;

export function axisFor(across: string): Axis {
  return across === 'time' ? 'time' : 'step';
}

/** The key whose values are the x axis; null if the axis is step or time. */
export function xKeyOf(across: string): string | null {
  return across.startsWith('key:') ? across.slice(4) : null;
}

/** Loaded curves are kept, so that they show at once when the view is reopened. */
const models = new WeakMap<SweepModel, CurvesModel>();

function modelOf(sweep: SweepModel): CurvesModel {
  let model = models.get(sweep);
  if (model === undefined) {
    model = new CurvesModel(sweep.host, sweep.id);
    models.set(sweep, model);
  }
  return model;
}

/** The curves of these runs and keys, live while the view is visible. */
export function useCurves(
  sweep: SweepModel,
  runs: readonly RunRow[],
  keys: readonly string[],
  across: string,
  range: readonly [number, number] | null
): CurvesModel {
  const curves = modelOf(sweep);
  const visible = useVisible();
  useSignal(curves.changed);
  useEffect(() => {
    const xKey = xKeyOf(across);
    curves.setSelection(
      visible
        ? {
            keys: xKey === null || keys.length === 0 ? keys : [...new Set([...keys, xKey])],
            runs: runs.map(run => ({ id: run.id, ended: run.ended !== null })),
            axis: axisFor(across),
            zoom: across === 'step' ? range : null
          }
        : null
    );
  }, [curves, visible, runs, keys, across, range]);
  useEffect(() => () => curves.setSelection(null), [curves]);
  return curves;
}

/** The band of a key over all runs; null if it is not needed or not loaded. */
export function useBand(
  sweep: SweepModel,
  key: string,
  axis: Axis,
  isWanted: boolean
): { band: Band | null; problem: string } {
  const { model } = usePanelContext();
  const visible = useVisible();
  const fetched = useMemo(
    () => new CachedQuery(() => model.api.band(sweep.id, key, axis), BAND_REFRESH_MS),
    [model, sweep, key, axis]
  );
  useEffect(() => () => fetched.dispose(), [fetched]);
  useSignal(fetched.changed);
  useOnReconnect(fetched.retry);
  const { rows } = sweep;
  useEffect(() => {
    if (isWanted && visible) {
      fetched.ensureFresh(rows);
    } else {
      fetched.pause();
    }
  }, [fetched, isWanted, visible, rows]);
  return { band: isWanted ? fetched.value : null, problem: isWanted ? fetched.problem : '' };
}

const seriesCache = new WeakMap<Curve, { key: string; series: ISeries }>();
const seriesLists = new WeakMap<CurvesModel, Map<string, readonly ISeries[]>>();

/** The lines of one key. Unchanged lines are the same objects as before, and are not redrawn. */
export function seriesFor(
  curves: CurvesModel,
  runs: readonly RunRow[],
  key: string,
  across: string,
  smoothing: number
): readonly ISeries[] {
  const xKey = xKeyOf(across);
  const axis = axisFor(across);
  const entries: { run: RunRow; curve: Curve }[] = [];
  for (const run of runs) {
    const curve = curves.get(axis, run.id, key);
    const x = xKey === null ? null : curves.get(axis, run.id, xKey);
    if (curve !== null && (xKey === null || x !== null)) {
      entries.push({ run, curve: x === null ? curve : alignedCurve(curve, x) });
    }
  }
  const span = smoothing > 0 ? smoothingSpan(entries.map(entry => entry.curve)) : 0;
  const cacheKey = `${smoothing} ${span}`;
  const lines = entries.map(({ run, curve }) => {
    const cached = seriesCache.get(curve);
    if (cached?.key === cacheKey) {
      return cached.series;
    }
    const line = toSeries(
      curve,
      { id: run.id, number: run.number, color: runColor(run.number) },
      smoothing,
      span
    );
    seriesCache.set(curve, { key: cacheKey, series: line });
    return line;
  });
  const lists = seriesLists.get(curves) ?? new Map<string, readonly ISeries[]>();
  seriesLists.set(curves, lists);
  const previous = lists.get(key);
  if (
    previous?.length === lines.length &&
    lines.every((line, index) => line === previous[index])
  ) {
    return previous;
  }
  lists.set(key, lines);
  return lines;
}

const alignedCurves = new WeakMap<Curve, { x: Curve; curve: Curve }>();

function alignedCurve(curve: Curve, x: Curve): Curve {
  const cached = alignedCurves.get(curve);
  if (cached?.x === x) {
    return cached.curve;
  }
  const entry = { x, curve: alignTo(curve, x) };
  alignedCurves.set(curve, entry);
  return entry.curve;
}
