"""Early stopping: whether a new value of the objective ends the sweep, or some of its runs.

It only decides; the supervisor ends the sweep or the runs.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping

from wandb_magic.records import RunId, RunState
from wandb_magic.search.objective import is_target_reached
from wandb_magic.search.population import Exploit, exploits
from wandb_magic.search.repeats import finished_values, merge_repeats
from wandb_magic.search.stopping_rules import CAUSES
from wandb_magic.spec import Spec
from wandb_magic.supervisor.backends import Backend
from wandb_magic.supervisor.run_outcome import StopReason
from wandb_magic.supervisor.run_table import RunTable

PRUNING_PAUSE_FACTOR = 20  # times the duration of the last comparison, to keep the loop responsive


class EarlyStopping:
    """The early-stopping rules of one sweep.

    Parameters
    ----------
    spec
        The sweep config.
    backend
        Decides which runs to prune.
    runs
        The runs.
    repeat
        How many runs each set of parameters has: then their mean is what reaches the target.
    """

    def __init__(self, spec: Spec, backend: Backend, runs: RunTable, *, repeat: int = 1) -> None:
        self._repeat = repeat
        self._spec = spec
        self._backend = backend
        self._runs = runs
        self._has_new_values = False
        self._next_pruning = 0.0

    @property
    def reason(self) -> StopReason:
        """Why the rule ends a run."""
        rule = self._spec.early_terminate
        cause = CAUSES["hyperband" if rule is None else rule.type]
        return StopReason(RunState.PRUNED, f"ended early: {cause}")

    def on_value(self, run: RunId) -> str:
        """Handle a run's new value; return why the sweep ends, or "" if it continues."""
        metric = self._spec.objective
        self._has_new_values = self._spec.early_terminate is not None
        if metric is None or metric.target is None:
            return ""
        value, results = self._result(run)
        if not is_target_reached(value, metric):
            return ""
        for bound in self._spec.constraints:
            if bound.name not in results or bound.record().violation(results[bound.name]) > 0:
                return ""
        mean = f", the mean of {self._repeat} runs" if self._repeat > 1 else ""
        return f"{metric.name} reached its target ({value:g}{mean})"

    def _result(self, run: RunId) -> tuple[float | None, Mapping[str, float]]:
        """Return a run's objective and results; with repeats, those of its complete set."""
        if self._repeat == 1:
            return self._runs.objective(run), self._runs.results(run)
        record = self._runs.find(run)
        members = [] if record is None else self._runs.group(record.repeat_group)
        if len(finished_values(members)) < self._repeat:
            return None, {}
        (merged,) = merge_repeats(members, {members[0].repeat_group: 0})
        return merged.value, merged.results

    def exploits(self, seed: int, ending: Collection[int]) -> list[Exploit]:
        """Return the runs that population-based training replaces, after new values only."""
        rule = self._spec.early_terminate
        if rule is None or rule.type != "pbt" or not self._has_new_values:
            return []
        self._has_new_values = False
        return [*exploits(self._spec, self._runs.trials(), seed, ending)]

    def runs_to_prune(self) -> list[RunId]:
        """Return the runs to prune; the longer a comparison takes, the less often it is made."""
        began = time.monotonic()
        if not self._has_new_values or began < self._next_pruning:
            return []
        self._has_new_values = False
        numbers = self._backend.runs_to_prune(self._runs.trials())
        runs = [run for run, record in self._runs.running() if record.number in numbers]
        now = time.monotonic()
        self._next_pruning = now + PRUNING_PAUSE_FACTOR * (now - began)
        return runs
