"""Random search: every run is drawn independently, so order and other runs change nothing."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from wandb_magic.records import Params, Trial
from wandb_magic.spec import Spec
from wandb_magic.spec.parameters import nest


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

    def ask(self, number: int, trials: Sequence[Trial] = (), *, cheap: bool = False) -> Params:  # noqa: ARG002 - nothing else matters here
        """Return the parameters of run `number`."""
        draw = Random(f"{self._seed}:{number}").random  # noqa: S311 - no secret
        return nest(
            {path: distribution.sample(draw()) for path, distribution in self._spec.leaves.items()}
        )
