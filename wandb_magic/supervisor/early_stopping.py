"""Early stopping: whether a new value of the objective ends the sweep, or some of its runs.

It decides, and ends nothing itself: the supervisor does.
"""

from __future__ import annotations

import time

from wandb_magic.backends import Backend
from wandb_magic.records import RunId
from wandb_magic.search.objective import reached
from wandb_magic.spec import Spec
from wandb_magic.supervisor.roster import Roster

PAUSE = 20  # times what a look at all runs takes: it never takes over the loop


class EarlyStopping:
    """The rules of one sweep.

    Parameters
    ----------
    spec
        The sweep config.
    backend
        Knows which runs are poor.
    roster
        The runs.
    """

    def __init__(self, spec: Spec, backend: Backend, roster: Roster) -> None:
        self._spec = spec
        self._backend = backend
        self._roster = roster
        self._is_due = False
        self._next_pruning = 0.0

    def on_value(self, run: RunId) -> str:
        """Take up that a run has a new value; return why the sweep has ended, "" if it goes on."""
        metric, value = self._spec.metric, self._roster.value(run)
        self._is_due = self._spec.early_terminate is not None
        if metric is None or not reached(value, metric):
            return ""
        return f"{metric.name} reached its target ({value:g})"

    def runs_to_prune(self) -> list[RunId]:
        """Return the poor runs; the more runs there are to compare, the more rarely any."""
        began = time.monotonic()
        if not self._is_due or began < self._next_pruning:
            return []
        self._is_due = False
        numbers = self._backend.stoppable(self._roster.trials())
        runs = [run for run, record in self._roster.running() if record.number in numbers]
        now = time.monotonic()
        self._next_pruning = now + PAUSE * (now - began)
        return runs
