"""A sweep's store: one SQLite file that its supervisor writes and all other processes read.

All knowledge of SQLite and of the tables is here. The store makes no decisions about runs: it
stores and returns what it is given.
"""

from wandb_magic.store.annotations import SWEEP, annotate
from wandb_magic.store.filesystem import network_file_system
from wandb_magic.store.reader import Event, MediaItem, OrderError, StoreReader
from wandb_magic.store.request_table import (
    Answer,
    insert_request,
    read_answer,
    withdraw_request,
)
from wandb_magic.store.schema import create
from wandb_magic.store.writer import StoreWriter

__all__ = [
    "SWEEP",
    "Answer",
    "Event",
    "MediaItem",
    "OrderError",
    "StoreReader",
    "StoreWriter",
    "annotate",
    "create",
    "insert_request",
    "network_file_system",
    "read_answer",
    "withdraw_request",
]
