// Made by scripts/wire from wandb_magic.server.schemas.

export type RunState = 'pending' | 'running' | 'finished' | 'failed' | 'killed' | 'stopped' | 'pruned' | 'lost';

export type SweepState = 'pending' | 'running' | 'paused' | 'stopping' | 'finished' | 'stopped' | 'failed' | 'died';

export type Proposer = '' | 'search' | 'wandb' | 'user' | 'rerun' | 'retry' | 'repeat' | 'fork';

export type Axis = 'step' | 'time';

export type Stream = 'history' | 'system';

/** The summary of a sweep, as shown in a list. `count` is its budget, `ended` how many sets of parameters have been run, `all_failed` whether it has finished without one run that did not fail, `remaining` the seconds until it ends, as estimated, and `remaining_range` an interval that holds four times of five; `elapsed` the seconds for which it has been running, without pauses, and `cost` what that has cost, null without a price. `limits` are what ends it besides its count, `repeat` is how many runs each set of parameters has, and `imported` whether it never ran here. `version` counts the versions of the spec from 1; `spark` is the best value so far by run, downsampled. `cause` says why it waits, starts no more runs, or has ended. `notes`, `tags` and `baseline`, the id of a run, are what users have given it. */
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
  all_failed: boolean;
  remaining: number | null;
  remaining_range: number[] | null;
  elapsed: number;
  cost: number | null;
  limits: Limits;
  repeat: number;
  imported: boolean;
  version: number;
  metric: string | null;
  goal: 'minimize' | 'maximize' | null;
  objective: 'best' | 'last' | 'min' | 'max' | 'mean' | 'first';
  best: Best | null;
  spark: number[];
  notices: string[];
  notes: string;
  tags: string[];
  baseline: string | null;
}

/** What ends a sweep besides its number of runs, and the price of an hour; null if not set. `max_time` is in seconds. `until_flat` ends it once other parameters would hardly be better; `can_be_flat` says whether it may: that needs one metric, and no constraints. */
export interface Limits {
  max_time: number | null;
  max_cost: number | null;
  price_per_hour: number | null;
  until_flat: boolean;
  can_be_flat: boolean;
}

/** The best run of a sweep. With repeats, it is the first run of the set of parameters with the best mean: `value` is the mean of `runs` runs, and `spread` their standard deviation. */
export interface Best {
  id: string;
  number: number;
  value: number | null;
  params: Record<string, unknown>;
  runs: number;
  spread: number | null;
}

/** All sweeps of this user on this machine, newest first, and those that cannot be read. */
export interface Sweeps {
  sweeps: SweepSummary[];
  unreadable: Unreadable[];
}

/** A sweep whose store cannot be read, and the reason. */
export interface Unreadable {
  id: string;
  name: string;
  reason: string;
}

/** The part of a sweep that changes only if its spec is edited. `spec` is the validated config, `yaml` the same as YAML text, `code` the cell or function, `kind` whether a cell, a function or the spec's command is run. `notebook` is the notebook that started it, relative to the server's root, if it is known and below the root. */
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

/** A captured variable; `size` in bytes. */
export interface Captured {
  name: string;
  kind: string;
  size: number;
}

/** A run as a row of the table; parameters and summary by dotted key, without nested values. `failure` is the last line of its traceback if it failed, `version` the version of the spec that its parameters are from. Runs with the same `repeat_group` repeat the same parameters: it is the number of the first of them. `parent` is the id of the run that a fork continues. Users pin and hide runs. */
export interface RunRow {
  id: string;
  number: number;
  attempt: number;
  agent: number;
  name: string;
  group: string;
  tags: string[];
  notes: string;
  pinned: boolean;
  hidden: boolean;
  host: string;
  state: RunState;
  cause: string;
  failure: string;
  created: number;
  started: number | null;
  ended: number | null;
  value: number | null;
  proposer: Proposer;
  version: number;
  repeat_group: number;
  parent: string | null;
  params: Record<string, unknown>;
  summary: Record<string, unknown>;
}

/** A leased share of a GPU: who has it, "" if unknown, and how much; `memory` in bytes. */
export interface GpuShare {
  sweep: string;
  run: string;
  fraction: number;
  memory: number;
}

/** A GPU or a MIG slice, and the shares that any sweep has of it. `label` is what stands for it in ``CUDA_VISIBLE_DEVICES``, `memory` what it has, in bytes. `busy` (percent) and `used` (bytes) are of all programs, as W&B measured them last in a run of the sweep. `out_until` is when it is tried again, if it was taken out after errors. */
export interface Gpu {
  id: string;
  label: string;
  name: string;
  memory: number | null;
  shares: GpuShare[];
  busy: number | null;
  used: number | null;
  out_until: number | null;
}

/** A machine, or a worker of a cluster, and the runs of the sweep that it executes. `address` is that of a worker, else "", `slots` how many runs it executes at a time, null if only the agents limit them; `problem` says why it gets no runs, and `out_until` when it is tried again. */
export interface Host {
  name: string;
  address: string;
  slots: number | null;
  runs: string[];
  gpus: Gpu[];
  problem: string;
  out_until: number | null;
}

/** What executes the runs of a sweep; without hosts if nothing does, or if it is not known. `problem` says why no host can be reached at present. */
export interface Resources {
  hosts: Host[];
  problem: string;
}

/** A page of runs; passing `mark` as ``since`` returns what has changed since then. */
export interface RunsPage {
  rows: RunRow[];
  total: number;
  mark: string;
}

/** The keys that runs of a sweep logged, by stream, in alphabetical order. */
export interface Keys {
  history: string[];
  system: string[];
  media: string[];
}

/** The curve of one key of one run, or the part of it that starts at point number `start`. `x` is the step, or the seconds since the run's start; `high` is null if every point is exact, otherwise a point represents all values from `low` to `high`. */
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

/** Quantiles over `runs` of the `total` runs that logged a key, at each `x`. A run has no value outside its own range of x: `fewest` is the smallest number of runs that a quantile is of. */
export interface Band {
  x: number[];
  lowest: (number | null)[];
  lower: (number | null)[];
  median: (number | null)[];
  upper: (number | null)[];
  highest: (number | null)[];
  runs: number;
  fewest: number;
  total: number;
}

/** How much each parameter matters for the metric, most important first. `quantile` is the share of the best runs that the evaluator compares with all, if it does. */
export interface Importance {
  evaluator: string;
  quantile: number | null;
  metric: string;
  runs: number;
  warning: string;
  parameters: ParameterImportance[];
}

/** The share of one parameter, and its rank correlation (Spearman) with the objective. `uncertainty` is the standard deviation of the share between random samples of the runs. */
export interface ParameterImportance {
  name: string;
  importance: number;
  uncertainty: number;
  correlation: number | null;
}

/** One run with everything that its view shows, except curves, media, logs and files. `error` is the user's traceback, `info` what W&B shows in a run's header, `charts` how tables are drawn, by the key of the table. */
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

/** How W&B draws a logged table, as set by ``wandb.plot``. `key` is the logged key, `kind` W&B's name of the chart definition; `fields` maps the definition's names to columns, and `texts` to titles. */
export interface Chart {
  key: string;
  kind: string;
  fields: Record<string, string>;
  texts: Record<string, string>;
}

/** One logged value that is not a number, as W&B's JSON (``_type`` is its type). */
export interface MediaItem {
  key: string;
  step: number;
  time: number | null;
  value: unknown;
}

/** The values other than numbers that a run logged, in order. */
export interface Media {
  items: MediaItem[];
}

/** Lines of a run's output, starting at number `first` (from 0), of `total` lines so far. */
export interface LogPage {
  first: number;
  lines: string[];
  total: number;
  size: number;
  ended: boolean;
}

/** Numbers of the lines that contain a text, in order; `more` if there are further ones. */
export interface LogMatches {
  lines: number[];
  more: boolean;
}

/** A file that a run saved; `path` in its folder, `size` in bytes, null if it is missing. */
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

/** Changes of all sweeps. */
export interface SweepsTopic {
  topic: 'sweeps';
}

/** The runs of a sweep that change after the cursor `mark`, and its keys. */
export interface RunsTopic {
  topic: 'runs';
  sweep: string;
  mark: string;
}

/** Growing curves of some runs. */
export interface CurvesTopic {
  topic: 'curves';
  sweep: string;
  stream: Stream;
  keys: string[];
  runs: string[];
  axis: Axis;
}

/** The details of one run. */
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

/** What executes the runs of a sweep. */
export interface ResourcesTopic {
  topic: 'resources';
  sweep: string;
}

export type Topic = SweepsTopic | RunsTopic | CurvesTopic | RunTopic | LogTopic | ResourcesTopic;

/** From the client: all open topics, by names that it chooses; replaces earlier messages. */
export interface Open {
  open: Record<string, Topic>;
}

/** Changed sweeps, and ids of those that no longer exist; `whole` if these are all sweeps. */
export interface SweepsMessage {
  kind: 'sweeps';
  to: string;
  whole: boolean;
  changed: SweepSummary[];
  unreadable: Unreadable[];
  gone: string[];
}

/** Changed runs; `keys` if the keys have changed. */
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

/** Changed details of a run. */
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

/** What executes the runs, once that has changed. */
export interface ResourcesMessage {
  kind: 'resources';
  to: string;
  resources: Resources;
}

/** The reason why a topic cannot be read at the moment. */
export interface ProblemMessage {
  kind: 'problem';
  to: string;
  message: string;
}

export type Message = SweepsMessage | RunsMessage | CurvesMessage | RunMessage | LogMessage | ResourcesMessage | ProblemMessage;

/** From the server: a message batch; batches are numbered from 1 without gaps. */
export interface Frame {
  seq: number;
  messages: Message[];
}
