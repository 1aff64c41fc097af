"""Chooses which of many items are drawn or sent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

Item = TypeVar("Item")


def downsample(items: Sequence[Item], most: int) -> list[Item]:
    """Return at most `most` of the items, evenly spaced: the last, the first, then others."""
    if len(items) <= most:
        return list(items)
    if most <= 1:
        return list(items[-1:]) if most else []
    step = (len(items) - 1) / (most - 1)
    return [items[round(index * step)] for index in range(most)]
