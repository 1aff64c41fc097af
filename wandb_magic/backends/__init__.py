"""Who chooses parameters: our search, or the W&B server."""

from wandb_magic.backends.base import Backend, EndRun, Hear, Proposal, SweepChanged, Trouble, Word
from wandb_magic.backends.offline import OfflineBackend
from wandb_magic.backends.online import OnlineBackend

__all__ = [
    "Backend",
    "EndRun",
    "Hear",
    "OfflineBackend",
    "OnlineBackend",
    "Proposal",
    "SweepChanged",
    "Trouble",
    "Word",
]
