"""Runs that people want once more: reruns, and runs that go on under their own id.

What is accepted is in the ledger at once, as a run without an agent, and so in the store with the
answer: no death of a supervisor can lose it. When an agent is free it starts like any other.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from wandb_magic.host import Ended
from wandb_magic.records import NO_AGENT, RunId, RunRecord, RunState, SweepState, new_id
from wandb_magic.supervisor.endings import Intent

if TYPE_CHECKING:
    from wandb_magic.supervisor.ledger import Ledger
    from wandb_magic.supervisor.supervisor import Supervisor


def rerun(supervisor: Supervisor, number: int) -> str:
    """Queue a new run with a set of parameters; return why not, or ""."""
    roster = supervisor.roster
    params = roster.params(number)
    if params is None:
        return f"there is no run {number}"
    if refusal := _refusal(supervisor):
        return refusal
    run = RunRecord(
        id=RunId(new_id()),
        number=number,
        attempt=roster.next_attempt(number),
        agent=NO_AGENT,
        params=params,
        state=RunState.PENDING,
        created=time.time(),
    )
    supervisor.ledger.enter(run)
    _go_on(supervisor)
    return ""


def resume(supervisor: Supervisor, run: RunId) -> str:
    """Queue another execution of a run; return why not, or ""."""
    if run in supervisor.roster.living:
        return f"run {run} has not ended: only a run that has ended can be resumed"
    record = supervisor.roster.ended_run(run)
    if record is None:
        return f"there is no run {run}"
    if record.state is RunState.FINISHED:
        return f"run {run} has finished: rerun it, for a new run with the same parameters"
    if refusal := _refusal(supervisor):
        return refusal
    if record.state is RunState.PRUNED:
        try:
            supervisor.jobs.spare(run)
        except OSError as problem:
            return f"run {run} cannot be resumed: {problem.strerror or problem}"
    # In place of the retry that is due, if one is.
    roster = supervisor.roster
    roster.again = [due for due in roster.again if due[0] != record.number]
    supervisor.ledger.revive(run)
    _go_on(supervisor)
    return ""


def again_failed(supervisor: Supervisor, *, same: bool) -> str:
    """Queue every run that broke, as a new run or as the `same`; return why not, or ""."""
    broken = supervisor.roster.broken()
    if not broken:
        return "no run has failed, or each has been run again"
    for run in broken:
        refusal = resume(supervisor, run.id) if same else rerun(supervisor, run.number)
        if refusal:
            return refusal
    return ""


def end(supervisor: Supervisor, run: RunId, intent: Intent) -> None:
    """End a living run, whether it has a process or waits for an agent."""
    if run in supervisor.roster.queued():
        _dismiss(supervisor.ledger, run, intent.cause)
    else:
        supervisor.stopper.stop(run, intent)


def dismiss_all(ledger: Ledger, cause: str) -> None:
    """End all runs that wait for an agent."""
    for run in ledger.roster.queued():
        _dismiss(ledger, run, cause)


def _dismiss(ledger: Ledger, run: RunId, cause: str) -> None:
    ledger.ended(Ended(run, None, None, "", time.time()), RunState.STOPPED, cause)


def _refusal(supervisor: Supervisor) -> str:
    if supervisor.ledger.sweep.state is SweepState.STOPPING:
        return "the sweep is being stopped: ask again when it has stopped"
    return ""


def _go_on(supervisor: Supervisor) -> None:
    if supervisor.ledger.sweep.state.ended:
        supervisor.ledger.change(state=SweepState.RUNNING, cause="", ended=None)
