/** Over what, how smooth and which curves are drawn. */

import { settingsIcon } from '@jupyterlab/ui-components';
import { type ReactElement, type ReactNode, useId, useState } from 'react';

import { useLab } from '../../../lab';
import { Button } from '../../../parts/Button';
import { Popover } from '../../../parts/Popover';
import { chosenKeys, type ISettings, toggled } from './settings';

const SMOOTHEST = 0.99;

export function Toolbar({
  keys,
  settings,
  onSettings,
  isZoomed,
  onReset,
  children
}: {
  keys: readonly string[];
  settings: ISettings;
  onSettings: (changes: Partial<ISettings>) => void;
  isZoomed: boolean;
  onReset: () => void;
  children: ReactNode;
}): ReactElement {
  const { trans } = useLab();
  const [choosing, setChoosing] = useState<HTMLElement | null>(null);
  const id = useId();
  const shown = chosenKeys(keys, settings.keys);
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
        word
        title={trans.__('Logarithmic axis')}
        pressed={settings.logX}
        onClick={() => onSettings({ logX: !settings.logX })}
      />
      <label title={trans.__('The time weighted exponential moving average that W&B draws, too')}>
        {trans.__('smoothing')}
        <input
          type="range"
          min={0}
          max={SMOOTHEST}
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
            shown.length === keys.length
              ? trans.__('Metrics')
              : trans.__('Metrics (%1 of %2)', shown.length, keys.length)
          }
          icon={settingsIcon}
          word
          onClick={event => setChoosing(event.currentTarget)}
        />
      )}
      <Button
        label={trans.__('Legend')}
        word
        pressed={settings.legend}
        onClick={() => onSettings({ legend: !settings.legend })}
      />
      {isZoomed && (
        <Button label={trans.__('Show all')} title={trans.__('Undo the zoom')} onClick={onReset} />
      )}
      <span className="jp-wm-PlotBar-note" role="status">
        {children}
      </span>
      {choosing !== null && (
        <Popover anchor={choosing} label={trans.__('Metrics')} onClose={() => setChoosing(null)}>
          <KeyList
            keys={keys}
            shown={shown}
            onChange={chosen => onSettings({ keys: chosen, large: '' })}
          />
        </Popover>
      )}
    </div>
  );
}

function KeyList({
  keys,
  shown,
  onChange
}: {
  keys: readonly string[];
  shown: readonly string[];
  onChange: (keys: readonly string[]) => void;
}): ReactElement {
  const { trans } = useLab();
  const [text, setText] = useState('');
  const found = keys.filter(key => key.toLowerCase().includes(text.toLowerCase()));
  return (
    <div className="jp-wm-Chooser">
      <input
        className="jp-wm-Input"
        type="search"
        placeholder={trans.__('Filter metrics…')}
        aria-label={trans.__('Filter metrics')}
        value={text}
        onChange={event => setText(event.target.value)}
      />
      <div className="jp-wm-Buttons">
        <Button label={trans.__('All')} onClick={() => onChange([])} />
        <Button
          label={trans.__('Only these')}
          disabled={text === '' || found.length === 0}
          onClick={() => onChange(found)}
        />
      </div>
      <fieldset className="jp-wm-Chooser-list">
        <legend>{trans.__('Shown')}</legend>
        {found.map(key => (
          <label key={key}>
            <input
              type="checkbox"
              checked={shown.includes(key)}
              onChange={() => onChange(toggled(shown, key))}
            />
            {key}
          </label>
        ))}
      </fieldset>
    </div>
  );
}
