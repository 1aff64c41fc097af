"""Ids, states and the plain records that all layers share.

Nothing here depends on files, a database, processes or wandb.
"""

from __future__ import annotations

import math
import secrets
import string
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, NewType

SweepId = NewType("SweepId", str)
RunId = NewType("RunId", str)

Params = Mapping[str, Any]
"""The parameters of one run, nested as in the spec; values are JSON values."""

NO_AGENT = -1
"""The agent of a requested run that waits for one."""

TYPE_KEY = "_type"
"""W&B's key for the kind of an object that was logged: an image, a histogram, a table."""

INTERNAL_KEY = "_wandb"
"""W&B's own entry in configs and summaries."""

ID_LENGTH = 8
ID_ALPHABET = string.ascii_lowercase + string.digits


def new_id() -> str:
    """Return a new id in W&B's own form: eight lower-case letters and digits."""
    return "".join(secrets.choice(ID_ALPHABET) for _ in range(ID_LENGTH))


def is_id(text: str) -> bool:
    """Return whether `text` has the form of an id, so that it may become part of a path."""
    return len(text) == ID_LENGTH and all(char in ID_ALPHABET for char in text)


class RunState(str, Enum):
    """The state of a run.

    ``PENDING`` runs have their parameters but no process yet. All others but ``RUNNING`` are
    final: ``FINISHED`` succeeded, ``FAILED`` raised or exited with a code, ``KILLED`` died from a
    signal that was not sent by the sweep, ``STOPPED`` was stopped on request or by its time limit,
    ``PRUNED`` was ended by early termination, ``LOST`` ended in an unknown way.
    """

    PENDING = "pending"
    RUNNING = "running"
    FINISHED = "finished"
    FAILED = "failed"
    KILLED = "killed"
    STOPPED = "stopped"
    PRUNED = "pruned"
    LOST = "lost"

    @property
    def has_ended(self) -> bool:
        """Whether the run has ended."""
        return self not in (RunState.PENDING, RunState.RUNNING)

    @property
    def is_failure(self) -> bool:
        """Whether the run failed: it counts as the worst value, and may be retried."""
        return self in (RunState.FAILED, RunState.KILLED, RunState.LOST)


class SweepState(str, Enum):
    """The state of a sweep.

    ``RUNNING`` starts runs, ``PAUSED`` lets the active ones end and starts none, ``STOPPING``
    waits for the last ones to end; ``FINISHED`` used up its budget or grid, or reached its target;
    ``STOPPED`` was ended on request; ``FAILED`` cannot continue (see its cause).
    """

    PENDING = "pending"
    RUNNING = "running"
    PAUSED = "paused"
    STOPPING = "stopping"
    FINISHED = "finished"
    STOPPED = "stopped"
    FAILED = "failed"

    @property
    def has_ended(self) -> bool:
        """Whether no more runs of this sweep will start, unless it is resumed."""
        return self in (SweepState.FINISHED, SweepState.STOPPED, SweepState.FAILED)


class Proposer(str, Enum):
    """Who proposed the parameters of a run.

    ``SEARCH`` is the sweep's own search, ``WANDB`` W&B's server, ``USER`` a person; ``RERUN`` and
    ``RETRY`` repeat the parameters of an earlier run, on request or because it failed, and
    ``REPEAT`` with another seed, because the sweep repeats each set of parameters. ``FORK`` runs
    continue from the checkpoint of another run: a person, or population-based training, has
    changed its parameters. Of runs of an earlier version of this package it is ``UNKNOWN``.
    """

    UNKNOWN = ""
    SEARCH = "search"
    WANDB = "wandb"
    USER = "user"
    RERUN = "rerun"
    RETRY = "retry"
    REPEAT = "repeat"
    FORK = "fork"


@dataclass(frozen=True)
class Metric:
    """The objective of a sweep.

    Attributes
    ----------
    name
        The key that the runs log; nested keys have dots.
    maximize
        Whether larger is better.
    target
        The value at which the sweep ends, if any.
    summary
        Which of a run's values counts: its ``best``, ``last``, ``min`` or ``max``; None: what
        the run has defined (``define_metric(summary=...)``), or else the best.
    """

    name: str
    maximize: bool = False
    target: float | None = None
    summary: str | None = None


@dataclass(frozen=True)
class Constraint:
    """What a run must keep to so that it can be the best.

    Attributes
    ----------
    name
        The key in the run's summary; nested keys have dots.
    min, max
        The bounds, both allowed; at least one is given.
    """

    name: str
    min: float | None = None
    max: float | None = None

    def __str__(self) -> str:
        bounds = {">=": self.min, "<=": self.max}
        return " and ".join(
            f"{self.name} {sign} {bound:g}" for sign, bound in bounds.items() if bound is not None
        )

    def violation(self, value: float) -> float:
        """Return how far `value` is beyond the bounds; 0 or below if it is within them."""
        return max(
            -math.inf if self.min is None else self.min - value,
            -math.inf if self.max is None else value - self.max,
        )


@dataclass(frozen=True)
class Trial:
    """One run as the search sees it: its parameters, and the values of its objective.

    Attributes
    ----------
    number
        Index in the sweep, from 0; the search draws the same parameters for the same number.
    params
        The parameters, nested as in the spec.
    state
        Whether it is active, or how it ended.
    value
        The objective: best (or last, by config) logged value; None if none was logged.
    history
        The objective's logged values in order, for early termination; empty unless requested.
    results
        The summary's values of all objectives and constraints, by key, if the sweep has several
        objectives or any constraint; else empty.
    repeat_of
        The number of the first run with these parameters, if this one repeats it.
    fork_of
        The number of the run from whose checkpoint it has started, if it is a fork.
    """

    number: int
    params: Params
    state: RunState
    value: float | None = None
    history: tuple[float, ...] = ()
    results: Mapping[str, float] = field(default_factory=dict)
    repeat_of: int | None = None
    fork_of: int | None = None

    @property
    def repeat_group(self) -> int:
        """What all repeats of one set of parameters have in common: the first one's number."""
        return self.number if self.repeat_of is None else self.repeat_of


@dataclass(frozen=True)
class ProcessId:
    """The identity of a process: a pid alone may be reused by another one.

    Attributes
    ----------
    pid
        The process id.
    started
        The operating system's own start mark of that pid (see `wandb_magic.processes`).
    """

    pid: int
    started: str


@dataclass(frozen=True)
class Options:
    """The options with which a sweep runs, in addition to its spec.

    Attributes
    ----------
    seed
        Decides what the search draws, and seeds each run's global generators.
    sampler
        The algorithm behind ``bayes``.
    retries
        How often a failed run is started again with the same parameters.
    run_timeout
        Seconds after which a run is stopped; None for never.
    failure_limit
        The sweep pauses when this many runs in a row have failed at its start; 0 for never.
    grace
        Seconds between SIGINT, SIGTERM and SIGKILL when a run is stopped.
    gpus_per_run
        How many GPUs each run has to itself, or which fraction of one; None to divide all GPUs
        evenly among agents.
    gpu_memory
        How many bytes of GPU memory each run needs; None if unknown.
    debug_mb
        How many MB the variables of a failed run may take on disk; 0 to keep none.
    hold
        For how many minutes the process of a failed run is kept for a debugger; 0 for not at all.
    notify
        The rules for alerts.
    priors
        Runs of another sweep to learn from: JSON objects with ``params`` and ``value``.
    attached
        Whether the sweep was created elsewhere: requests here concern only our agents.
    launcher
        The address of what executes the runs, for people to see; "" for this machine.
    copied
        Whether this is an imported sweep, which never ran here: it is read-only.
    external
        Whether users execute the runs themselves: they ask for parameters, and tell the results.
    repeat
        How many runs each set of parameters has, with a seed each.
    max_time
        Seconds after which no more runs start, pauses not counted; None for no limit.
    max_cost
        What the sweep may cost before no more runs start, in the unit of the price; None for no
        limit.
    price_per_hour
        What an hour costs: of this machine, or of each run that another one executes; None if
        unknown.
    until_flat
        Whether the sweep ends once more runs would hardly improve the objective.
    """

    seed: int = 0
    sampler: str = "auto"
    retries: int = 0
    run_timeout: float | None = None
    failure_limit: int = 3
    grace: float = 10.0
    gpus_per_run: float | None = None
    gpu_memory: int | None = None
    debug_mb: float = 50.0
    hold: float = 0.0
    notify: tuple[str, ...] = ()
    priors: tuple[Mapping[str, Any], ...] = ()
    attached: bool = False
    copied: bool = False
    launcher: str = ""
    external: bool = False
    repeat: int = 1
    max_time: float | None = None
    max_cost: float | None = None
    price_per_hour: float | None = None
    until_flat: bool = False


@dataclass(frozen=True)
class SweepRecord:
    """A sweep as recorded in its store.

    Times are seconds since the epoch. `spec` is the validated sweep config as a JSON object.
    `budget` is the number of runs to start; None for a grid without ``run_cap``, or if the server
    decides. `cause` is why it paused or ended. `url` is its page at W&B, or "". `version` counts
    the versions of the spec from 1: each edit makes another one. `elapsed` is for how many seconds
    it has been running, without pauses; `slot_seconds` the same, times its agents; and
    `run_seconds` for how long its runs have been running, all together.
    """

    id: SweepId
    name: str
    project: str
    entity: str
    mode: str
    state: SweepState
    created: float
    spec: Mapping[str, Any]
    options: Options
    agents: int
    budget: int | None
    cause: str = ""
    started: float | None = None
    ended: float | None = None
    supervisor: ProcessId | None = None
    notices: tuple[str, ...] = ()
    url: str = ""
    version: int = 1
    elapsed: float = 0.0
    slot_seconds: float = 0.0
    run_seconds: float = 0.0


@dataclass(frozen=True)
class RunRecord:
    """A run, as recorded in its sweep's store.

    `number` counts parameter sets from 0; a retry or rerun is a run of its own with the same
    number and the next `attempt` (from 0). A repeat has a number of its own, and thus a seed;
    `repeat_of` is the number of the first run with its parameters, and None of that one. A resumed
    run keeps its record: `agent`, `state` and the later fields are those of its latest execution,
    but `value` covers all. `agent` counts from 0, and is `NO_AGENT` while a requested run waits
    for one. Times are seconds since the epoch. `value` is the objective, `error` the user's
    traceback if the run raised, `directory` W&B's run folder once it is known. `version` is the
    version of the spec that its parameters are from. `parent` is the run from whose checkpoint a
    fork has started.
    """

    id: RunId
    number: int
    attempt: int
    agent: int
    params: Params
    state: RunState
    created: float
    started: float | None = None
    ended: float | None = None
    cause: str = ""
    error: str = ""
    exit_code: int | None = None
    value: float | None = None
    directory: str = ""
    process: ProcessId | None = None
    proposer: Proposer = Proposer.UNKNOWN
    version: int = 1
    repeat_of: int | None = None
    parent: RunId | None = None

    @property
    def repeat_group(self) -> int:
        """What all repeats of one set of parameters have in common: the first one's number."""
        return self.number if self.repeat_of is None else self.repeat_of


def own_run(number: int, params: Params, created: float, version: int = 1) -> RunRecord:
    """Return a new run with parameters that a user has given, which waits for an agent."""
    return RunRecord(
        id=RunId(new_id()),
        number=number,
        attempt=0,
        agent=NO_AGENT,
        params=params,
        state=RunState.PENDING,
        created=created,
        proposer=Proposer.USER,
        version=version,
    )


@dataclass(frozen=True)
class SpecVersion:
    """A version of a sweep's spec.

    Attributes
    ----------
    version
        Its number, from 1.
    created
        Seconds since the epoch.
    spec
        The validated sweep config as a JSON object.
    changes
        What has changed since the previous version, one phrase each.
    filled
        What runs of earlier versions had of the parameters that were added since: by number of
        the run, values by dotted name.
    """

    version: int
    created: float
    spec: Mapping[str, Any]
    changes: tuple[str, ...] = ()
    filled: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True)
class ControlRequest:
    """A request to a sweep: a verb of `wandb_magic.api` and its arguments (JSON)."""

    id: int
    verb: str
    arguments: Mapping[str, Any]
    created: float


def sweep_metrics(sweep: SweepRecord) -> tuple[Metric, ...]:
    """Return all objectives from the validated config in the record, in its order."""
    metric = sweep.spec.get("metric")
    entries = sweep.spec.get("metrics") or (() if metric is None else (metric,))
    return tuple(
        Metric(
            entry["name"], entry["goal"] == "maximize", entry.get("target"), entry.get("summary")
        )
        for entry in entries
    )


def sweep_metric(sweep: SweepRecord) -> Metric | None:
    """Return the objective from the validated config in the record; the first of several."""
    return next(iter(sweep_metrics(sweep)), None)


def sweep_constraints(sweep: SweepRecord) -> tuple[Constraint, ...]:
    """Return the constraints from the validated config in the record."""
    return tuple(
        Constraint(entry["name"], entry.get("min"), entry.get("max"))
        for entry in sweep.spec.get("constraints", ())
    )


def flatten_keys(
    record: Mapping[str, Any], prefix: str = "", *, keep_media: bool = False
) -> dict[str, Any]:
    """Return a document with prefixed keys, and nested keys joined with dots.

    Parameters
    ----------
    keep_media
        Whether an object with W&B's ``_type`` (an image, a histogram) is one value, as in what
        runs log. In parameters, ``_type`` is a key like any other.
    """
    return dict(_flat_items(record, prefix, keep_media=keep_media))


def _flat_items(
    record: Mapping[str, Any], prefix: str, *, keep_media: bool
) -> Iterator[tuple[str, Any]]:
    for key, value in record.items():
        if isinstance(value, Mapping) and value and not (keep_media and TYPE_KEY in value):
            yield from _flat_items(value, f"{prefix}{key}.", keep_media=keep_media)
        else:
            yield f"{prefix}{key}", value
