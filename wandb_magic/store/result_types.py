"""Result types of the store, in addition to the records that all layers share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from wandb_magic.records import RunId


@dataclass(frozen=True)
class Event:
    """Something that happened; `seq` counts from 1, `time` is seconds since the epoch."""

    seq: int
    time: float
    kind: str
    run: RunId | None
    text: str


@dataclass(frozen=True)
class MediaItem:
    """A logged value that is not a number, as W&B's JSON; its paths are relative to ``files/``."""

    key: str
    step: int
    time: float | None
    value: Any
