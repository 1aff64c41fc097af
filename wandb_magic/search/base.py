"""The interface of every search method: runs so far in, the next parameters out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from wandb_magic.records import Params, Trial


class Searcher(Protocol):
    """Chooses parameters.

    A searcher is a pure function: the same seed, number and trials give the same parameters, in
    any process and order. An instance may cache what it computed, so only one thread at a time may
    use it.
    """

    def ask(self, number: int, trials: Sequence[Trial], *, cheap: bool = False) -> Params | None:
        """Return the parameters of run `number`.

        Parameters
        ----------
        number
            Position of the run in the sweep, from 0.
        trials
            All runs so far, finished and in flight.
        cheap
            Whether to return within milliseconds, at the cost of a poorer choice.

        Returns
        -------
        Params or None
            None if the search is exhausted.
        """
        ...
