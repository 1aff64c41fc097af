"""Durations as text."""

from __future__ import annotations


def format_duration(seconds: float) -> str:
    """Return a human-readable duration: ``42 s``, ``3 m 12 s``, ``5 h 4 m``."""
    whole = round(seconds)
    if whole < 60:  # noqa: PLR2004 - seconds in a minute
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:  # noqa: PLR2004 - minutes in an hour
        return f"{minutes} m {rest} s"
    return f"{minutes // 60} h {minutes % 60} m"
