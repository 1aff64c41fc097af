"""What a new value of the objective leads to: the end of the sweep, or of some of its runs."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from wandb_magic.records import RunId, RunState, SweepState
from wandb_magic.search.objective import reached
from wandb_magic.spec import Spec
from wandb_magic.supervisor.endings import Intent

if TYPE_CHECKING:
    from wandb_magic.supervisor.supervisor import Supervisor

PAUSE = 20  # times what a look at all runs takes: it never takes over the loop


class Judge:
    """Judges the runs of one supervisor.

    Parameters
    ----------
    supervisor
        Whose runs.
    spec
        The sweep config.
    """

    def __init__(self, supervisor: Supervisor, spec: Spec) -> None:
        self._supervisor = supervisor
        self._spec = spec
        self._unjudged = False
        self._next_pruning = 0.0

    def hear(self, run: RunId) -> None:
        """See whether a new value ends the sweep, or perhaps some of its runs."""
        supervisor, metric = self._supervisor, self._spec.metric
        value = supervisor.roster.value(run)
        if metric is None or supervisor.ledger.sweep.state.ended:
            return
        if reached(value, metric):
            cause = f"{metric.name} reached its target ({value:g})"
            supervisor.stop_runs(Intent(RunState.STOPPED, f"the sweep has ended: {cause}"))
            supervisor.ledger.change(state=SweepState.FINISHED, cause=cause)
        self._unjudged = self._spec.early_terminate is not None

    def prune(self) -> None:
        """End poor runs; the more runs there are to compare, the more rarely."""
        began = time.monotonic()
        if not self._unjudged or began < self._next_pruning:
            return
        self._unjudged = False
        supervisor = self._supervisor
        poor = supervisor.backend.stoppable(supervisor.roster.trials())
        cause = "ended early: its objective fell behind the other runs (hyperband)"
        for run, record in supervisor.roster.running():
            if record.number in poor and not supervisor.jobs.spared(run):
                supervisor.stopper.stop(run, Intent(RunState.PRUNED, cause))
        now = time.monotonic()
        self._next_pruning = now + PAUSE * (now - began)
