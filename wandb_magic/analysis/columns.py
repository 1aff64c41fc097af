"""Determines the type of a column from the JSON values in it.

By default, pandas turns booleans with a missing value into objects, and integers into floats. Here
a column gets the narrowest type that holds all of its values; no value is converted to fit.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from wandb_magic.nonfinite import decode_nonfinite
from wandb_magic.records import RunId

if TYPE_CHECKING:
    import pandas as pd

_WHOLE = 2**63


def column(values: Sequence[Any], *, parse_nonfinite: bool = False) -> Any:  # noqa: ANN401 - pandas arrays
    """Return the values as an array of a suitable type; None is a missing value.

    Parameters
    ----------
    values
        JSON values.
    parse_nonfinite
        Whether ``"NaN"`` and the like are numbers.

    Returns
    -------
    pandas.api.extensions.ExtensionArray or numpy.ndarray
        ``boolean`` for booleans, ``Int64`` for integers, ``float64`` for numbers, ``string`` for
        text, where all values are of that kind; else ``object``: lists, mappings, mixtures,
        integers beyond 64 bits, and columns without a value.
    """
    import pandas as pd  # noqa: PLC0415 - a second to import

    if parse_nonfinite:
        values = _parse_numbers(values)
    kinds = {type(value) for value in values} - {type(None)}
    if kinds == {bool}:
        return pd.array(values, dtype="boolean")
    if kinds == {int} and all(value is None or -_WHOLE <= value < _WHOLE for value in values):
        return pd.array(values, dtype="Int64")
    if float in kinds and kinds <= {int, float}:
        try:
            return np.array([math.nan if each is None else float(each) for each in values])
        except OverflowError:
            pass
    if kinds == {str}:
        return pd.array(values, dtype="string")
    objects = np.empty(len(values), dtype=object)
    objects[:] = list(values)
    return objects


def _parse_numbers(values: Sequence[Any]) -> Sequence[Any]:
    """Return numbers for texts that stand for them, unless there is also other text."""
    parsed = [decode_nonfinite(value) if isinstance(value, str) else value for value in values]
    has_text = any(
        isinstance(value, str) and number is None
        for value, number in zip(values, parsed, strict=True)
    )
    return values if has_text else parsed


def table(
    rows: Mapping[RunId, Mapping[str, Any]], keys: Sequence[str], *, parse_nonfinite: bool = False
) -> pd.DataFrame:
    """Return a frame of documents: one row per run, one typed column per key."""
    import pandas as pd  # noqa: PLC0415 - as above

    columns = {
        key: column([row.get(key) for row in rows.values()], parse_nonfinite=parse_nonfinite)
        for key in keys
    }
    frame: pd.DataFrame = pd.DataFrame(
        columns, index=index_of(rows), columns=list(keys), copy=False
    )
    return frame


def index_of(runs: Any) -> pd.Index[str]:  # noqa: ANN401 - any iterable of ids
    """Return the index of a frame with one row per run."""
    import pandas as pd  # noqa: PLC0415 - as above

    index: pd.Index[str] = pd.Index([str(run) for run in runs], name="run", dtype=object)
    return index
