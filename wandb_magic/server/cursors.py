"""Marks: up to where a page knows the runs of a sweep. They outlive the server."""

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
"""A run that ended may change for a while: its last log lines come after its end."""

_CURSOR = re.compile(r"(\d{1,18})-(\d{1,18})((?:\.\d{1,18}){0,10000})")


@dataclass(frozen=True)
class Cursor:
    """What a page knows.

    Attributes
    ----------
    row
        The newest row that was read.
    time
        When it was read, in seconds since the epoch.
    living
        The rows of the runs that went on then: their ends may be found out much later, when a
        supervisor comes back.
    """

    row: int
    time: int
    living: tuple[int, ...] = ()

    def __str__(self) -> str:
        return "".join([f"{self.row}-{self.time}", *(f".{row}" for row in self.living)])

    @classmethod
    def parse(cls, text: str) -> Cursor:
        """Read a mark.

        Raises
        ------
        BadRequestError
            If it is none.
        """
        match = _CURSOR.fullmatch(text)
        if match is None:
            raise BadRequestError(f"mark: {brief(text)} is none: give one that the server gave")
        living = tuple(int(row) for row in match[3].split(".") if row)
        return cls(int(match[1]), int(match[2]), living)

    @classmethod
    def current(cls, reader: StoreReader) -> Cursor:
        """Return the mark of one who is about to read all runs."""
        return cls(reader.last_row(), int(time.time()), tuple(reader.active_rows()))


def changed_runs(reader: StoreReader, since: str) -> schemas.RunsPage:
    """Return the runs that may have changed since a mark, and the next mark."""
    cursor, now = Cursor.parse(since), Cursor.current(reader)
    changed = reader.changed_runs(cursor.row, cursor.time - SLACK_S, cursor.living)
    return {"rows": run_rows(reader, changed), "total": reader.run_count(), "mark": str(now)}
