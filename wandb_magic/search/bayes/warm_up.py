"""Imports PyTorch and fits a first Gaussian process while the first random runs execute.

Otherwise the first choice that a Gaussian process makes waits for the import: 2 s, and 10 to 20 s
if the disk has not read PyTorch since it booted.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from importlib.util import find_spec

from optuna.distributions import FloatDistribution

from wandb_magic.search.bayes.samplers import make_gp_sampler
from wandb_magic.search.bayes.study import InMemoryStudy

logger = logging.getLogger(__name__)

Limit = Callable[[], int | None]
"""Returns how many sets of parameters there will be at most; None for no limit."""


def no_limit() -> None:
    """Return that the number of sets of parameters is unknown."""
    return


class GpWarmUp:
    """Starts the import once, when half of the random runs have been asked for.

    Owned by a searcher. The import is done in a thread of its own: it never keeps the global
    interpreter lock for longer than 0.2 s at a time.

    Parameters
    ----------
    sampler
        The sampler of the search; only ``auto`` and ``gp`` need PyTorch.
    startup
        How many runs are drawn at random before the first Gaussian process.
    limit
        A sweep that ends before them never needs it.
    """

    def __init__(self, sampler: str, startup: int, limit: Limit) -> None:
        self._is_needed = sampler in ("auto", "gp") and find_spec("torch") is not None
        self._startup = startup
        self._limit = limit
        self.thread: threading.Thread | None = None

    def observe(self, runs: int, priors: int = 0) -> None:
        """Start the import if it will be needed soon.

        Parameters
        ----------
        runs
            How many runs there are, those in flight and priors included.
        priors
            How many of them are of another sweep.
        """
        if not self._is_needed or self.thread is not None or 2 * runs < self._startup:
            return
        limit = self._limit()
        if limit is None or priors + limit > self._startup:
            self.thread = threading.Thread(target=_fit_once, name="warm-up", daemon=True)
            self.thread.start()


def _fit_once() -> None:
    try:
        study = InMemoryStudy({"x": FloatDistribution(0, 1)})
        study.ask([({"x": 0.0}, 0.0), ({"x": 1.0}, 1.0)], make_gp_sampler(0))
    except Exception:  # the search reports it, if it fails there as well
        logger.debug("the first Gaussian process failed", exc_info=True)
