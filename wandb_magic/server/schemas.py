"""What goes over the wire: the JSON objects of the REST interface.

What people ask is in `asked`, what goes over the socket in `messages`; from the three modules
``scripts/wire`` makes `labextension/src/api/schemas.ts`, and a test holds them together. Times are
seconds since the epoch. JSON has no NaN and no infinities: where a number is drawn (``value``,
curves) they are null, in parameters and summaries the texts ``NaN``, ``Infinity`` and
``-Infinity``.
"""

from __future__ import annotations

from typing import Any, Literal, TypedDict

RunState = Literal[
    "pending", "running", "finished", "failed", "killed", "stopped", "pruned", "lost"
]
SweepState = Literal[
    "pending", "running", "paused", "stopping", "finished", "stopped", "failed", "died"
]
"""A sweep that ``died`` should be running and has no supervisor: ``resume`` brings it back."""

Axis = Literal["step", "time"]
Stream = Literal["history", "system"]


class SweepSummary(TypedDict):
    """How a sweep stands: all that a list shows of it.

    `count` is its budget, `ended` how many sets of parameters have been run, `remaining` the
    seconds until the budget is used up; `spark` is the best value so far, run by run, thinned.
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
    remaining: float | None
    metric: str | None
    goal: Literal["minimize", "maximize"] | None
    best: Best | None
    spark: list[float]
    notices: list[str]


class Best(TypedDict):
    """The best run of a sweep."""

    id: str
    number: int
    value: float | None
    params: dict[str, Any]


class Sweeps(TypedDict):
    """All sweeps of this user on this machine, newest first, and how many cannot be read."""

    sweeps: list[SweepSummary]
    unreadable: list[Unreadable]


class Unreadable(TypedDict):
    """A sweep whose store cannot be read, and why."""

    id: str
    name: str
    reason: str


class SweepDetail(TypedDict):
    """What stays the same while a sweep goes on.

    `spec` is the validated config, `yaml` the same for people, `code` the cell or function,
    `program` whether the spec's command is run instead. `notebook` is where it was started,
    relative to the server's root, if that is known and below it.
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
    """A variable that went along; `size` in bytes."""

    name: str
    kind: str
    size: int


class RunRow(TypedDict):
    """A run as the table shows it; parameters and summary by dotted key, numbers and texts only.

    `failure` is the last line of its traceback.
    """

    id: str
    number: int
    attempt: int
    agent: int
    name: str
    group: str
    tags: list[str]
    host: str
    state: RunState
    cause: str
    failure: str
    created: float
    started: float | None
    ended: float | None
    value: float | None
    params: dict[str, Any]
    summary: dict[str, Any]


class RunsPage(TypedDict):
    """A page of runs; with `mark` as ``since``, what has changed since then is returned."""

    rows: list[RunRow]
    total: int
    mark: str


class Keys(TypedDict):
    """What runs of a sweep logged, by stream, in alphabetical order."""

    history: list[str]
    system: list[str]
    media: list[str]


class Curve(TypedDict):
    """One key of one run, or the part of it from point number `start` on.

    `x` is the step, or the seconds since the run's start; `high` is null where every point is
    itself, otherwise a point stands for all values from `low` to `high`.
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
    """Quantiles over `runs` of the `total` runs that logged a key, at each `x`."""

    x: list[float]
    lowest: list[float | None]
    lower: list[float | None]
    median: list[float | None]
    upper: list[float | None]
    highest: list[float | None]
    runs: int
    total: int


class Importance(TypedDict):
    """How much each parameter matters for the objective, by a named evaluator, largest first."""

    evaluator: str
    metric: str
    runs: int
    warning: str
    parameters: list[ParameterImportance]


class ParameterImportance(TypedDict):
    """The share of one parameter, and its rank correlation (Spearman) with the objective."""

    name: str
    importance: float
    correlation: float | None


class RunDetail(TypedDict):
    """One run with everything that a page about it shows besides curves, media, logs and files.

    `error` is the user's traceback, `info` what W&B shows at a run's head, `charts` how tables
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
    """How W&B draws a logged table, as ``wandb.plot`` says.

    `key` is the one that was logged, `kind` W&B's name of the definition, `fields` has columns and
    `texts` titles by the definition's names for them.
    """

    key: str
    kind: str
    fields: dict[str, str]
    texts: dict[str, str]


class MediaItem(TypedDict):
    """One logged value that is no number, as W&B's JSON (``_type`` tells what it is)."""

    key: str
    step: int
    time: float | None
    value: Any


class Media(TypedDict):
    """What a run logged besides numbers, in order."""

    items: list[MediaItem]


class LogPage(TypedDict):
    """Lines of a run's output from line number `first` (from 0) on; `total` lines so far."""

    first: int
    lines: list[str]
    total: int
    size: int
    ended: bool


class LogMatches(TypedDict):
    """Numbers of the lines that contain a text, from the first on; `more` if there are more."""

    lines: list[int]
    more: bool


class File(TypedDict):
    """A file that a run saved; `path` below its folder, `size` in bytes, None if it is gone."""

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
