import { act } from 'react';
import { afterEach, describe, expect, it } from 'vitest';

import type { SweepModel } from '../../../src/models/sweepModel';
import { RunsTab } from '../../../src/views/sweep/runs/RunsTab';
import { runs } from '../../factories';
import {
  click,
  dispatch,
  type IRendering,
  rendered,
  settled,
  SweepServer,
  sweepsModel
} from '../../rendering';
import { aSweep } from '../../sweeps';

let view: IRendering | null = null;

// jsdom lays nothing out.
Element.prototype.scrollIntoView = () => undefined;

afterEach(() => view?.dispose());

async function box(): Promise<{ sweep: SweepModel; input: HTMLInputElement }> {
  const model = sweepsModel(new SweepServer(aSweep('abcd1234'), runs(6)));
  const sweep = model.acquire('abcd1234').model;
  sweep.follow();
  view = await rendered(model, <RunsTab sweep={sweep} />);
  await settled();
  const input = view.root.querySelector('input');
  if (input === null) {
    throw new Error('no field');
  }
  return { sweep, input };
}

function type(input: HTMLInputElement, text: string): void {
  act(() => {
    // React notices a new value only if its own setter is passed by.
    Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value')?.set?.call(input, text);
    input.setSelectionRange(text.length, text.length);
    input.dispatchEvent(new Event('input', { bubbles: true }));
  });
}

const press = (input: Element, key: string) =>
  dispatch(input, new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true }));
const status = () => view?.root.querySelector('.jp-wm-QueryBox-problem')?.textContent;
const options = () =>
  [...(view?.root.querySelectorAll('[role=option]') ?? [])].map(option => option.textContent);
const shown = (sweep: SweepModel) => sweep.filteredRuns.map(row => row.number);

describe('the field for a query', () => {
  it('selects runs, and keeps what it selected until the text is a query again', async () => {
    const { sweep, input } = await box();
    type(input, 'lr < 1e-3 and optimizer == adam');
    expect(shown(sweep)).toEqual([5]);
    type(input, 'lr <');
    expect(shown(sweep)).toEqual([5]);
    expect(input.getAttribute('aria-invalid')).toBe('true');
    expect(status()).toBe("column 5: expected a number after '<', not the end");
    type(input, 'lr < 0.5');
    expect(shown(sweep)).toEqual([1, 2, 3, 4, 5]);
    expect(status()).toBe('');
    type(input, 'lr < 0.5 and (');
    act(() => sweep.setViewState({ filter: { ...sweep.viewState.filter, text: '' } }));
    expect(input.value).toBe('');
    expect(shown(sweep)).toHaveLength(6);
  });

  it('says if no run has a name', async () => {
    const { sweep, input } = await box();
    type(input, 'lrr < 1');
    expect(shown(sweep)).toEqual([]);
    expect(status()).toBe('No run has lrr.');
  });

  it('completes with the keyboard and with a click', async () => {
    const { sweep, input } = await box();
    type(input, 'optimizer == s');
    expect(options()).toEqual(['sgd']);
    press(input, 'ArrowDown');
    expect(input.getAttribute('aria-activedescendant')).not.toBeNull();
    press(input, 'Enter');
    expect(input.value).toBe('optimizer == sgd ');
    expect(shown(sweep)).toEqual([0, 2, 4]);
    type(input, 'optimizer == sgd an');
    click(view?.root.querySelector('[role=option]') ?? input);
    expect(input.value).toBe('optimizer == sgd and ');
    type(input, 'optimizer == sgd and l');
    expect(options()).toContain('lr');
    press(input, 'Escape');
    expect(options()).toEqual([]);
    expect(input.value).toBe('optimizer == sgd and l');
  });
});
