"""A sweep's store: one SQLite file that its supervisor writes and everybody else reads.

All knowledge of SQLite and of the tables is here. The store decides nothing about runs: it keeps
what it is told, and shows it.
"""

from wandb_magic.store.ordering import OrderError
from wandb_magic.store.place import network_file_system
from wandb_magic.store.posting import answered, post, withdraw
from wandb_magic.store.reader import StoreReader
from wandb_magic.store.schema import create
from wandb_magic.store.views import Event, MediaItem
from wandb_magic.store.writer import StoreWriter

__all__ = [
    "Event",
    "MediaItem",
    "OrderError",
    "StoreReader",
    "StoreWriter",
    "answered",
    "create",
    "network_file_system",
    "post",
    "withdraw",
]
