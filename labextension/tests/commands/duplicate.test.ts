import type { JupyterFrontEnd } from '@jupyterlab/application';
import { Notification } from '@jupyterlab/apputils';
import { nullTranslator } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';
import { afterEach, expect, it, vi } from 'vitest';

import { addDuplicateCommand } from '../../src/commands/duplicateCommand';
import type { SweepState } from '../../src/api/schemas';
import type { SweepsModel } from '../../src/models/sweepsModel';
import { Commands } from '../../src/tokens';
import { aRun } from '../factories';
import { aSweep } from '../sweeps';

const ARGS = { sweep: 'a', run: 'run00001' };
const params = { lr: 0.1, optimizer: 'adam', 'layer.sizes': [8, 4] };

function panel(state: SweepState, { isOpen = true } = {}) {
  const row = aRun(1, { params });
  const request = vi.fn(() => Promise.resolve());
  const model = {
    summary: () => aSweep('a', { name: 'mine', state }),
    run: () => (isOpen ? row : undefined),
    api: { run: () => Promise.resolve({ row }) },
    request
  };
  const commands = new CommandRegistry();
  addDuplicateCommand({
    app: { commands, shell: { currentWidget: null } } as unknown as JupyterFrontEnd,
    model: model as unknown as SweepsModel,
    trans: nullTranslator.load('wandb_magic')
  });
  return { commands, request };
}

function inputOf(node: Element, selector: string): HTMLInputElement {
  const found = node.querySelector<HTMLInputElement>(selector);
  if (found === null) {
    throw new Error(`there is no ${selector}`);
  }
  return found;
}

/** The dialog that is open; a later one than `earlier`. */
async function shown(earlier?: Element) {
  const node = await vi.waitUntil(() => {
    const found = document.querySelector('.jp-Dialog');
    return found !== earlier && found?.querySelector('.jp-wm-ParamsForm') ? found : null;
  });
  const field = (name: string) => {
    const label = [...node.querySelectorAll('label')].find(each => each.textContent === name);
    return inputOf(node, `#${label?.htmlFor}`);
  };
  const press = (label: string) =>
    [...node.querySelectorAll('button')].find(each => each.textContent === label)?.click();
  return { node, field, press };
}

const messages = () => Notification.manager.notifications.map(({ message }) => message);

afterEach(() => Notification.dismiss());

it('a run is added with the changes, whether or not its sweep is open', async () => {
  for (const isOpen of [true, false]) {
    const { commands, request } = panel('running', { isOpen });
    const adding = commands.execute(Commands.duplicateRun, ARGS);
    const { node, field, press } = await shown();
    expect(node.textContent).toContain('Duplicate run 1 with changes');
    expect(['lr', 'optimizer', 'layer.sizes'].map(name => field(name).value)).toEqual([
      '0.1',
      'adam',
      '[8,4]'
    ]);
    field('lr').value = '3e-2';
    field('layer.sizes').value = ' ';
    press('Add Run');
    await adding;
    expect(request).toHaveBeenCalledExactlyOnceWith('a', 'add', {
      params: { lr: 0.03, optimizer: 'adam' },
      force: false
    });
    expect(messages()).toContain('The run is queued.');
  }
});

it('a refusal is shown at its field, with what was entered, and can be forced', async () => {
  const { commands, request } = panel('paused');
  request.mockRejectedValueOnce(new Error('lr: 50 is outside its space'));
  const adding = commands.execute(Commands.duplicateRun, ARGS);
  const first = await shown();
  first.field('lr').value = '[5';
  first.press('Add Run');
  const second = await shown(first.node);
  expect(second.node.querySelector('[role=alert]')?.textContent).toContain(
    'lr: is not valid JSON'
  );
  expect(request).not.toHaveBeenCalled();
  second.field('lr').value = '50';
  second.press('Add Run');
  const third = await shown(second.node);
  expect(third.node.querySelector('[role=alert]')?.textContent).toBe(
    'lr: 50 is outside its space'
  );
  expect(third.field('lr').value).toBe('50');
  expect(third.field('lr').getAttribute('aria-invalid')).toBe('true');
  expect(third.field('optimizer').hasAttribute('aria-invalid')).toBe(false);
  inputOf(third.node, 'input[type=checkbox]').click();
  third.press('Add Run');
  await adding;
  expect(request).toHaveBeenLastCalledWith('a', 'add', {
    params: { ...params, lr: 50 },
    force: true
  });
  expect(messages()).toEqual(['The run is queued; it starts when the sweep is resumed.']);
});

it('nothing is added if the user cancels', async () => {
  const { commands, request } = panel('finished');
  const adding = commands.execute(Commands.duplicateRun, ARGS);
  (await shown()).press('Cancel');
  await adding;
  expect(request).not.toHaveBeenCalled();
  expect(messages()).toEqual([]);
});

it('is refused, with the reason, while the sweep takes no runs', async () => {
  const { commands, request } = panel('stopping');
  const reason = 'The sweep mine takes no runs while it is in the state stopping.';
  expect(commands.isVisible(Commands.duplicateRun, ARGS)).toBe(true);
  expect(commands.isEnabled(Commands.duplicateRun, ARGS)).toBe(false);
  expect(commands.caption(Commands.duplicateRun, ARGS)).toBe(reason);
  await commands.execute(Commands.duplicateRun, ARGS);
  expect(document.querySelector('.jp-Dialog')).toBeNull();
  expect(request).not.toHaveBeenCalled();
  expect(messages()).toEqual([reason]);
  expect(commands.isVisible(Commands.duplicateRun, { sweep: 'a' })).toBe(false);
});
