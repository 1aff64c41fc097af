// Made by scripts/wire from wandb_magic.server.schemas, wandb_magic.server.request_body, wandb_magic.server.message_schemas.

export type RunState = 'pending' | 'running' | 'finished' | 'failed' | 'killed' | 'stopped' | 'pruned' | 'lost';

export type SweepState = 'pending' | 'running' | 'paused' | 'stopping' | 'finished' | 'stopped' | 'failed' | 'died';

export type Axis = 'step' | 'time';

export type Stream = 'history' | 'system';

/** How a sweep stands: all that a list shows of it. `count` is its budget, `ended` how many sets of parameters have been run, `remaining` the seconds until the budget is used up; `spark` is the best value so far, run by run, thinned. */
export interface SweepSummary {
  id: string;
  name: string;
  project: string;
  entity: string;
  mode: string;
  state: SweepState;
  cause: string;
  folder: string;
  url: string | null;
  created: number;
  started: number | null;
  finished: number | null;
  agents: number;
  count: number | null;
  ended: number;
  running: number;
  failed: number;
  remaining: number | null;
  metric: string | null;
  goal: 'minimize' | 'maximize' | null;
  best: Best | null;
  spark: number[];
  notices: string[];
}

/** The best run of a sweep. */
export interface Best {
  id: string;
  number: number;
  value: number | null;
  params: Record<string, unknown>;
}

/** All sweeps of this user on this machine, newest first, and how many cannot be read. */
export interface Sweeps {
  sweeps: SweepSummary[];
  unreadable: Unreadable[];
}

/** A sweep whose store cannot be read, and why. */
export interface Unreadable {
  id: string;
  name: string;
  reason: string;
}

/** What stays the same while a sweep goes on. `spec` is the validated config, `yaml` the same for people, `code` the cell or function, `program` whether the spec's command is run instead. `notebook` is where it was started, relative to the server's root, if that is known and below it. */
export interface SweepDetail {
  id: string;
  spec: Record<string, unknown>;
  yaml: string;
  kind: 'cell' | 'function' | 'command';
  code: string;
  line: string;
  captured: Captured[];
  imports: string[];
  python: string;
  directory: string;
  notebook: string | null;
  options: Record<string, unknown>;
}

/** A variable that went along; `size` in bytes. */
export interface Captured {
  name: string;
  kind: string;
  size: number;
}

/** A run as the table shows it; parameters and summary by dotted key, numbers and texts only. `failure` is the last line of its traceback. */
export interface RunRow {
  id: string;
  number: number;
  attempt: number;
  agent: number;
  name: string;
  group: string;
  tags: string[];
  host: string;
  state: RunState;
  cause: string;
  failure: string;
  created: number;
  started: number | null;
  ended: number | null;
  value: number | null;
  params: Record<string, unknown>;
  summary: Record<string, unknown>;
}

/** A page of runs; with `mark` as ``since``, what has changed since then is returned. */
export interface RunsPage {
  rows: RunRow[];
  total: number;
  mark: string;
}

/** What runs of a sweep logged, by stream, in alphabetical order. */
export interface Keys {
  history: string[];
  system: string[];
  media: string[];
}

/** One key of one run, or the part of it from point number `start` on. `x` is the step, or the seconds since the run's start; `high` is null where every point is itself, otherwise a point stands for all values from `low` to `high`. */
export interface Curve {
  run: string;
  key: string;
  start: number;
  x: number[];
  low: (number | null)[];
  high: (number | null)[] | null;
}

/** Curves, in no special order. */
export interface Curves {
  curves: Curve[];
}

/** Quantiles over `runs` of the `total` runs that logged a key, at each `x`. */
export interface Band {
  x: number[];
  lowest: (number | null)[];
  lower: (number | null)[];
  median: (number | null)[];
  upper: (number | null)[];
  highest: (number | null)[];
  runs: number;
  total: number;
}

/** How much each parameter matters for the objective, by a named evaluator, largest first. */
export interface Importance {
  evaluator: string;
  metric: string;
  runs: number;
  warning: string;
  parameters: ParameterImportance[];
}

/** The share of one parameter, and its rank correlation (Spearman) with the objective. */
export interface ParameterImportance {
  name: string;
  importance: number;
  correlation: number | null;
}

/** One run with everything that a page about it shows besides curves, media, logs and files. `error` is the user's traceback, `info` what W&B shows at a run's head, `charts` how tables are drawn, by the key of the table. */
export interface RunDetail {
  row: RunRow;
  error: string;
  exit_code: number | null;
  folder: string;
  url: string | null;
  gpus: string;
  info: Record<string, unknown>;
  config: Record<string, unknown>;
  summary: Record<string, unknown>;
  charts: Record<string, Chart>;
}

/** How W&B draws a logged table, as ``wandb.plot`` says. `key` is the one that was logged, `kind` W&B's name of the definition, `fields` has columns and `texts` titles by the definition's names for them. */
export interface Chart {
  key: string;
  kind: string;
  fields: Record<string, string>;
  texts: Record<string, string>;
}

/** One logged value that is no number, as W&B's JSON (``_type`` tells what it is). */
export interface MediaItem {
  key: string;
  step: number;
  time: number | null;
  value: unknown;
}

/** What a run logged besides numbers, in order. */
export interface Media {
  items: MediaItem[];
}

/** Lines of a run's output from line number `first` (from 0) on; `total` lines so far. */
export interface LogPage {
  first: number;
  lines: string[];
  total: number;
  size: number;
  ended: boolean;
}

/** Numbers of the lines that contain a text, from the first on; `more` if there are more. */
export interface LogMatches {
  lines: number[];
  more: boolean;
}

/** A file that a run saved; `path` below its folder, `size` in bytes, None if it is gone. */
export interface File {
  path: string;
  size: number | null;
  type: string;
}

/** An artifact that a run logged or used. */
export interface Artifact {
  name: string;
  type: string;
  aliases: string[];
  used: boolean;
  metadata: Record<string, unknown>;
}

/** The files and artifacts of a run. */
export interface Files {
  files: File[];
  artifacts: Artifact[];
}

/** The body of every error: one sentence. */
export interface Problem {
  message: string;
}

export type Verb = 'stop' | 'pause' | 'resume' | 'stop_run' | 'rerun' | 'resume_run' | 'rerun_failed' | 'set_agents' | 'set_count' | 'sync';

/** What a person asks of a sweep; which of the others it takes depends on the verb. ``stop`` takes `drain`; ``stop_run``, ``rerun`` and ``resume_run`` take `run`; ``rerun_failed`` takes `resume`, ``set_agents`` takes `agents`, ``set_count`` takes `count`; the others are null. */
export interface RequestBody {
  verb: Verb;
  run: string | null;
  drain: boolean | null;
  resume: boolean | null;
  agents: number | null;
  count: number | null;
}

/** All sweeps, as they change. */
export interface SweepsTopic {
  topic: 'sweeps';
}

/** The runs of a sweep that change after `mark`, and its keys. */
export interface RunsTopic {
  topic: 'runs';
  sweep: string;
  mark: string;
}

/** Curves of some runs, as they grow. */
export interface CurvesTopic {
  topic: 'curves';
  sweep: string;
  stream: Stream;
  keys: string[];
  runs: string[];
  axis: Axis;
}

/** One run's page. */
export interface RunTopic {
  topic: 'run';
  sweep: string;
  run: string;
}

/** The end of one run's output. */
export interface LogTopic {
  topic: 'log';
  sweep: string;
  run: string;
}

export type Topic = SweepsTopic | RunsTopic | CurvesTopic | RunTopic | LogTopic;

/** From the page: all that it has open, by its own names; replaces what it said before. */
export interface Open {
  open: Record<string, Topic>;
}

/** Sweeps that have changed, and ids of those that are gone; `whole` if these are all. */
export interface SweepsMessage {
  kind: 'sweeps';
  to: string;
  whole: boolean;
  changed: SweepSummary[];
  unreadable: Unreadable[];
  gone: string[];
}

/** Runs that have changed; `keys` if those have. */
export interface RunsMessage {
  kind: 'runs';
  to: string;
  page: RunsPage;
  keys: Keys | null;
}

/** Curves that have grown. */
export interface CurvesMessage {
  kind: 'curves';
  to: string;
  curves: Curve[];
}

/** A run's page that has changed. */
export interface RunMessage {
  kind: 'run';
  to: string;
  run: RunDetail;
  media: number;
}

/** The last lines of an output that has grown. */
export interface LogMessage {
  kind: 'log';
  to: string;
  page: LogPage;
}

/** Why a topic cannot be followed (any more). */
export interface ProblemMessage {
  kind: 'problem';
  to: string;
  message: string;
}

export type Message = SweepsMessage | RunsMessage | CurvesMessage | RunMessage | LogMessage | ProblemMessage;

/** From the server: some messages; frames are numbered from 1 without a gap. */
export interface Frame {
  seq: number;
  messages: Message[];
}
