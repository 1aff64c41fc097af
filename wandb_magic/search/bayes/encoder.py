"""Remembers each run's parameters in Optuna's form, which are needed for every choice."""

from __future__ import annotations

from wandb_magic.records import Params, Trial
from wandb_magic.search.bayes.space import Choice, SearchSpace


class RunEncoder:
    """Converts the parameters of runs, each once.

    Parameters
    ----------
    space
        The search space.
    """

    def __init__(self, space: SearchSpace) -> None:
        self._space = space
        self._encoded: dict[int, tuple[Params, Choice | None]] = {}

    def encode(self, trial: Trial) -> Choice | None:
        """Return a run's parameters in Optuna's form; None if they are outside the space."""
        params, choice = self._encoded.get(trial.number, (None, None))
        if params is not trial.params and params != trial.params:
            choice = self._space.encode(trial.params)
            self._encoded[trial.number] = trial.params, choice
        return choice
