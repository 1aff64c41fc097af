"""The limits that end a sweep, apart from its number of runs: time, cost, and flatness."""

from __future__ import annotations

from collections.abc import Sized
from typing import Any

from wandb_magic.arguments import ArgumentError, brief, check_flag, check_object, check_seconds
from wandb_magic.records import Options, SweepRecord

HOUR_S = 3600
_MAX_AMOUNT = 1e15


def check_amount(name: str, value: object) -> float:
    """Return an amount of money.

    Raises
    ------
    ArgumentError
        If it is not a finite number above 0.
    """
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not is_number or not 0 < value <= _MAX_AMOUNT:  # type: ignore[operator]
        raise ArgumentError(f"{name}: must be a number above 0, and is {brief(value)}")
    return float(value)  # type: ignore[arg-type]


_CHECKS = {
    "max_time": check_seconds,
    "max_cost": check_amount,
    "price_per_hour": check_amount,
    "until_flat": check_flag,
}
LIMITS = tuple(_CHECKS)
"""The names of the limits, which are also those of the options."""


def check_limit_changes(name: str, value: object) -> dict[str, Any]:
    """Return changes of limits by name; None removes one.

    Raises
    ------
    ArgumentError
        If a name or a value is wrong.
    """
    changes = check_object(name, value)
    for key, each in changes.items():
        if key not in _CHECKS:
            raise ArgumentError(f"{name}: {brief(key)} is none of {', '.join(LIMITS)}")
        if key == "until_flat" or each is not None:
            changes[key] = _CHECKS[key](f"{name}.{key}", each)
    return changes


def cost_of(sweep: SweepRecord) -> float | None:
    """Return what a sweep has cost so far; None without a price.

    It occupies this machine while it runs, or another one with each of its runs.
    """
    price = sweep.options.price_per_hour
    seconds = sweep.run_seconds if sweep.options.launcher else sweep.elapsed
    return None if price is None else seconds / HOUR_S * price


def time_left(sweep: SweepRecord, running: int) -> float | None:
    """Return after how many seconds a limit will be reached; None without one.

    Parameters
    ----------
    sweep
        The sweep.
    running
        How many of its runs are active.
    """
    options, limits = sweep.options, []
    if options.max_time is not None:
        limits.append(options.max_time - sweep.elapsed)
    cost = cost_of(sweep)
    if options.max_cost is not None and options.price_per_hour and cost is not None:
        pace = max(1, running) if options.launcher else 1
        limits.append((options.max_cost - cost) / options.price_per_hour * HOUR_S / pace)
    return max(0.0, min(limits)) if limits else None


def has_end(options: Options) -> bool:
    """Return whether a limit ends the sweep for sure, whatever its runs log."""
    return options.max_time is not None or options.max_cost is not None


def check_limits(options: Options, objectives: Sized, constraints: Sized) -> None:
    """Check that limits fit each other, and the config.

    Parameters
    ----------
    options
        The options of the sweep.
    objectives, constraints
        Those of its config.

    Raises
    ------
    ArgumentError
        If they do not.
    """
    if options.max_cost is not None and options.price_per_hour is None:
        raise ArgumentError("max_cost: needs a price: add price_per_hour (--price-per-hour)")
    if options.until_flat and (len(objectives) != 1 or len(constraints)):
        raise ArgumentError(
            "until_flat: judges one metric without constraints: remove it, or use another limit"
        )
