/** Asks for the limits of a sweep. */

import { Dialog, showDialog } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { Widget } from '@lumino/widgets';

import type { SweepSummary } from '../api/schemas';
import { type ILimitTexts, limitChanges, limitTexts } from '../models/limits';

/** The limits that the user has changed; null if there are none. */
export async function askLimits(
  sweep: SweepSummary,
  trans: TranslationBundle
): Promise<Record<string, unknown> | null> {
  let texts = limitTexts(sweep.limits);
  for (let problem = ''; ;) {
    const body = new LimitsForm(sweep, texts, problem, trans);
    const { button, value } = await showDialog<ILimitTexts>({
      title: trans.__('Limits of %1', sweep.name),
      body,
      buttons: [Dialog.cancelButton(), Dialog.okButton({ label: trans.__('Change') })]
    });
    if (!button.accept || value === null) {
      return null;
    }
    const changes = limitChanges(sweep.limits, value, trans);
    if (typeof changes !== 'string') {
      return Object.keys(changes).length === 0 ? null : changes;
    }
    texts = value;
    problem = changes;
  }
}

/** The form; a problem with an earlier answer stands below it. */
class LimitsForm extends Widget implements Dialog.IBodyWidget<ILimitTexts> {
  constructor(sweep: SweepSummary, texts: ILimitTexts, problem: string, trans: TranslationBundle) {
    super();
    this.addClass('jp-wm-LimitsForm');
    this._add(
      trans.__('No more runs start once one of these is reached; active runs may finish.'),
      'p'
    );
    this._time = this._field(trans.__('Time limit'), texts.max_time, trans.__('none, or 2 h'));
    this._cost = this._field(trans.__('Cost limit'), texts.max_cost, trans.__('none, or 20'));
    this._price = this._field(
      trans.__('Price per hour'),
      texts.price_per_hour,
      trans.__('unknown, or 1.50')
    );
    this._flat = this._field(trans.__('Until more runs would hardly help'), '', '', 'checkbox');
    this._flat.checked = texts.until_flat;
    if (!sweep.limits.can_be_flat && !texts.until_flat) {
      this._flat.disabled = true;
      this._add(trans.__('That needs one metric without constraints.'), 'p');
    }
    if (problem !== '') {
      this._add(problem, 'p').className = 'jp-wm-LimitsForm-problem';
    }
  }

  getValue(): ILimitTexts {
    return {
      max_time: this._time.value,
      max_cost: this._cost.value,
      price_per_hour: this._price.value,
      until_flat: this._flat.checked
    };
  }

  private _field(label: string, value: string, hint: string, type = 'text'): HTMLInputElement {
    const line = this._add('', 'label');
    const input = document.createElement('input');
    input.type = type;
    input.value = value;
    input.placeholder = hint;
    const text = document.createElement('span');
    text.textContent = label;
    if (type === 'text') {
      input.className = 'jp-mod-styled';
    }
    line.append(text, input);
    return input;
  }

  private _add(text: string, tag: 'p' | 'label'): HTMLElement {
    const element = document.createElement(tag);
    element.textContent = text;
    this.node.append(element);
    return element;
  }

  private readonly _time: HTMLInputElement;
  private readonly _cost: HTMLInputElement;
  private readonly _price: HTMLInputElement;
  private readonly _flat: HTMLInputElement;
}
