"""Runs that users execute themselves: hands out parameters, and records the results they tell.

What one request hands out is stored in one transaction with its answer: a supervisor that is
killed before has handed out nothing, and the next one takes the request again.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from wandb_magic.log_records import HistoryRecord, LogRecord, SummaryRecord
from wandb_magic.nonfinite import decode_nonfinite
from wandb_magic.records import (
    Proposer,
    RunId,
    RunRecord,
    RunState,
    SweepState,
    Trial,
    flatten_keys,
    new_id,
)
from wandb_magic.supervisor.backends import Backend
from wandb_magic.supervisor.job_factory import run_seed
from wandb_magic.supervisor.repeats import Repeats
from wandb_magic.supervisor.state import SchedulerState


@dataclass(frozen=True)
class DeferredAnswer:
    """A request that is answered later: how many runs it asks for."""

    runs: int


class AskedRuns:
    """The runs of one sweep that users ask for; used in the supervisor's loop.

    Parameters
    ----------
    state
        The sweep and its runs.
    backend
        Chooses parameters.
    repeats
        Decides which are repeated.
    """

    def __init__(self, state: SchedulerState, backend: Backend, repeats: Repeats) -> None:
        self._state = state
        self._backend = backend
        self._requests: deque[tuple[int, int]] = deque()
        self._repeats = repeats

    @property
    def has_requests(self) -> bool:
        """Whether somebody waits for parameters."""
        return bool(self._requests)

    def is_deferred(self, request: int) -> bool:
        """Return whether a request waits here for its answer."""
        return any(number == request for number, _ in self._requests)

    def defer(self, request: int, runs: int) -> None:
        """Let a request wait for its answer."""
        self._requests.append((request, runs))

    def refuse(self, reason: str) -> None:
        """Answer all requests that wait: the sweep hands out nothing more."""
        while self._requests:
            self._state.store.answer(self._requests.popleft()[0], reason)

    def answer_none(self) -> None:
        """Answer all requests that wait with no runs: the sweep has reached a limit."""
        while self._requests:
            self._state.store.answer(self._requests.popleft()[0], "", {"runs": []})

    async def answer_next(self) -> bool:
        """Choose what the first request asks for, and answer it; return whether all is chosen.

        Users' own parameters come first, then those of failed runs, then repeats, then the
        search's.
        """
        request, wanted = self._requests[0]
        while True:
            chosen, is_exhausted = await self._choose(wanted)
            if not self._requests or self._requests[0][0] != request:
                return is_exhausted  # it was refused meanwhile
            if self._state.sweep.state is not SweepState.RUNNING:
                return False  # it will be refused
            if chosen is not None:
                break
        self._requests.popleft()
        runs = [self._hand_out(run) for run in chosen]
        self._state.store.answer(
            request,
            "",
            {"runs": [self._proposal(run) for run in runs]},
        )
        return is_exhausted

    def _proposal(self, run: RunRecord) -> dict[str, Any]:
        seed = run_seed(self._state.sweep.options.seed, run.number)
        return {"id": run.id, "number": run.number, "params": run.params, "seed": seed}

    async def _choose(self, wanted: int) -> tuple[list[RunRecord] | None, bool]:
        """Return runs to hand out, None if the sweep has changed meanwhile; and if it has no more.

        Nothing is stored or changed here.
        """
        runs, sweep = self._state.runs, self._state.sweep
        before = self._stamp()
        chosen = [runs.active[run] for run in list(runs.queued())[:wanted]]
        for number, attempt, params in runs.retries[: wanted - len(chosen)]:
            retry = self._new_run(number, params, Proposer.RETRY)
            version, group = runs.version_of(number) or sweep.version, runs.repeat_of(number)
            chosen.append(replace(retry, attempt=attempt, version=version, repeat_of=group))
        trials, is_exhausted = list(runs.trials()), False
        due = deque(self._repeats.due())
        while len(chosen) < wanted and not is_exhausted:
            number = len(trials)
            if sweep.budget is not None and number >= sweep.budget:
                break
            if due:
                chosen.append(self._new_repeat(number, due.popleft()))
                trials.append(_pending(chosen[-1]))
                continue
            suggestion = await self._backend.ask(0, number, tuple(trials))
            if suggestion is None:
                is_exhausted = True
            else:
                chosen.append(self._new_run(number, suggestion.params, Proposer.SEARCH))
                trials.append(_pending(chosen[-1]))
        return (chosen if self._stamp() == before else None), is_exhausted

    def _stamp(self) -> tuple[object, ...]:
        """Return what changes if what was chosen is no longer right."""
        runs = self._state.runs
        return runs.next_number, self._state.sweep.version, len(runs.retries), [*runs.queued()]

    def _new_run(self, number: int, params: Mapping[str, Any], proposer: Proposer) -> RunRecord:
        return RunRecord(
            id=RunId(new_id()),
            number=number,
            attempt=0,
            agent=0,
            params=params,
            state=RunState.PENDING,
            created=time.time(),
            proposer=proposer,
            version=self._state.sweep.version,
        )

    def _new_repeat(self, number: int, first: Trial) -> RunRecord:
        run = self._new_run(number, first.params, Proposer.REPEAT)
        version = self._state.runs.version_of(first.number) or run.version
        return replace(run, version=version, repeat_of=first.repeat_group)

    def _hand_out(self, run: RunRecord) -> RunRecord:
        runs, now = self._state.runs, time.time()
        agent = runs.free_agent(len(runs.active) + 1) or 0
        if run.id in runs.active:
            return self._state.start_external(run.id, agent, now)
        if run.proposer is Proposer.RETRY:
            runs.retries = [retry for retry in runs.retries if retry[0] != run.number]
        started = replace(run, agent=agent, state=RunState.RUNNING, started=now)
        self._state.add_run(started)
        return started

    def add_result(self, params: Mapping[str, Any]) -> RunRecord:
        """Add a run with parameters that a user has executed without being asked to."""
        runs = self._state.runs
        run = self._new_run(runs.next_number, params, Proposer.USER)
        return self._hand_out(replace(run, repeat_of=self._repeats.group_of(params)))


def _pending(run: RunRecord) -> Trial:
    return Trial(run.number, run.params, RunState.PENDING, repeat_of=run.repeat_of)


def result_records(values: Mapping[str, Any]) -> tuple[LogRecord, ...]:
    """Return what a run that was told has logged: one step, and its summary."""
    flat = {
        name: _number(value) if isinstance(value, str) else value
        for name, value in flatten_keys(values).items()
    }
    scalars = {
        name: float(value)
        for name, value in flat.items()
        if isinstance(value, (int, float)) and not isinstance(value, bool)
    }
    return HistoryRecord(0, time.time(), scalars), SummaryRecord(flat)


def _number(text: str) -> str | float:
    number = decode_nonfinite(text)  # how JSON represents NaN and infinities
    return text if number is None else number
