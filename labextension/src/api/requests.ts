// Made by scripts/wire from wandb_magic.requests.

import type { RunState, SweepState, SweepSummary } from './schemas';

/** The arguments of each request. */
export interface RequestArguments {
  stop: { drain?: boolean };
  pause: Record<string, never>;
  resume: Record<string, never>;
  stop_run: { run: string };
  rerun: { run: string };
  resume_run: { run: string };
  fork: { run: string; params?: Record<string, unknown>; force?: boolean };
  rerun_failed: { resume?: boolean };
  edit: { changes: Record<string, unknown>; earlier?: Record<string, unknown>; version?: number };
  add: { params: Record<string, unknown>; n?: number; force?: boolean };
  ask: { n?: number };
  tell: { run: string; values?: Record<string, unknown>; error?: string };
  tell_own: { params: Record<string, unknown>; values?: Record<string, unknown>; error?: string; force?: boolean };
  set_agents: { agents: number };
  set_count: { count: number | null };
  set_limits: { limits: Record<string, unknown> };
  annotate: { name?: string; notes?: string; tags?: string[]; baseline?: string };
  annotate_run: { run: string; name?: string; notes?: string; tags?: string[]; pinned?: boolean; hidden?: boolean };
  sync: Record<string, never>;
}

export type Verb = keyof RequestArguments;

/** The requests about one run. */
export type RunVerb = 'stop_run' | 'rerun' | 'resume_run' | 'fork' | 'tell' | 'annotate_run';

/** When a request is possible, and the state of the sweep after it. */
export interface IRequest {
  states: readonly SweepState[];
  runStates: readonly RunState[];
  modes: readonly string[];
  /** The count of a sweep that must not be 0. */
  needs: keyof SweepSummary | null;
  result: SweepState | null;
}

export const REQUESTS: Readonly<Record<Verb, IRequest>> = {
  stop: {
    states: ['pending', 'running', 'paused'],
    runStates: [],
    modes: ['offline', 'online'],
    needs: null,
    result: 'stopped'
  },
  pause: {
    states: ['running'],
    runStates: [],
    modes: ['offline', 'online'],
    needs: null,
    result: 'paused'
  },
  resume: {
    states: ['paused', 'stopped', 'failed', 'died'],
    runStates: [],
    modes: ['offline', 'online'],
    needs: null,
    result: null
  },
  stop_run: {
    states: [],
    runStates: ['pending', 'running'],
    modes: ['offline', 'online'],
    needs: null,
    result: null
  },
  rerun: {
    states: [],
    runStates: ['finished', 'failed', 'killed', 'stopped', 'pruned', 'lost'],
    modes: ['offline', 'online'],
    needs: null,
    result: null
  },
  resume_run: {
    states: [],
    runStates: ['failed', 'killed', 'stopped', 'pruned', 'lost'],
    modes: ['offline', 'online'],
    needs: null,
    result: null
  },
  fork: {
    states: [],
    runStates: ['running', 'finished', 'failed', 'killed', 'stopped', 'pruned', 'lost'],
    modes: ['offline', 'online'],
    needs: null,
    result: null
  },
  rerun_failed: {
    states: ['pending', 'running', 'paused', 'finished', 'stopped', 'failed', 'died'],
    runStates: [],
    modes: ['offline', 'online'],
    needs: 'failed',
    result: null
  },
  edit: {
    states: ['pending', 'running', 'paused', 'finished', 'stopped', 'failed', 'died'],
    runStates: [],
    modes: ['offline'],
    needs: null,
    result: null
  },
  add: {
    states: ['pending', 'running', 'paused', 'finished', 'stopped', 'failed', 'died'],
    runStates: [],
    modes: ['offline', 'online'],
    needs: null,
    result: null
  },
  ask: {
    states: ['running'],
    runStates: [],
    modes: ['offline', 'online'],
    needs: null,
    result: null
  },
  tell: {
    states: [],
    runStates: ['running'],
    modes: ['offline', 'online'],
    needs: null,
    result: null
  },
  tell_own: {
    states: [],
    runStates: [],
    modes: ['offline', 'online'],
    needs: null,
    result: null
  },
  set_agents: {
    states: ['pending', 'running', 'paused'],
    runStates: [],
    modes: ['offline', 'online'],
    needs: null,
    result: null
  },
  set_count: {
    states: ['pending', 'running', 'paused', 'finished'],
    runStates: [],
    modes: ['offline', 'online'],
    needs: null,
    result: null
  },
  set_limits: {
    states: ['pending', 'running', 'paused', 'finished', 'stopped', 'failed', 'died'],
    runStates: [],
    modes: ['offline', 'online'],
    needs: null,
    result: null
  },
  annotate: {
    states: ['pending', 'running', 'paused', 'stopping', 'finished', 'stopped', 'failed', 'died'],
    runStates: [],
    modes: ['offline', 'online'],
    needs: null,
    result: null
  },
  annotate_run: {
    states: [],
    runStates: ['pending', 'running', 'finished', 'failed', 'killed', 'stopped', 'pruned', 'lost'],
    modes: ['offline', 'online'],
    needs: null,
    result: null
  },
  sync: {
    states: ['pending', 'running', 'paused', 'stopping', 'finished', 'stopped', 'failed', 'died'],
    runStates: [],
    modes: ['offline'],
    needs: null,
    result: null
  }
};
