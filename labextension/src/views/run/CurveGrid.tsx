/** The curves of one run in sections of small charts, with a shared cursor and zoom. */

import { type ReactElement, useCallback, useEffect, useMemo, useRef, useState } from 'react';

import { CurveChart } from '../../charts/CurveChart';
import { Figure } from '../../charts/Figure';
import { type ISeries, smoothingSpan, toSeries } from '../../charts/series';
import { runColor } from '../../colors';
import type { CurvesModel } from '../../models/curvesModel';
import { usePanelContext } from '../../components/context';
import { useSignal } from '../../components/useSignal';
import { Skeleton } from '../../components/Placeholders';
import { useIntersection } from '../../components/useIntersection';
import type { RunModel } from '../../models/runModel';
import type { Axis, Curve, RunRow } from '../../api/schemas';
import { useVisible } from '../../components/viewContext';

export interface ICurveSection {
  title: string;
  cards: readonly { key: string; title: string }[];
}

export interface ICurveGridProps {
  run: RunModel;
  curves: CurvesModel;
  sections: readonly ICurveSection[];
  axis: Axis;
  smoothing?: number;
  log?: boolean;
}

/** What all cards share. */
interface ICardContext extends Omit<ICurveGridProps, 'sections'> {
  row: RunRow;
  cursor: number | null;
  onCursor: (x: number | null) => void;
  range: readonly [number, number] | null;
  onRange: (range: readonly [number, number] | null) => void;
  onVisibilityChange: (key: string, isVisible: boolean) => void;
}

export function CurveGrid(props: ICurveGridProps): ReactElement | null {
  const { run, curves, sections, axis } = props;
  const visible = useVisible();
  useSignal(curves.changed, run.changed);
  const [cursor, onCursor] = useState<number | null>(null);
  const [range, onRange] = useState<readonly [number, number] | null>(null);
  const [visibleKeys, setInSight] = useState<ReadonlySet<string>>(new Set());
  const onVisibilityChange = useCallback((key: string, isVisible: boolean) => {
    setInSight(previous => {
      const next = new Set(previous);
      if (isVisible) {
        next.add(key);
      } else {
        next.delete(key);
      }
      return next;
    });
  }, []);
  const { row } = run;
  const ended = row !== undefined && row.ended !== null;
  useEffect(() => {
    const keys = [...visibleKeys].sort();
    curves.setSelection(
      visible ? { keys, runs: [{ id: run.id, ended }], axis, zoom: range } : null
    );
  }, [curves, visible, visibleKeys, run, ended, axis, range]);
  useEffect(() => () => curves.setSelection(null), [curves]);
  if (row === undefined) {
    return <Skeleton />;
  }
  const cardContext: ICardContext = {
    ...props,
    row,
    cursor,
    onCursor,
    range,
    onRange,
    onVisibilityChange
  };
  return (
    <>
      {sections.map(({ title, cards }) => (
        <section key={title} className="jp-wm-CurveGrid" aria-label={title || undefined}>
          {title !== '' && <h2 className="jp-wm-CurveGrid-title">{title}</h2>}
          <div className="jp-wm-CurveGrid-cards">
            {cards.map(card => (
              <CurveGridCard
                key={card.key}
                name={card.key}
                title={card.title}
                shared={cardContext}
              />
            ))}
          </div>
        </section>
      ))}
    </>
  );
}

function CurveGridCard({
  name,
  title,
  shared
}: {
  name: string;
  title: string;
  shared: ICardContext;
}): ReactElement {
  const { trans } = usePanelContext();
  const { run, row, curves, axis, smoothing = 0, log = false, onVisibilityChange } = shared;
  const ref = useRef<HTMLDivElement>(null);
  const isVisible = useIntersection(ref);
  useEffect(() => {
    onVisibilityChange(name, isVisible);
    return () => onVisibilityChange(name, false);
  }, [name, isVisible, onVisibilityChange]);
  const curve = curves.get(axis, run.id, name);
  const lines = useMemo(
    () => toSeriesList(curve, row.number, smoothing),
    [curve, row.number, smoothing]
  );
  const isTime = axis === 'time';
  const xAxis = useMemo(
    () => ({
      title: isTime ? trans.__('time since the start') : trans.__('step'),
      isTime,
      isInteger: !isTime,
      isLog: false
    }),
    [isTime, trans]
  );
  return (
    <div ref={ref} className="jp-wm-Card">
      <Figure
        title={title}
        table={() => ({
          columns: [xAxis.title, title],
          length: lines[0]?.x.length ?? 0,
          row: index => [lines[0].x[index], lines[0].smoothed[index]]
        })}
      >
        {lines.length === 0 ? (
          !isVisible || curves.isLoading ? (
            <Skeleton lines={4} />
          ) : (
            <p className="jp-wm-Figure-empty">{trans.__('This run did not log %1.', title)}</p>
          )
        ) : (
          <CurveChart
            name={title}
            series={lines}
            xAxis={xAxis}
            isLog={log}
            cursor={shared.cursor}
            onCursor={shared.onCursor}
            range={shared.range}
            onRange={shared.onRange}
            focus={null}
            onFocus={noop}
            onSelect={noop}
          />
        )}
      </Figure>
    </div>
  );
}

function toSeriesList(curve: Curve | null, number: number, smoothing: number): readonly ISeries[] {
  if (curve === null) {
    return [];
  }
  const span = smoothing > 0 ? smoothingSpan([curve]) : 0;
  return [toSeries(curve, { id: curve.run, number, color: runColor(number) }, smoothing, span)];
}

const noop = (): void => undefined;
