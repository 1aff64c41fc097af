/** Runs for tests, as the server sends them, with the fields that a test overrides. */

import type { RunRow } from '../src/api/schemas';

export function aRun(number: number, changes: Partial<RunRow> = {}): RunRow {
  return {
    id: `run${String(number).padStart(5, '0')}`,
    number,
    attempt: 0,
    proposer: 'search',
    version: 1,
    repeat_group: number,
    parent: null,
    agent: 0,
    name: `brisk-wave-${number}`,
    group: '',
    tags: [],
    notes: '',
    pinned: false,
    hidden: false,
    host: 'localhost',
    state: 'finished',
    cause: '',
    failure: '',
    created: 1000 + number,
    started: 1000 + number,
    ended: 1010 + number,
    value: number / 10,
    params: { lr: 10 ** -number, optimizer: number % 2 ? 'adam' : 'sgd' },
    summary: { loss: number / 10 },
    ...changes
  };
}

export function runs(count: number): RunRow[] {
  return Array.from({ length: count }, (_, number) => aRun(number));
}
