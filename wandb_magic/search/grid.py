"""Grid search in W&B's order: names sorted, the last one varies fastest.

The number of a run encodes the combination in mixed radix, so a grid of any size costs nothing.
The search keeps no state and learns nothing from other runs.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

from wandb_magic.records import Params, Trial
from wandb_magic.spec import Spec
from wandb_magic.spec.continuous import QUniform
from wandb_magic.spec.discrete import Categorical, Constant, IntUniform
from wandb_magic.spec.distributions import Distribution
from wandb_magic.spec.fields import canonical
from wandb_magic.spec.parameters import nest

BEYOND = 10**308  # stands for a count of values beyond all floats: no sweep reaches its end

GridValues = tuple[int, Callable[[int], Any]]
"""The number of values of one parameter, and a function from position to value."""


def grid_values(distribution: Distribution) -> GridValues:
    """Return the values that grid search tries for one parameter, in order."""
    if isinstance(distribution, Constant):
        return 1, lambda _: distribution.value
    if isinstance(distribution, Categorical):
        values = list({canonical(value): value for value in distribution.values}.values())
        return len(values), values.__getitem__
    if isinstance(distribution, IntUniform):
        return distribution.max - distribution.min + 1, lambda index: distribution.min + index
    assert isinstance(distribution, QUniform)
    # W&B takes these from numpy.arange; the values here equal it to the last bit.
    step = (distribution.min + distribution.q) - distribution.min
    steps = (float(distribution.max) - float(distribution.min)) / distribution.q
    count = math.ceil(steps) if math.isfinite(steps) else BEYOND
    return count, lambda index: distribution.min + index * step


class GridSearcher:
    """Tries every combination once.

    Parameters
    ----------
    spec
        The sweep config.
    """

    def __init__(self, spec: Spec) -> None:
        self._spec = spec

    @cached_property
    def _axes(self) -> list[GridValues]:
        return [grid_values(distribution) for distribution in self._spec.leaves.values()]

    @property
    def size(self) -> int:
        """The number of combinations."""
        return math.prod(count for count, _ in self._axes)

    def ask(
        self,
        number: int,
        trials: Sequence[Trial] = (),  # noqa: ARG002 - nothing else matters here
        *,
        cheap: bool = False,  # noqa: ARG002 - as above
    ) -> Params | None:
        """Return combination `number`; None beyond the last one."""
        values = []
        for count, value_at in reversed(self._axes):
            number, digit = divmod(number, count)
            values.append(value_at(digit))
        if number:
            return None
        return nest(dict(zip(self._spec.leaves, reversed(values), strict=True)))


def grid_size(spec: Spec) -> int:
    """Return the number of combinations in the grid of `spec`."""
    return GridSearcher(spec).size
