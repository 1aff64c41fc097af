/** What the curves' view needs of the server, while somebody looks. */

import { useEffect, useMemo } from 'react';

import { lineOf, type ILine, over, spanOf } from '../../../charts/lines';
import { runColour } from '../../../colours';
import { CurvesModel } from '../../../curves';
import { Fetched } from '../../../fetched';
import { useLab, useSignal } from '../../../lab';
import { useReconnected } from '../../../parts/useReconnected';
import type { SweepModel } from '../../../sweep';
import type { Axis, Band, Curve, RunRow } from '../../../wire';
import { useVisible } from '../../widget';

/** A band costs a look at a thousand runs. */
const BAND_MS = 5000;

/** Over what curves are drawn: the step, the time since a run's start, or another key. */
export type Across = 'step' | 'time' | `key:${string}`;

export function axisOf(across: string): Axis {
  return across === 'time' ? 'time' : 'step';
}

/** The key whose values are the axis; null where it is step or time. */
export function keyOf(across: string): string | null {
  return across.startsWith('key:') ? across.slice(4) : null;
}

/** What is known already is shown at once when the view is opened again. */
const models = new WeakMap<SweepModel, CurvesModel>();

function modelOf(sweep: SweepModel): CurvesModel {
  let model = models.get(sweep);
  if (model === undefined) {
    model = new CurvesModel(sweep.model, sweep.id);
    models.set(sweep, model);
  }
  return model;
}

/** The curves of these runs and keys, live while the view can be seen. */
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
    const other = keyOf(across);
    curves.want(
      visible
        ? {
            keys: other === null || keys.length === 0 ? keys : [...new Set([...keys, other])],
            runs: runs.map(run => ({ id: run.id, ended: run.ended !== null })),
            axis: axisOf(across),
            part: across === 'step' ? range : null
          }
        : null
    );
  }, [curves, visible, runs, keys, across, range]);
  useEffect(() => () => curves.want(null), [curves]);
  return curves;
}

/** The band of a key over all runs; null while it is not wanted or not known. */
export function useBand(
  sweep: SweepModel,
  key: string,
  axis: Axis,
  wanted: boolean
): { band: Band | null; problem: string } {
  const { model } = useLab();
  const visible = useVisible();
  const fetched = useMemo(
    () => new Fetched(() => model.api.band(sweep.id, key, axis), BAND_MS),
    [model, sweep, key, axis]
  );
  useEffect(() => () => fetched.dispose(), [fetched]);
  useSignal(fetched.changed);
  useReconnected(fetched.retry);
  const { rows } = sweep;
  useEffect(() => {
    if (wanted && visible) {
      fetched.keep(rows);
    } else {
      fetched.pause();
    }
  }, [fetched, wanted, visible, rows]);
  return { band: wanted ? fetched.value : null, problem: wanted ? fetched.problem : '' };
}

const made = new WeakMap<Curve, { asked: string; line: ILine }>();
const given = new WeakMap<CurvesModel, Map<string, readonly ILine[]>>();

/** The lines of one key. What has not changed is the same as before, and need not be drawn anew. */
export function linesOf(
  curves: CurvesModel,
  runs: readonly RunRow[],
  key: string,
  across: string,
  smoothing: number
): readonly ILine[] {
  const other = keyOf(across);
  const axis = axisOf(across);
  const found: { run: RunRow; curve: Curve }[] = [];
  for (const run of runs) {
    const curve = curves.get(axis, run.id, key);
    const x = other === null ? null : curves.get(axis, run.id, other);
    if (curve !== null && (other === null || x !== null)) {
      found.push({ run, curve: x === null ? curve : crossed(curve, x) });
    }
  }
  const span = smoothing > 0 ? spanOf(found.map(each => each.curve)) : null;
  const length = span === null ? 0 : span[1] - span[0];
  const asked = `${smoothing} ${length}`;
  const lines = found.map(({ run, curve }) => {
    const before = made.get(curve);
    if (before?.asked === asked) {
      return before.line;
    }
    const line = lineOf(
      curve,
      { id: run.id, number: run.number, colour: runColour(run.number) },
      smoothing,
      length
    );
    made.set(curve, { asked, line });
    return line;
  });
  const kept = given.get(curves) ?? new Map<string, readonly ILine[]>();
  given.set(curves, kept);
  const before = kept.get(key);
  if (before?.length === lines.length && lines.every((line, index) => line === before[index])) {
    return before;
  }
  kept.set(key, lines);
  return lines;
}

const crossings = new WeakMap<Curve, { x: Curve; curve: Curve }>();

function crossed(curve: Curve, x: Curve): Curve {
  const before = crossings.get(curve);
  if (before?.x === x) {
    return before.curve;
  }
  const made = { x, curve: over(curve, x) };
  crossings.set(curve, made);
  return made.curve;
}
