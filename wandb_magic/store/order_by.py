"""Builds the SQL order of runs; user input enters it only after validation."""

from __future__ import annotations

from wandb_magic.errors import StoreError


class OrderError(StoreError):
    """Runs cannot be ordered by the given key."""


_COLUMNS = frozenset(
    {"id", "number", "attempt", "agent", "state", "created", "started", "ended", "exit_code"}
    | {"cause", "value"}
)
_DOCUMENTS = ("params", "config", "summary", "info")


def order_clause(order: str, *, descending: bool) -> str:
    """Return the expression after ``ORDER BY``; see `StoreReader.runs`.

    Raises
    ------
    OrderError
        If runs cannot be ordered by `order`.
    """
    direction = "DESC" if descending else "ASC"
    if order in _COLUMNS:
        return f"{order} {direction} NULLS LAST"
    if order == "duration":
        return f"ended - started {direction} NULLS LAST"
    document, _, key = order.partition(".")
    if document not in _DOCUMENTS or not key or set(key) & {'"', "'", "\\"}:
        raise OrderError(
            f"Runs cannot be ordered by {order!r}: give one of {', '.join(sorted(_COLUMNS))}, "
            f"duration, or a key such as summary.loss."
        )
    # Parameters are nested as in the spec; the other documents have dotted keys.
    parts = key.split(".") if document == "params" else [key]
    path = "".join(f'."{part}"' for part in parts)
    value = f"json_extract({document}, '${path}')"
    return f"typeof({value}) = 'text', {value} {direction} NULLS LAST"
