"""The schemas of the JSON objects of the REST interface, and of the WebSocket's messages.

The bodies of requests derive from `requests.REQUESTS`. ``scripts/wire`` generates
`labextension/src/api/schemas.ts` and the schemas of `docs/rest-api.yml`, and a test compares them.
Times are seconds since the epoch. JSON has neither NaN nor infinities: in plotted numbers
(``value``, curves) they are null, in parameters and summaries the strings ``NaN``, ``Infinity``
and ``-Infinity``.
"""

from __future__ import annotations

from typing import Any, Literal, TypedDict

RunState = Literal[
    "pending", "running", "finished", "failed", "killed", "stopped", "pruned", "lost"
]
SweepState = Literal[
    "pending", "running", "paused", "stopping", "finished", "stopped", "failed", "died"
]
"""A sweep that ``died`` should be running but has no supervisor; ``resume`` restarts it."""

Proposer = Literal["", "search", "wandb", "user", "rerun", "retry", "repeat", "fork"]
"""Who proposed the parameters of a run; "" if unknown."""

Axis = Literal["step", "time"]
Stream = Literal["history", "system"]


class SweepSummary(TypedDict):
    """The summary of a sweep, as shown in a list.

    `count` is its budget, `ended` how many sets of parameters have been run, `all_failed`
    whether it has finished without one run that did not fail, `remaining` the seconds until
    it ends, as estimated, and `remaining_range` an interval that holds four times of five;
    `elapsed` the seconds for which it has been running, without pauses, and `cost` what that has
    cost, null without a price. `limits` are what ends it besides its count, `repeat` is how many
    runs each set of parameters has, and `imported` whether it never ran here. `version` counts the
    versions of the spec from 1; `spark` is the best value so far by run, downsampled. `cause` says
    why it waits, starts no more runs, or has ended. `notes`, `tags` and `baseline`, the id of a
    run, are what users have given it.
    """

    id: str
    name: str
    project: str
    entity: str
    mode: str
    state: SweepState
    cause: str
    folder: str
    url: str | None
    created: float
    started: float | None
    finished: float | None
    agents: int
    count: int | None
    ended: int
    running: int
    failed: int
    all_failed: bool
    remaining: float | None
    remaining_range: list[float] | None
    elapsed: float
    cost: float | None
    limits: Limits
    repeat: int
    imported: bool
    version: int
    metric: str | None
    goal: Literal["minimize", "maximize"] | None
    objective: Literal["best", "last", "min", "max", "mean", "first"]
    best: Best | None
    spark: list[float]
    notices: list[str]
    notes: str
    tags: list[str]
    baseline: str | None


class Limits(TypedDict):
    """What ends a sweep besides its number of runs, and the price of an hour; null if not set.

    `max_time` is in seconds. `until_flat` ends it once other parameters would hardly be better;
    `can_be_flat` says whether it may: that needs one metric, and no constraints.
    """

    max_time: float | None
    max_cost: float | None
    price_per_hour: float | None
    until_flat: bool
    can_be_flat: bool


class Best(TypedDict):
    """The best run of a sweep.

    With repeats, it is the first run of the set of parameters with the best mean: `value` is the
    mean of `runs` runs, and `spread` their standard deviation.
    """

    id: str
    number: int
    value: float | None
    params: dict[str, Any]
    runs: int
    spread: float | None


class Sweeps(TypedDict):
    """All sweeps of this user on this machine, newest first, and those that cannot be read."""

    sweeps: list[SweepSummary]
    unreadable: list[Unreadable]


class Unreadable(TypedDict):
    """A sweep whose store cannot be read, and the reason."""

    id: str
    name: str
    reason: str


class SweepDetail(TypedDict):
    """The part of a sweep that changes only if its spec is edited.

    `spec` is the validated config, `yaml` the same as YAML text, `code` the cell or function,
    `kind` whether a cell, a function or the spec's command is run. `notebook` is the notebook that
    started it, relative to the server's root, if it is known and below the root.
    """

    id: str
    spec: dict[str, Any]
    yaml: str
    kind: Literal["cell", "function", "command"]
    code: str
    line: str
    captured: list[Captured]
    imports: list[str]
    python: str
    directory: str
    notebook: str | None
    options: dict[str, Any]


class Captured(TypedDict):
    """A captured variable; `size` in bytes."""

    name: str
    kind: str
    size: int


class RunRow(TypedDict):
    """A run as a row of the table; parameters and summary by dotted key, without nested values.

    `failure` is the last line of its traceback if it failed, `version` the version of the spec
    that its parameters are from. Runs with the same `repeat_group` repeat the same parameters: it
    is the number of the first of them. `parent` is the id of the run that a fork continues. Users
    pin and hide runs.
    """

    id: str
    number: int
    attempt: int
    agent: int
    name: str
    group: str
    tags: list[str]
    notes: str
    pinned: bool
    hidden: bool
    host: str
    state: RunState
    cause: str
    failure: str
    created: float
    started: float | None
    ended: float | None
    value: float | None
    proposer: Proposer
    version: int
    repeat_group: int
    parent: str | None
    params: dict[str, Any]
    summary: dict[str, Any]


class GpuShare(TypedDict):
    """A leased share of a GPU: who has it, "" if unknown, and how much; `memory` in bytes."""

    sweep: str
    run: str
    fraction: float
    memory: int


class Gpu(TypedDict):
    """A GPU or a MIG slice, and the shares that any sweep has of it.

    `label` is what stands for it in ``CUDA_VISIBLE_DEVICES``, `memory` what it has, in bytes.
    `busy` (percent) and `used` (bytes) are of all programs, as W&B measured them last in a run of
    the sweep. `out_until` is when it is tried again, if it was taken out after errors.
    """

    id: str
    label: str
    name: str
    memory: int | None
    shares: list[GpuShare]
    busy: float | None
    used: float | None
    out_until: float | None


class Host(TypedDict):
    """A machine, or a worker of a cluster, and the runs of the sweep that it executes.

    `address` is that of a worker, else "", `slots` how many runs it executes at a time, null if
    only the agents limit them; `problem` says why it gets no runs, and `out_until` when it is
    tried again.
    """

    name: str
    address: str
    slots: int | None
    runs: list[str]
    gpus: list[Gpu]
    problem: str
    out_until: float | None


class Resources(TypedDict):
    """What executes the runs of a sweep; without hosts if nothing does, or if it is not known.

    `problem` says why no host can be reached at present.
    """

    hosts: list[Host]
    problem: str


class RunsPage(TypedDict):
    """A page of runs; passing `mark` as ``since`` returns what has changed since then."""

    rows: list[RunRow]
    total: int
    mark: str


class Keys(TypedDict):
    """The keys that runs of a sweep logged, by stream, in alphabetical order."""

    history: list[str]
    system: list[str]
    media: list[str]


class Curve(TypedDict):
    """The curve of one key of one run, or the part of it that starts at point number `start`.

    `x` is the step, or the seconds since the run's start; `high` is null if every point is exact,
    otherwise a point represents all values from `low` to `high`.
    """

    run: str
    key: str
    start: int
    x: list[float]
    low: list[float | None]
    high: list[float | None] | None


class Curves(TypedDict):
    """Curves, in no special order."""

    curves: list[Curve]


class Band(TypedDict):
    """Quantiles over `runs` of the `total` runs that logged a key, at each `x`.

    A run has no value outside its own range of x: `fewest` is the smallest number of runs that a
    quantile is of.
    """

    x: list[float]
    lowest: list[float | None]
    lower: list[float | None]
    median: list[float | None]
    upper: list[float | None]
    highest: list[float | None]
    runs: int
    fewest: int
    total: int


class Importance(TypedDict):
    """How much each parameter matters for the metric, most important first.

    `quantile` is the share of the best runs that the evaluator compares with all, if it does.
    """

    evaluator: str
    quantile: float | None
    metric: str
    runs: int
    warning: str
    parameters: list[ParameterImportance]


class ParameterImportance(TypedDict):
    """The share of one parameter, and its rank correlation (Spearman) with the objective.

    `uncertainty` is the standard deviation of the share between random samples of the runs.
    """

    name: str
    importance: float
    uncertainty: float
    correlation: float | None


class RunDetail(TypedDict):
    """One run with everything that its view shows, except curves, media, logs and files.

    `error` is the user's traceback, `info` what W&B shows in a run's header, `charts` how tables
    are drawn, by the key of the table.
    """

    row: RunRow
    error: str
    exit_code: int | None
    folder: str
    url: str | None
    gpus: str
    info: dict[str, Any]
    config: dict[str, Any]
    summary: dict[str, Any]
    charts: dict[str, Chart]


class Chart(TypedDict):
    """How W&B draws a logged table, as set by ``wandb.plot``.

    `key` is the logged key, `kind` W&B's name of the chart definition; `fields` maps the
    definition's names to columns, and `texts` to titles.
    """

    key: str
    kind: str
    fields: dict[str, str]
    texts: dict[str, str]


class MediaItem(TypedDict):
    """One logged value that is not a number, as W&B's JSON (``_type`` is its type)."""

    key: str
    step: int
    time: float | None
    value: Any


class Media(TypedDict):
    """The values other than numbers that a run logged, in order."""

    items: list[MediaItem]


class LogPage(TypedDict):
    """Lines of a run's output, starting at number `first` (from 0), of `total` lines so far."""

    first: int
    lines: list[str]
    total: int
    size: int
    ended: bool


class LogMatches(TypedDict):
    """Numbers of the lines that contain a text, in order; `more` if there are further ones."""

    lines: list[int]
    more: bool


class File(TypedDict):
    """A file that a run saved; `path` in its folder, `size` in bytes, null if it is missing."""

    path: str
    size: int | None
    type: str


class Artifact(TypedDict):
    """An artifact that a run logged or used."""

    name: str
    type: str
    aliases: list[str]
    used: bool
    metadata: dict[str, Any]


class Files(TypedDict):
    """The files and artifacts of a run."""

    files: list[File]
    artifacts: list[Artifact]


class Problem(TypedDict):
    """The body of every error: one sentence."""

    message: str


# The WebSocket: the topics that the client has open, and the messages of the server


class SweepsTopic(TypedDict):
    """Changes of all sweeps."""

    topic: Literal["sweeps"]


class RunsTopic(TypedDict):
    """The runs of a sweep that change after the cursor `mark`, and its keys."""

    topic: Literal["runs"]
    sweep: str
    mark: str


class CurvesTopic(TypedDict):
    """Growing curves of some runs."""

    topic: Literal["curves"]
    sweep: str
    stream: Stream
    keys: list[str]
    runs: list[str]
    axis: Axis


class RunTopic(TypedDict):
    """The details of one run."""

    topic: Literal["run"]
    sweep: str
    run: str


class LogTopic(TypedDict):
    """The end of one run's output."""

    topic: Literal["log"]
    sweep: str
    run: str


class ResourcesTopic(TypedDict):
    """What executes the runs of a sweep."""

    topic: Literal["resources"]
    sweep: str


Topic = SweepsTopic | RunsTopic | CurvesTopic | RunTopic | LogTopic | ResourcesTopic


class Open(TypedDict):
    """From the client: all open topics, by names that it chooses; replaces earlier messages."""

    open: dict[str, Topic]


class SweepsMessage(TypedDict):
    """Changed sweeps, and ids of those that no longer exist; `whole` if these are all sweeps."""

    kind: Literal["sweeps"]
    to: str
    whole: bool
    changed: list[SweepSummary]
    unreadable: list[Unreadable]
    gone: list[str]


class RunsMessage(TypedDict):
    """Changed runs; `keys` if the keys have changed."""

    kind: Literal["runs"]
    to: str
    page: RunsPage
    keys: Keys | None


class CurvesMessage(TypedDict):
    """Curves that have grown."""

    kind: Literal["curves"]
    to: str
    curves: list[Curve]


class RunMessage(TypedDict):
    """Changed details of a run."""

    kind: Literal["run"]
    to: str
    run: RunDetail
    media: int


class LogMessage(TypedDict):
    """The last lines of an output that has grown."""

    kind: Literal["log"]
    to: str
    page: LogPage


class ResourcesMessage(TypedDict):
    """What executes the runs, once that has changed."""

    kind: Literal["resources"]
    to: str
    resources: Resources


class ProblemMessage(TypedDict):
    """The reason why a topic cannot be read at the moment."""

    kind: Literal["problem"]
    to: str
    message: str


Message = (
    SweepsMessage
    | RunsMessage
    | CurvesMessage
    | RunMessage
    | LogMessage
    | ResourcesMessage
    | ProblemMessage
)


class Frame(TypedDict):
    """From the server: a message batch; batches are numbered from 1 without gaps."""

    seq: int
    messages: list[Message]
