/** The fields of a run's parameters, as the body of a dialog. */

import type { Dialog } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { Widget } from '@lumino/widgets';

/** The texts of the fields by the names of the parameters. */
export type ParamTexts = Readonly<Record<string, string>>;

export class ParamsForm extends Widget implements Dialog.IBodyWidget<ParamTexts> {
  /**
   * @param texts The texts to edit.
   * @param problem Why the last answer was refused; it begins with the parameter that it is about.
   */
  constructor(texts: ParamTexts, problem: string, trans: TranslationBundle) {
    super();
    this.addClass('jp-wm-ParamsForm');
    const add = <K extends keyof HTMLElementTagNameMap>(
      parent: HTMLElement,
      tag: K,
      className: string,
      text = ''
    ): HTMLElementTagNameMap[K] => {
      const element = parent.appendChild(document.createElement(tag));
      element.className = className;
      element.textContent = text;
      return element;
    };
    add(this.node, 'p', '', trans.__('A field that is empty is drawn at random.'));
    if (problem !== '') {
      add(this.node, 'p', 'jp-wm-ParamsForm-problem', problem).setAttribute('role', 'alert');
    }
    const grid = add(this.node, 'div', 'jp-wm-ParamsForm-fields');
    for (const [name, text] of Object.entries(texts)) {
      const label = add(grid, 'label', '', name);
      const field = add(grid, 'input', 'jp-wm-Input');
      // Lumino's ids are unique in the page.
      field.id = `${this.id}-${this._fields.size}`;
      label.htmlFor = field.id;
      field.value = text;
      field.spellcheck = false;
      field.placeholder = trans.__('at random');
      if (problem.startsWith(`${name}: `)) {
        field.setAttribute('aria-invalid', 'true');
      }
      this._fields.set(name, field);
    }
  }

  getValue(): ParamTexts {
    return Object.fromEntries([...this._fields].map(([name, field]) => [name, field.value]));
  }

  private readonly _fields = new Map<string, HTMLInputElement>();
}
