/**
 * Everything that a run logged: numbers as curves, then histograms, images, tables and other media.
 */

import { type ReactElement, useState } from 'react';

import { usePanelContext } from '../../../components/context';
import { useSignal } from '../../../components/useSignal';
import { Button } from '../../../components/Button';
import { SearchBox } from '../../../components/SearchBox';
import { EmptyState, ErrorMessage, Skeleton } from '../../../components/Placeholders';
import type { Axis } from '../../../api/schemas';
import { CurveGrid } from '../CurveGrid';
import type { IRunTabProps } from '../tabProps';
import { MediaCard } from './MediaCard';
import { groupKeys } from './keySections';

const EXAMPLE = `with wandb.init() as run:
    for step in range(100):
        run.log({"train/loss": 1 / (step + 1)})`;
const SMOOTHING = [0, 0.6, 0.9, 0.97];

interface ISettings {
  axis: Axis;
  smoothing: number;
  log: boolean;
}

const DEFAULT_SETTINGS: ISettings = { axis: 'step', smoothing: 0, log: false };

export function ChartsTab({ run }: IRunTabProps): ReactElement {
  const { trans } = usePanelContext();
  const { sweep, history } = run;
  useSignal(sweep.changed, sweep.viewStateChanged, run.changed, history.changed);
  const [search, setSearch] = useState('');
  const settings = sweep.settings<ISettings>('run-charts', DEFAULT_SETTINGS);
  const set = (changes: Partial<ISettings>) => sweep.saveSettings('run-charts', { ...changes });
  const { history: numbers, media } = sweep.keys;
  if (numbers.length + media.length === 0) {
    return sweep.isComplete ? (
      <EmptyState code={EXAMPLE}>
        {trans.__('No data logged yet. Log something in the cell during training:')}
      </EmptyState>
    ) : (
      <Skeleton />
    );
  }
  const sections = groupKeys(numbers, search).map(({ title, keys }) => ({
    title,
    cards: keys.map(key => ({ key, title: key }))
  }));
  const mediaSections = run.mediaCount > 0 ? groupKeys(media, search) : [];
  return (
    <div className="jp-wm-RunCharts">
      <div className="jp-wm-RunCharts-bar" role="toolbar" aria-label={trans.__('Charts')}>
        <SearchBox
          label={trans.__('Search charts')}
          placeholder={trans.__('Search charts…')}
          value={search}
          onChange={setSearch}
        />
        <Button
          label={trans.__('Over time')}
          isPressed={settings.axis === 'time'}
          onClick={() => set({ axis: settings.axis === 'time' ? 'step' : 'time' })}
        />
        <Button
          label={trans.__('Logarithmic')}
          isPressed={settings.log}
          onClick={() => set({ log: !settings.log })}
        />
        <label>
          {trans.__('Smoothing')}{' '}
          <select
            value={settings.smoothing}
            onChange={event => set({ smoothing: Number(event.target.value) })}
          >
            {SMOOTHING.map(amount => (
              <option key={amount} value={amount}>
                {amount === 0 ? trans.__('none') : amount}
              </option>
            ))}
          </select>
        </label>
      </div>
      {history.problem !== '' && (
        <ErrorMessage message={history.problem} onRetry={() => history.retry()} />
      )}
      {sections.length + mediaSections.length === 0 && (
        <p className="jp-wm-Figure-empty">{trans.__('No matching charts.')}</p>
      )}
      <CurveGrid run={run} curves={history} sections={sections} {...settings} />
      {mediaSections.map(({ title, keys }) => (
        <section key={title} className="jp-wm-CurveGrid" aria-label={title || trans.__('Media')}>
          <h2 className="jp-wm-CurveGrid-title">{title || trans.__('Media')}</h2>
          <div className="jp-wm-CurveGrid-cards jp-wm-mod-media">
            {keys.map(key => (
              <MediaCard key={key} run={run} name={key} />
            ))}
          </div>
        </section>
      ))}
    </div>
  );
}
