import { nullTranslator } from '@jupyterlab/translation';
import { describe, expect, it } from 'vitest';

import { findCell } from '../../src/commands/cellSearch';
import { assignmentCode, bestParamsCode } from '../../src/pythonCode';
import { notificationFor } from '../../src/models/stateNotification';
import * as capabilities from '../../src/models/capabilities';
import type { RunState, SweepState } from '../../src/api/schemas';
import { aSweep } from '../sweeps';

const trans = nullTranslator.load('wandb_magic');

describe('JSON as Python', () => {
  it('uses Python’s literals', () => {
    expect(assignmentCode('x', null)).toBe('x = None');
    expect(assignmentCode('x', [true, false, 1e-7, -2.5, 'a "b"\n\\'])).toBe(
      'x = [True, False, 1e-7, -2.5, "a \\"b\\"\\n\\\\"]'
    );
  });

  it('has one key per line, including nested objects', () => {
    expect(
      assignmentCode('best', { lr: 0.1, optimizer: { name: 'adam', betas: [0.9, 0.99] } })
    ).toBe(
      `best = {
    "lr": 0.1,
    "optimizer": {
        "name": "adam",
        "betas": [0.9, 0.99],
    },
}`
    );
    expect(assignmentCode('best', {})).toBe('best = {}');
  });

  it('names the origin of the best parameters in one line, for any name', () => {
    const best = {
      id: 'run00014',
      number: 14,
      value: 0.91341,
      params: { lr: 0.1 },
      runs: 1,
      spread: null
    };
    const sweep = aSweep('a', { name: 'two\nlines = 1', best });
    const [comment, ...code] = bestParamsCode(sweep, best).split('\n');
    expect(comment).toBe('# two lines = 1, run 14: accuracy 0.91341');
    expect(code.join('\n')).toBe('best = {\n    "lr": 0.1,\n}');
  });
});

describe('the cell that contains a text', () => {
  const cells = [
    'import wandb',
    '%%wandb_sweep config --count 20\nwith wandb.init():\n    1',
    'x = 1'
  ];

  it.each([
    [`${cells[1]}\n`, 1],
    ['%%wandb_sweep config --count 20', 1],
    ['%%wandb_sweep config --count 20\nwhat has been changed since', 1],
    ['  x = 1', 2],
    ['y = 1', -1],
    ['', -1]
  ])('for %j has index %i', (text, place) => {
    expect(findCell(cells, text)).toBe(place);
  });

  it('prefers an exact match', () => {
    expect(findCell(['a = 1\nb', 'a = 1'], 'a = 1')).toBe(1);
  });
});

describe('requests to a sweep', () => {
  const can = (state: SweepState) => {
    const sweep = aSweep('a', { state });
    const requests = (['pause', 'resume', 'stop'] as const).filter(verb =>
      capabilities.canRequest(verb, sweep)
    );
    return capabilities.canDelete(sweep) ? [...requests, 'delete'] : requests;
  };

  it.each<[SweepState, string[]]>([
    ['pending', ['stop']],
    ['running', ['pause', 'stop']],
    ['paused', ['resume', 'stop']],
    ['stopping', []],
    ['stopped', ['resume', 'delete']],
    ['failed', ['resume', 'delete']],
    ['died', ['resume', 'delete']],
    ['finished', ['delete']]
  ])('that is %s: %j', (state, expected) => {
    expect(can(state)).toEqual(expected);
  });
});

describe('sending a sweep to W&B', () => {
  it('is for offline sweeps, whatever their state', () => {
    const sweep = (mode: string) => aSweep('a', { mode, state: 'finished' });
    expect(capabilities.canRequest('sync', sweep('offline'))).toBe(true);
    expect(capabilities.canRequest('sync', sweep('online'))).toBe(false);
  });
});

describe('requests to a run', () => {
  it('allow resuming if the run has ended without success', () => {
    const canResume = (state: RunState) => capabilities.canRequestForRun('resume_run', state);
    const states: RunState[] = ['pending', 'running', 'finished'];
    expect(states.filter(canResume)).toEqual([]);
    const ended: RunState[] = ['failed', 'killed', 'stopped', 'pruned', 'lost'];
    expect(ended.filter(canResume)).toEqual(ended);
  });

  it('allow rerunning what failed, unless the sweep is being stopped', () => {
    expect(capabilities.canRequest('rerun_failed', aSweep('a', { failed: 0 }))).toBe(false);
    expect(
      capabilities.canRequest('rerun_failed', aSweep('a', { failed: 2, state: 'finished' }))
    ).toBe(true);
    expect(
      capabilities.canRequest('rerun_failed', aSweep('a', { failed: 2, state: 'stopping' }))
    ).toBe(false);
  });
});

describe('a notification', () => {
  const told = (state: SweepState, wanted: 'all' | 'problems' | 'none', cause = '') =>
    notificationFor(
      {
        sweep: aSweep('a', { name: 'digits', state, cause }),
        previous: 'running',
        isRequested: false
      },
      wanted,
      trans
    );

  it('says how the sweep ended', () => {
    expect(told('finished', 'all')).toEqual({
      kind: 'success',
      message: 'Sweep digits has finished: 30 runs, best 0.9134'
    });
    expect(told('paused', 'all', 'the first 3 runs failed')).toEqual({
      kind: 'warning',
      message: 'Sweep digits: paused, the first 3 runs failed'
    });
    expect(told('stopped', 'all', 'stopped on request')?.message).toBe(
      'Sweep digits: stopped on request'
    );
    expect(told('died', 'all')?.kind).toBe('error');
  });

  it('is an error if a sweep finished without a run that did not fail', () => {
    const sweep = aSweep('a', { name: 'digits', ended: 3, failed: 3, all_failed: true });
    const change = { sweep, previous: 'running', isRequested: false } as const;
    const expected = {
      kind: 'error',
      message: 'Sweep digits has finished: all runs failed (3 runs)'
    };
    expect(notificationFor(change, 'problems', trans)).toEqual(expected);
    expect(notificationFor(change, 'none', trans)).toBeNull();
  });

  it('is not shown for an active sweep', () => {
    expect(told('running', 'all')).toBeNull();
    expect(told('stopping', 'all')).toBeNull();
  });

  it('can be limited to problems, or turned off', () => {
    const all: SweepState[] = ['finished', 'stopped', 'paused', 'failed', 'died'];
    const kept = (wanted: 'problems' | 'none') =>
      all.filter(state => told(state, wanted) !== null);
    expect(kept('problems')).toEqual(['paused', 'failed', 'died']);
    expect(kept('none')).toEqual([]);
  });
});
