"""Heeding what a backend says by itself: what happened to the sweep and its runs elsewhere."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from wandb_magic.backends import EndRun, SweepChanged, Word
from wandb_magic.records import RunState, SweepState
from wandb_magic.supervisor.again import end
from wandb_magic.supervisor.endings import Intent

if TYPE_CHECKING:
    from wandb_magic.supervisor.supervisor import Supervisor

log = logging.getLogger(__name__)


def heed(supervisor: Supervisor, word: Word) -> None:
    """Do here what was done elsewhere; what cannot be done is noted, and stops nothing else."""
    try:
        _do(supervisor, word)
    except Exception:
        log.exception("%s could not be done", type(word).__name__)


def _do(supervisor: Supervisor, word: Word) -> None:
    if isinstance(word, EndRun):
        if word.run in supervisor.roster.living:
            end(supervisor, word.run, Intent(word.state, word.cause))
    elif isinstance(word, SweepChanged):
        _change(supervisor, word)
    else:
        supervisor.ledger.notice(word.text)


def _change(supervisor: Supervisor, word: SweepChanged) -> None:
    before = supervisor.ledger.sweep.state
    if before.ended:
        return
    if word.state is SweepState.FINISHED:
        # No more runs will come; it ends with the living ones.
        supervisor.exhausted = True
        supervisor.ledger.change(cause=word.cause)
    elif word.state is SweepState.STOPPING and before is not SweepState.STOPPING:
        supervisor.ledger.change(state=word.state, cause=word.cause)
        supervisor.stop_runs(Intent(RunState.STOPPED, f"the sweep was {word.cause}"))
    elif (before, word.state) in _TURNS or word.state is SweepState.FAILED:
        supervisor.ledger.change(state=word.state, cause=word.cause)


_TURNS = {
    (SweepState.RUNNING, SweepState.PAUSED),
    (SweepState.PAUSED, SweepState.RUNNING),
}
