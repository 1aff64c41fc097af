"""Random search: every run is drawn independently, so order and other runs change nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from random import Random
from typing import Any

from wandb_magic.records import Params, Trial
from wandb_magic.spec import Spec
from wandb_magic.spec.conditions import Path
from wandb_magic.spec.parameters import nest

MAX_DRAWS = 10_000
"""So many are tried for one run; after that, nearly everything is forbidden."""


class RandomSearcher:
    """Draws each run from the distributions in the config, with its own generator.

    Parameters
    ----------
    spec
        The sweep config.
    seed
        Together with a run's number, it determines the run.
    """

    def __init__(self, spec: Spec, *, seed: int) -> None:
        self._spec = spec
        self._seed = seed

    def ask(
        self,
        number: int,
        trials: Sequence[Trial] = (),  # noqa: ARG002 - nothing else matters here
        *,
        cheap: bool = False,  # noqa: ARG002 - as above
    ) -> Params | None:
        """Return the parameters of run `number`; None if all that was tried is forbidden."""
        for drawn in self.draws(number):
            values = self._spec.conditions.active(drawn)
            if self._spec.conditions.allows(values):
                return nest(values)
        return None

    def draws(self, number: int) -> Iterator[dict[Path, Any]]:
        """Yield values of every parameter for run `number`, whatever the conditions."""
        for attempt in range(MAX_DRAWS):
            seed = f"{self._seed}:{number}:{attempt}" if attempt else f"{self._seed}:{number}"
            draw = Random(seed).random  # noqa: S311 - no secret
            yield {path: each.sample(draw()) for path, each in self._spec.leaves.items()}
