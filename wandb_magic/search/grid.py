"""Grid search in W&B's order: names sorted, the last one varies fastest.

The number of a run encodes the combination in mixed radix, so a grid of any size costs nothing.
The search keeps no state and learns nothing from other runs.
"""

from __future__ import annotations

import itertools
import math
from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from wandb_magic.errors import SpecError
from wandb_magic.records import Params, Trial
from wandb_magic.spec import Spec
from wandb_magic.spec.conditions import Path
from wandb_magic.spec.continuous import QUniform
from wandb_magic.spec.discrete import Categorical, Constant, IntUniform
from wandb_magic.spec.distributions import Distribution
from wandb_magic.spec.fields import canonical
from wandb_magic.spec.parameters import nest

BEYOND = 10**308  # stands for a count of values beyond all floats: no sweep reaches its end

MOST_BLOCKS = 1_000_000
"""So many combinations of the parameters that rules look at are checked, at most."""

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


@dataclass(frozen=True)
class _Block:
    """The combinations with the same values of the parameters that rules look at.

    Attributes
    ----------
    first
        The number of its first combination.
    fixed
        These values.
    free
        The other parameters that a run has with them.
    """

    first: int
    fixed: Mapping[Path, Any]
    free: tuple[Path, ...]


class GridSearcher:
    """Tries every combination once.

    Where rules say which parameters a run has, or which combinations it may not have, the
    parameters that the rules look at vary slowest, so that each of their combinations is a block
    of which all runs have the same parameters.

    Parameters
    ----------
    spec
        The sweep config.
    """

    def __init__(self, spec: Spec) -> None:
        self._spec = spec

    @cached_property
    def _axes(self) -> dict[Path, GridValues]:
        return {path: grid_values(each) for path, each in self._spec.leaves.items()}

    @cached_property
    def _layout(self) -> tuple[list[_Block], int]:
        """The blocks, and the number of all combinations."""
        conditions, axes = self._spec.conditions, self._axes
        deciding = [path for path in axes if path in conditions.deciding]
        others = [path for path in axes if path not in conditions.deciding]
        if (product := self._count(deciding)) > MOST_BLOCKS:
            raise SpecError(
                f"when, forbid: they look at {product:.3g} combinations, more than a grid can "
                f"check one by one ({MOST_BLOCKS}): use method: random"
            )
        blocks: list[_Block] = []
        seen, size = set[str](), 0
        for digits in itertools.product(*(range(axes[path][0]) for path in deciding)):
            values = {
                path: axes[path][1](digit) for path, digit in zip(deciding, digits, strict=True)
            }
            stand_ins = {path: axes[path][1](0) for path in others}
            active = conditions.active({**values, **stand_ins})
            fixed = {path: active[path] for path in deciding if path in active}
            key = canonical([[list(path), value] for path, value in fixed.items()])
            if key in seen or not conditions.allows(fixed):
                continue
            seen.add(key)
            free = tuple(path for path in others if path in active)
            blocks.append(_Block(size, fixed, free))
            size += self._count(free)
        return blocks, size

    def _count(self, paths: Iterable[Path]) -> int:
        return math.prod(self._axes[path][0] for path in paths)

    @property
    def size(self) -> int:
        """The number of combinations.

        Raises
        ------
        SpecError
            If the rules look at too many of them.
        """
        return self._layout[1]

    def ask(
        self,
        number: int,
        trials: Sequence[Trial] = (),  # noqa: ARG002 - nothing else matters here
        *,
        cheap: bool = False,  # noqa: ARG002 - as above
    ) -> Params | None:
        """Return combination `number`; None beyond the last one."""
        blocks, size = self._layout
        if number >= size:
            return None
        block = blocks[bisect_right(blocks, number, key=lambda each: each.first) - 1]
        values, number = dict(block.fixed), number - block.first
        for path in reversed(block.free):
            count, value_at = self._axes[path]
            number, digit = divmod(number, count)
            values[path] = value_at(digit)
        return nest({path: values[path] for path in self._spec.leaves if path in values})


def grid_size(spec: Spec) -> int:
    """Return the number of combinations in the grid of `spec`."""
    return GridSearcher(spec).size
