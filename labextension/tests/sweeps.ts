/** Sweeps for tests, as the server sends them, with the fields that a test overrides. */

import type { SweepSummary } from '../src/api/schemas';

export function aSweep(id: string, changes: Partial<SweepSummary> = {}): SweepSummary {
  return {
    id,
    name: `sweep ${id}`,
    project: 'digits',
    entity: '',
    mode: 'offline',
    state: 'finished',
    cause: '',
    folder: `/somewhere/wandb/sweep-${id}`,
    url: null,
    created: 1000,
    started: 1000,
    finished: 1100,
    agents: 2,
    count: 30,
    ended: 30,
    running: 0,
    failed: 0,
    all_failed: false,
    remaining: null,
    remaining_range: null,
    elapsed: 100,
    cost: null,
    limits: {
      max_time: null,
      max_cost: null,
      price_per_hour: null,
      until_flat: false,
      can_be_flat: true
    },
    repeat: 1,
    imported: false,
    version: 1,
    metric: 'accuracy',
    goal: 'maximize',
    objective: 'best',
    best: {
      id: 'run00014',
      number: 14,
      value: 0.91341,
      params: { lr: 0.1 },
      runs: 1,
      spread: null
    },
    spark: [0.5, 0.9],
    notices: [],
    notes: '',
    tags: [],
    baseline: null,
    ...changes
  };
}
