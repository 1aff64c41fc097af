/** The best runs of a sweep with several objectives: those on its Pareto front. */

import { type ReactElement, useMemo } from 'react';

import { usePanelContext } from '../../../components/context';
import { Button } from '../../../components/Button';
import { EmptyState } from '../../../components/Placeholders';
import { formatNumber } from '../../../format';
import { frontRuns, type IObjectives } from '../../../models/pareto';
import type { SweepModel } from '../../../models/sweepModel';
import { RunLink } from '../RunLink';

const MAX_LISTED = 10;

export function FrontRuns({
  sweep,
  objectives
}: {
  sweep: SweepModel;
  objectives: IObjectives;
}): ReactElement {
  const { trans } = usePanelContext();
  const { rows } = sweep;
  const runs = useMemo(() => frontRuns(rows, objectives), [rows, objectives]);
  const { goals, constraints } = objectives;
  if (runs.length === 0) {
    return (
      <EmptyState>
        {constraints.length > 0
          ? trans.__('No run has a value of each objective and keeps to the constraints yet.')
          : trans.__('No run has a value of each objective yet.')}
      </EmptyState>
    );
  }
  return (
    <>
      <p className="jp-wm-BestRun-value">
        <strong>{runs.length}</strong> {trans.__('best (Pareto)')}
      </p>
      <table className="jp-wm-PropertyTable">
        <thead>
          <tr>
            <th scope="col">{trans.__('Run')}</th>
            {goals.map(({ name, maximize }) => (
              <th key={name} scope="col">
                {name} {maximize ? '↑' : '↓'}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {runs.slice(0, MAX_LISTED).map(row => (
            <tr key={row.id}>
              <th scope="row">
                <RunLink sweep={sweep} row={row} />
              </th>
              {goals.map(({ name }) => (
                <td key={name}>{formatNumber(Number(row.summary[name]), 4)}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      <div className="jp-wm-Buttons">
        <Button
          label={
            runs.length > MAX_LISTED
              ? trans.__('Show all %1', runs.length)
              : trans.__('Show the front')
          }
          onClick={() => sweep.saveSettings('view', { tab: 'pareto' })}
        />
      </div>
    </>
  );
}
