"""Concatenates the curves of many runs on one index of run and step.

A sweep can have ten thousand runs, so no pandas object is created per run: steps and values are
joined as arrays, and the frame is created once at the end.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from wandb_magic.records import RunId

if TYPE_CHECKING:
    import pandas as pd

    from wandb_magic.store.curves import Curve

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
SPREAD = 8
"""If the range of the steps exceeds their number by this factor, they are sorted, not counted."""


class CurveTable:
    """The concatenated curves of runs.

    Parameters
    ----------
    keys
        The columns.
    banded
        Whether each key has two columns: the lowest and the highest value.
    index_name, unit
        The name of a step in the index, and the number of steps in one unit of the index.

    Attributes
    ----------
    runs
        The runs that have any row, in order.
    lengths
        The number of rows of each of them.
    steps
        The steps of each of them, ascending.
    """

    def __init__(
        self, keys: Sequence[str], *, banded: bool = False, index_name: str = "step", unit: int = 1
    ) -> None:
        self.keys = list(keys)
        self.runs: list[RunId] = []
        self.lengths: list[int] = []
        self.steps: list[Ints] = []
        self._banded, self._index_name, self._unit = banded, index_name, unit
        self._values: dict[tuple[str, bool], list[Floats]] = {
            (key, high): [] for key in keys for high in ((False, True) if banded else (False,))
        }

    def add(self, run: RunId, curves: Mapping[str, Curve]) -> None:
        """Append a run; one without a point of `keys` gets no row."""
        ordered = {key: _sort_steps(curve) for key, curve in curves.items() if len(curve.steps)}
        if not ordered:
            return
        steps = _union([each for each, _, _ in ordered.values()])
        for (key, high), column in self._values.items():
            if key not in ordered:
                column.append(np.full(len(steps), np.nan))
                continue
            key_steps, low_values, high_values = ordered[key]
            values = high_values if high else low_values
            if len(key_steps) < len(steps):
                spaced = np.full(len(steps), np.nan)
                spaced[np.searchsorted(steps, key_steps)] = values
                values = spaced
            column.append(values)
        self.runs.append(run)
        self.lengths.append(len(steps))
        self.steps.append(steps)

    def columns(self) -> dict[Any, Floats]:
        """Return the values by the names of the frame's columns."""
        names = ("low", "high")
        return {
            (key, names[high]) if self._banded else key: _concatenate(values, np.float64)
            for (key, high), values in self._values.items()
        }

    def index_values(self) -> NDArray[Any]:
        """Return the second level of the index, after the run, in its unit."""
        return self._in_unit(_concatenate(self.steps, np.int64))

    def frame(self) -> pd.DataFrame:
        """Return the frame: index run and step."""
        import pandas as pd  # noqa: PLC0415 - a second to import

        steps, codes = _levels(_concatenate(self.steps, np.int64))
        runs: Any = pd.Index([str(run) for run in self.runs], dtype=object)
        levels: list[Any] = [runs, self._in_unit(steps)]
        positions: list[Any] = [np.repeat(np.arange(len(runs)), self.lengths), codes]
        index: pd.MultiIndex = pd.MultiIndex(
            levels=levels,
            codes=positions,
            names=["run", self._index_name],
            verify_integrity=False,
        )
        columns = self.columns()
        names: Any = list(columns)
        if self._banded:
            pairs: Any = zip(*columns, strict=True) if columns else ([], [])
            names = pd.MultiIndex.from_arrays(list(pairs), names=["key", "bound"])
        frame: pd.DataFrame = pd.DataFrame(
            dict(enumerate(columns.values())), index=index, copy=False
        )
        frame.columns = names
        return frame

    def _in_unit(self, steps: Ints) -> NDArray[Any]:
        return steps if self._unit == 1 else steps / self._unit


def _sort_steps(curve: Curve) -> tuple[Ints, Floats, Floats]:
    """Return the curve with ascending steps; of a step logged twice, the later value counts."""
    steps = curve.steps
    if len(steps) < 2 or bool(np.all(steps[1:] > steps[:-1])):  # noqa: PLR2004 - a neighbour
        return steps, curve.lows, curve.highs
    order = np.argsort(steps, kind="stable")
    ordered = steps[order]
    last = order[np.append(ordered[1:] != ordered[:-1], [True])]
    return steps[last], curve.lows[last], curve.highs[last]


def _union(steps: Sequence[Ints]) -> Ints:
    first, *others = steps
    if all(len(each) == len(first) and np.array_equal(each, first) for each in others):
        return first
    return np.unique(np.concatenate(steps))


def _concatenate(parts: Sequence[NDArray[Any]], kind: type) -> NDArray[Any]:
    return np.concatenate(parts) if parts else np.empty(0, kind)


def _levels(steps: Ints) -> tuple[Any, Any]:
    """Return the distinct steps, ascending, and the position of each step among them."""
    if not len(steps):
        return steps, steps
    first = int(steps.min())
    spread = int(steps.max()) - first + 1
    if spread > SPREAD * len(steps):
        levels, codes = np.unique(steps, return_inverse=True)
        return levels, codes
    # Counting is linear: most runs log at the same steps.
    is_present = np.zeros(spread, dtype=bool)
    is_present[steps - first] = True
    return np.flatnonzero(is_present) + first, (np.cumsum(is_present) - 1)[steps - first]
