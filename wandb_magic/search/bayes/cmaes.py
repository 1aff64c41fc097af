"""CMA-ES over the unit cube, replayed from the runs so far.

Optuna's own sampler keeps its state in the trials that it created itself, so it cannot continue
from a store or from another sweep's runs. Here every finished run counts, whatever its origin.
Categories are intervals of their axis.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import Any

import numpy as np

from wandb_magic.search.bayes.space import Choice, SearchSpace
from wandb_magic.search.bayes.study import Row

INITIAL_SIGMA = 0.3
"""The first standard deviation, on axes of length 1."""


class CmaEsSampler:
    """The covariance matrix adaptation evolution strategy (Hansen 2016, arXiv:1604.00772).

    Parameters
    ----------
    space
        The space to search.
    """

    def __init__(self, space: SearchSpace) -> None:
        self._space = space
        self._restart()
        self._history: list[Row] = []

    def _restart(self) -> None:
        dimensions = len(self._space.distributions)
        self._optimizer: Any = import_module("cmaes").CMA(
            mean=np.full(dimensions, 0.5),
            sigma=INITIAL_SIGMA,
            bounds=np.tile([0.0, 1.0], (dimensions, 1)),
        )

    def ask(self, finished: Sequence[Row], seed: int) -> Choice:
        """Return a choice after the runs in `finished`.

        They are used generation by generation in the given order; the last ones are not used
        until their generation is complete.
        """
        if self._history != finished[: len(self._history)]:
            self._history = []
            self._restart()
        size = self._optimizer.population_size
        while len(finished) >= len(self._history) + size:
            generation = finished[len(self._history) : len(self._history) + size]
            self._optimizer.tell(
                [(np.array(self._space.to_units(choice)), value) for choice, value in generation]
            )
            self._history += generation
            if self._optimizer.should_stop():
                self._restart()
        self._optimizer.reseed_rng(seed)
        return self._space.from_units(self._optimizer.ask().tolist())
