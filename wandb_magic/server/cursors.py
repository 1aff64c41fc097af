"""Cursors: how much of a sweep's runs a client has received. They stay valid after a restart."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass

from wandb_magic.arguments import brief
from wandb_magic.server import schemas
from wandb_magic.server.http_errors import BadRequestError
from wandb_magic.server.serializers import run_rows
from wandb_magic.store import StoreReader

SLACK_S = 30.0
"""How long an ended run may still change: the end of its log is read after it has ended."""

_CURSOR = re.compile(r"(\d{1,18})-(\d{1,18})((?:\.\d{1,18}){0,10000})")


@dataclass(frozen=True)
class Cursor:
    """How much of a sweep's runs a client has received.

    Attributes
    ----------
    row
        The newest row that was read.
    time
        When it was read, in seconds since the epoch.
    active
        The rows of the runs that were active then: their ends may be recorded much later, by the
        next supervisor.
    """

    row: int
    time: int
    active: tuple[int, ...] = ()

    def __str__(self) -> str:
        return "".join([f"{self.row}-{self.time}", *(f".{row}" for row in self.active)])

    @classmethod
    def parse(cls, text: str) -> Cursor:
        """Parse a cursor.

        Raises
        ------
        BadRequestError
            If the text is not a cursor.
        """
        match = _CURSOR.fullmatch(text)
        if match is None:
            raise BadRequestError(
                f"mark: {brief(text)} is not a cursor: use a mark that the server returned"
            )
        active = tuple(int(row) for row in match[3].split(".") if row)
        return cls(int(match[1]), int(match[2]), active)

    @classmethod
    def current(cls, reader: StoreReader) -> Cursor:
        """Return the cursor of a client that is about to read all runs."""
        return cls(reader.last_row(), int(time.time()), tuple(reader.active_rows()))


def changed_runs(reader: StoreReader, since: str) -> schemas.RunsPage:
    """Return the runs that may have changed since a cursor, and the next cursor."""
    cursor, now = Cursor.parse(since), Cursor.current(reader)
    changed = reader.changed_runs(cursor.row, cursor.time - SLACK_S, cursor.active)
    return {"rows": run_rows(reader, changed), "total": reader.run_count(), "mark": str(now)}
