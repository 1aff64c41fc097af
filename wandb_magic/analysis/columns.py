"""The type of a column, from the JSON values in it.

pandas alone makes objects of truth values among which one is missing, and floats of whole numbers.
Here a column gets the narrowest type that holds all of its values; nothing is made to fit.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from wandb_magic.records import RunId

if TYPE_CHECKING:
    import pandas as pd

NON_FINITE = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}
"""How JSON from W&B says numbers that JSON has no form for."""
_WHOLE = 2**63


def column(values: Sequence[Any], *, parse_nonfinite: bool = False) -> Any:  # noqa: ANN401 - pandas arrays
    """Return the values as an array of the type that fits; None is what is missing.

    Parameters
    ----------
    values
        JSON values.
    parse_nonfinite
        Whether ``"NaN"`` and its like are numbers.

    Returns
    -------
    pandas.api.extensions.ExtensionArray or numpy.ndarray
        ``boolean`` for truth values, ``Int64`` for whole numbers, ``float64`` for numbers,
        ``string`` for text, each where all values are of that kind; else ``object``: lists,
        mappings, mixtures, whole numbers beyond 64 bits, and columns without a value.
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
    found = np.empty(len(values), dtype=object)
    found[:] = list(values)
    return found


def _parse_numbers(values: Sequence[Any]) -> Sequence[Any]:
    """Return numbers for the texts that stand for them, unless there is other text, too."""
    if any(isinstance(value, str) and value not in NON_FINITE for value in values):
        return values
    return [NON_FINITE[value] if isinstance(value, str) else value for value in values]


def table(
    rows: Mapping[RunId, Mapping[str, Any]], keys: Sequence[str], *, parse_nonfinite: bool = False
) -> pd.DataFrame:
    """Return a frame of documents: a row each, by run; a column for each key, typed."""
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
    """Return the index of a frame with a row a run."""
    import pandas as pd  # noqa: PLC0415 - as above

    index: pd.Index[str] = pd.Index([str(run) for run in runs], name="run", dtype=object)
    return index
