"""Who chooses parameters: our search, or the W&B server."""

from wandb_magic.backends.base import Backend
from wandb_magic.backends.offline import OfflineBackend

__all__ = ["Backend", "OfflineBackend"]
