/** The curves of one run in sections of small charts, all read and zoomed at the same place. */

import { type ReactElement, useCallback, useEffect, useMemo, useRef, useState } from 'react';

import { CurveChart } from '../../charts/CurveChart';
import { Figure } from '../../charts/Figure';
import { type ILine, lineOf, spanOf } from '../../charts/lines';
import { runColour } from '../../colours';
import type { CurvesModel } from '../../curves';
import { useLab, useSignal } from '../../lab';
import { Skeleton } from '../../parts/Notices';
import { useInSight } from '../../parts/useInSight';
import type { RunModel } from '../../run';
import type { Axis, Curve, RunRow } from '../../wire';
import { useVisible } from '../widget';

export interface ILinesSection {
  title: string;
  cards: readonly { key: string; title: string }[];
}

export interface ILinesProps {
  run: RunModel;
  curves: CurvesModel;
  sections: readonly ILinesSection[];
  axis: Axis;
  smoothing?: number;
  log?: boolean;
}

/** What all cards share. */
interface IShared extends Omit<ILinesProps, 'sections'> {
  row: RunRow;
  cursor: number | null;
  onCursor: (x: number | null) => void;
  range: readonly [number, number] | null;
  onRange: (range: readonly [number, number] | null) => void;
  onInSight: (key: string, seen: boolean) => void;
}

export function Lines(props: ILinesProps): ReactElement | null {
  const { run, curves, sections, axis } = props;
  const visible = useVisible();
  useSignal(curves.changed, run.changed);
  const [cursor, onCursor] = useState<number | null>(null);
  const [range, onRange] = useState<readonly [number, number] | null>(null);
  const [inSight, setInSight] = useState<ReadonlySet<string>>(new Set());
  const onInSight = useCallback((key: string, seen: boolean) => {
    setInSight(before => {
      const after = new Set(before);
      if (seen) {
        after.add(key);
      } else {
        after.delete(key);
      }
      return after;
    });
  }, []);
  const { row } = run;
  const ended = row !== undefined && row.ended !== null;
  useEffect(() => {
    const keys = [...inSight].sort();
    curves.want(visible ? { keys, runs: [{ id: run.id, ended }], axis, part: range } : null);
  }, [curves, visible, inSight, run, ended, axis, range]);
  useEffect(() => () => curves.want(null), [curves]);
  if (row === undefined) {
    return <Skeleton />;
  }
  const shared: IShared = { ...props, row, cursor, onCursor, range, onRange, onInSight };
  return (
    <>
      {sections.map(({ title, cards }) => (
        <section key={title} className="jp-wm-Lines" aria-label={title || undefined}>
          {title !== '' && <h2 className="jp-wm-Lines-title">{title}</h2>}
          <div className="jp-wm-Lines-cards">
            {cards.map(card => (
              <LineCard key={card.key} name={card.key} title={card.title} shared={shared} />
            ))}
          </div>
        </section>
      ))}
    </>
  );
}

function LineCard({
  name,
  title,
  shared
}: {
  name: string;
  title: string;
  shared: IShared;
}): ReactElement {
  const { trans } = useLab();
  const { run, row, curves, axis, smoothing = 0, log = false, onInSight } = shared;
  const own = useRef<HTMLDivElement>(null);
  const seen = useInSight(own);
  useEffect(() => {
    onInSight(name, seen);
    return () => onInSight(name, false);
  }, [name, seen, onInSight]);
  const curve = curves.get(axis, run.id, name);
  const lines = useMemo(
    () => linesOf(curve, row.number, smoothing),
    [curve, row.number, smoothing]
  );
  const seconds = axis === 'time';
  const across = useMemo(
    () => ({
      title: seconds ? trans.__('time since the start') : trans.__('step'),
      seconds,
      whole: !seconds,
      log: false
    }),
    [seconds, trans]
  );
  return (
    <div ref={own} className="jp-wm-Card">
      <Figure
        title={title}
        table={() => ({
          columns: [across.title, title],
          length: lines[0]?.x.length ?? 0,
          row: index => [lines[0].x[index], lines[0].smooth[index]]
        })}
      >
        {lines.length === 0 ? (
          !seen || curves.loading ? (
            <Skeleton lines={4} />
          ) : (
            <p className="jp-wm-Figure-none">{trans.__('This run has not logged %1.', title)}</p>
          )
        ) : (
          <CurveChart
            name={title}
            lines={lines}
            across={across}
            log={log}
            cursor={shared.cursor}
            onCursor={shared.onCursor}
            range={shared.range}
            onRange={shared.onRange}
            focus={null}
            onFocus={nothing}
            onSelect={nothing}
          />
        )}
      </Figure>
    </div>
  );
}

function linesOf(curve: Curve | null, number: number, smoothing: number): readonly ILine[] {
  if (curve === null) {
    return [];
  }
  const span = smoothing > 0 ? spanOf([curve]) : null;
  const length = span === null ? 0 : span[1] - span[0];
  return [lineOf(curve, { id: curve.run, number, colour: runColour(number) }, smoothing, length)];
}

const nothing = (): void => undefined;
