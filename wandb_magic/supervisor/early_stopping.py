"""Early stopping: whether a new value of the objective ends the sweep, or some of its runs.

It decides, and ends nothing itself: the supervisor does.
"""

from __future__ import annotations

import time

from wandb_magic.records import RunId
from wandb_magic.search.objective import is_target_reached
from wandb_magic.spec import Spec
from wandb_magic.supervisor.backends import Backend
from wandb_magic.supervisor.run_table import RunTable

PRUNING_PAUSE_FACTOR = 20  # times what a look at all runs takes: it never takes over the loop


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

    def __init__(self, spec: Spec, backend: Backend, roster: RunTable) -> None:
        self._spec = spec
        self._backend = backend
        self._roster = roster
        self._has_new_values = False
        self._next_pruning = 0.0

    def on_value(self, run: RunId) -> str:
        """Take up that a run has a new value; return why the sweep has ended, "" if it goes on."""
        metric, value = self._spec.metric, self._roster.objective(run)
        self._has_new_values = self._spec.early_terminate is not None
        if metric is None or not is_target_reached(value, metric):
            return ""
        return f"{metric.name} reached its target ({value:g})"

    def runs_to_prune(self) -> list[RunId]:
        """Return the poor runs; the more runs there are to compare, the more rarely any."""
        began = time.monotonic()
        if not self._has_new_values or began < self._next_pruning:
            return []
        self._has_new_values = False
        numbers = self._backend.runs_to_prune(self._roster.trials())
        runs = [run for run, record in self._roster.running() if record.number in numbers]
        now = time.monotonic()
        self._next_pruning = now + PRUNING_PAUSE_FACTOR * (now - began)
        return runs
