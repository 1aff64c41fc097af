/** The x axis, the smoothing, and the selection of curves. */

import { settingsIcon } from '@jupyterlab/ui-components';
import { type ReactElement, type ReactNode, useId, useState } from 'react';

import { usePanelContext } from '../../../components/context';
import { Button } from '../../../components/Button';
import { Popover } from '../../../components/Popover';
import { SearchList } from '../../../components/SearchList';
import { selectKeys, type ICurvesSettings, toggle } from './curvesSettings';

const MAX_SMOOTHING = 0.99;

export function CurvesToolbar({
  keys,
  settings,
  onSettings,
  isZoomed,
  onReset,
  children
}: {
  keys: readonly string[];
  settings: ICurvesSettings;
  onSettings: (changes: Partial<ICurvesSettings>) => void;
  isZoomed: boolean;
  onReset: () => void;
  children: ReactNode;
}): ReactElement {
  const { trans } = usePanelContext();
  const [popoverAnchor, setChoosing] = useState<HTMLElement | null>(null);
  const id = useId();
  const visibleKeys = selectKeys(keys, settings.keys);
  return (
    <div className="jp-wm-PlotBar" role="toolbar" aria-label={trans.__('Curves')}>
      <label>
        {trans.__('over')}
        <select
          className="jp-wm-Input"
          value={settings.across}
          onChange={event => {
            onSettings({ across: event.target.value });
            onReset();
          }}
        >
          <option value="step">{trans.__('step')}</option>
          <option value="time">{trans.__('time since the start')}</option>
          {keys.map(key => (
            <option key={key} value={`key:${key}`}>
              {key}
            </option>
          ))}
        </select>
      </label>
      <Button
        label={trans.__('log')}
        showLabel
        title={trans.__('Logarithmic axis')}
        isPressed={settings.logX}
        onClick={() => onSettings({ logX: !settings.logX })}
      />
      <label title={trans.__('Time-weighted exponential moving average, as in W&B')}>
        {trans.__('smoothing')}
        <input
          type="range"
          min={0}
          max={MAX_SMOOTHING}
          step={0.01}
          value={settings.smoothing}
          aria-describedby={id}
          onChange={event => onSettings({ smoothing: Number(event.target.value) })}
        />
        <output id={id}>{settings.smoothing.toFixed(2)}</output>
      </label>
      <label>
        {trans.__('band')}
        <select
          className="jp-wm-Input"
          value={settings.band}
          onChange={event => onSettings({ band: event.target.value })}
        >
          <option value="off">{trans.__('none')}</option>
          <option value="quartiles">{trans.__('quartiles')}</option>
          <option value="range">{trans.__('quartiles and range')}</option>
        </select>
      </label>
      {keys.length > 1 && (
        <Button
          label={
            visibleKeys.length === keys.length
              ? trans.__('Metrics')
              : trans.__('Metrics (%1 of %2)', visibleKeys.length, keys.length)
          }
          icon={settingsIcon}
          showLabel
          onClick={event => setChoosing(event.currentTarget)}
        />
      )}
      <Button
        label={trans.__('Legend')}
        showLabel
        isPressed={settings.legend}
        onClick={() => onSettings({ legend: !settings.legend })}
      />
      {isZoomed && (
        <Button label={trans.__('Show all')} title={trans.__('Undo the zoom')} onClick={onReset} />
      )}
      <span className="jp-wm-PlotBar-note" role="status">
        {children}
      </span>
      {popoverAnchor !== null && (
        <Popover
          anchor={popoverAnchor}
          label={trans.__('Metrics')}
          onClose={() => setChoosing(null)}
        >
          <MetricList
            keys={keys}
            shown={visibleKeys}
            onChange={selected => onSettings({ keys: selected, large: '' })}
          />
        </Popover>
      )}
    </div>
  );
}

function MetricList({
  keys,
  shown,
  onChange
}: {
  keys: readonly string[];
  shown: readonly string[];
  onChange: (keys: readonly string[]) => void;
}): ReactElement {
  const { trans } = usePanelContext();
  return (
    <SearchList label={trans.__('Filter metrics')} placeholder={trans.__('Filter metrics…')}>
      {(matches, isSearching) => {
        const matchingKeys = keys.filter(matches);
        return (
          <>
            <div className="jp-wm-Buttons">
              <Button label={trans.__('All')} onClick={() => onChange([])} />
              <Button
                label={trans.__('Only these')}
                disabled={!isSearching || matchingKeys.length === 0}
                onClick={() => onChange(matchingKeys)}
              />
            </div>
            <fieldset className="jp-wm-SearchList-list">
              <legend>{trans.__('Shown')}</legend>
              {matchingKeys.map(key => (
                <label key={key}>
                  <input
                    type="checkbox"
                    checked={shown.includes(key)}
                    onChange={() => onChange(toggle(shown, key))}
                  />
                  {key}
                </label>
              ))}
            </fieldset>
          </>
        );
      }}
    </SearchList>
  );
}
