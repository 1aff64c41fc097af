"""Backends: where parameters come from, our own search or the W&B server."""

from wandb_magic.supervisor.backends.base import (
    Backend,
    BackendEvent,
    BackendFactory,
    BackendNotice,
    EventCallback,
    StopRun,
    Suggestion,
    SweepChanged,
)
from wandb_magic.supervisor.backends.offline import OfflineBackend
from wandb_magic.supervisor.backends.online import OnlineBackend

__all__ = [
    "Backend",
    "BackendEvent",
    "BackendFactory",
    "BackendNotice",
    "EventCallback",
    "OfflineBackend",
    "OnlineBackend",
    "StopRun",
    "Suggestion",
    "SweepChanged",
]
