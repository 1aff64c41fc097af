"""Which sets of parameters run again, with another seed."""

from __future__ import annotations

from wandb_magic.records import Params, SweepRecord, Trial
from wandb_magic.search.repeats import by_group, due_repeats
from wandb_magic.spec import Spec
from wandb_magic.spec.edits import Filled, project
from wandb_magic.supervisor.backends.offline import combination_key
from wandb_magic.supervisor.state import SchedulerState


class Repeats:
    """The repeats of one sweep.

    Parameters
    ----------
    state
        The sweep and its runs.
    spec
        The sweep config.
    filled
        What runs had of the parameters that were added after them.
    """

    def __init__(self, state: SchedulerState, spec: Spec, filled: Filled) -> None:
        self._state = state
        self._spec = spec
        self._filled = filled
        self._revision = -1
        self._due: list[Trial] = []

    def edit(self, spec: Spec, filled: Filled) -> None:
        """Decide by another version of the spec from now on."""
        self._spec, self._filled = spec, filled
        self._revision = -1

    def due(self) -> list[Trial]:
        """Return the runs to repeat next, as often as each is to be repeated, in order."""
        runs = self._state.runs
        if self._revision != runs.revision:
            self._revision = runs.revision
            self._due = self._find()
        return self._due

    def _find(self) -> list[Trial]:
        sweep, trials = self._state.sweep, self._state.runs.trials()
        repeat = runs_of_each(sweep)
        sizes = {group: len(members) for group, members in by_group(trials).items()}
        return [
            trial
            for trial in due_repeats(trials, self._spec, repeat)
            if sweep.version == 1 or self._fits(trial)
            for _ in range(repeat - sizes[trial.repeat_group])
        ]

    def _fits(self, trial: Trial) -> bool:
        filled = self._filled.get(str(trial.number), {})
        return project(trial.params, filled, self._spec) is not None

    def group_of(self, params: Params) -> int | None:
        """Return the set of parameters of which a user's own run is a repeat; None if of none."""
        repeat = runs_of_each(self._state.sweep)
        if repeat == 1:
            return None
        key = combination_key(params)
        return next(
            (
                group
                for group, members in by_group(self._state.runs.trials()).items()
                if len(members) < repeat and combination_key(members[0].params) == key
            ),
            None,
        )


def runs_of_each(sweep: SweepRecord) -> int:
    """Return how many runs each set of parameters has."""
    return sweep.options.repeat if sweep.mode == "offline" else 1
