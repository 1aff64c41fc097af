import type { JupyterFrontEnd } from '@jupyterlab/application';
import { nullTranslator } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';
import { expect, it, vi } from 'vitest';

import { addSweepCommands } from '../../src/commands/sweepCommands';
import type { SweepsModel } from '../../src/models/sweepsModel';
import { Commands } from '../../src/tokens';
import { aSweep } from '../sweeps';

it('nothing is sent to W&B before the user agrees', async () => {
  const sweep = aSweep('a', { name: 'mine', mode: 'offline' });
  const request = vi.fn(() => Promise.resolve());
  const model = { sweeps: [sweep], unreadable: [], summary: () => sweep, request };
  const app = { commands: new CommandRegistry(), shell: { currentWidget: null } };
  addSweepCommands({
    app: app as unknown as JupyterFrontEnd,
    model: model as unknown as SweepsModel,
    trans: nullTranslator.load('wandb_magic')
  });
  const answer = async (button: string) => {
    const sending = app.commands.execute(Commands.sync, { sweep: 'a' });
    const dialog = await vi.waitUntil(() => document.querySelector('.jp-Dialog'));
    await vi.waitFor(() => expect(dialog.textContent).toContain('Send the sweep mine to W&B?'));
    expect(dialog.textContent).toContain('30 runs');
    const buttons = [...dialog.querySelectorAll('button')];
    buttons.find(each => each.textContent === button)?.click();
    await sending;
  };
  await answer('Cancel');
  expect(request).not.toHaveBeenCalled();
  await answer('Send');
  expect(request).toHaveBeenCalledExactlyOnceWith('a', 'sync', {});
});
