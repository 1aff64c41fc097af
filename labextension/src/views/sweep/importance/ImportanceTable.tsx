/** The importance of each parameter, and the direction of its correlation with the objective. */

import type { ReactElement } from 'react';

import { formatNumber, MISSING } from '../../../format';
import { usePanelContext } from '../../../components/context';
import type { Importance } from '../../../api/schemas';

export function ImportanceTable({
  importance,
  explanation,
  chosen,
  onChoose
}: {
  importance: Importance;
  /** What the evaluator measures. */
  explanation: string;
  /** The selected parameter. */
  chosen: string;
  onChoose: (parameter: string) => void;
}): ReactElement {
  const { trans } = usePanelContext();
  const maxImportance = Math.max(
    ...importance.parameters.map(parameter => parameter.importance),
    1e-9
  );
  return (
    <table className="jp-wm-ImportanceTable">
      <caption>
        {trans.__('Importance for %1: %2', importance.metric, importance.evaluator)}
        {importance.quantile !== null &&
          trans.__(', best %1 % of the runs', formatNumber(100 * importance.quantile))}
        . {explanation}
      </caption>
      <thead>
        <tr>
          <th scope="col">{trans.__('Parameter')}</th>
          <th scope="col">{trans.__('Importance')}</th>
          <th scope="col" title={trans.__('Spearman’s rank correlation, from −1 to 1')}>
            {trans.__('Correlation')}
          </th>
        </tr>
      </thead>
      <tbody>
        {importance.parameters.map(({ name, importance: share, uncertainty, correlation }) => (
          <tr key={name} data-chosen={name === chosen || undefined}>
            <th scope="row">
              <button
                type="button"
                className="jp-wm-Link"
                title={trans.__('Show %1 against %2', name, importance.metric)}
                aria-current={name === chosen}
                onClick={() => onChoose(name)}
              >
                {name}
              </button>
            </th>
            <td>
              <span className="jp-wm-Bar">
                <i style={{ width: `${(100 * share) / maxImportance}%` }} />
              </span>
              {/* A share below the last digit is 0, not 6.2e-5. */}
              {(100 * share).toFixed(1)} %{' '}
              <span title={trans.__('Standard deviation between random samples of the runs')}>
                ± {(100 * uncertainty).toFixed(1)}
              </span>
            </td>
            <td>
              <span className="jp-wm-Bar" data-signed>
                {correlation !== null && (
                  <i
                    data-negative={correlation < 0 || undefined}
                    style={{
                      width: `${50 * Math.abs(correlation)}%`,
                      left: `${50 + 50 * Math.min(0, correlation)}%`
                    }}
                  />
                )}
              </span>
              {correlation === null ? MISSING : correlation.toFixed(2)}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
