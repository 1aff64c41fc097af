"""Marks: up to where a page knows the runs of a sweep. They outlive the server."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass

from wandb_magic.server import wire
from wandb_magic.server.answers import rows
from wandb_magic.server.problems import BadRequestError
from wandb_magic.store import StoreReader
from wandb_magic.validation import shown

SLACK_S = 30.0
"""A run that ended may change for a while: its last log lines come after its end."""

_MARK = re.compile(r"(\d{1,18})-(\d{1,18})((?:\.\d{1,18}){0,10000})")


@dataclass(frozen=True)
class Mark:
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
    def of(cls, text: str) -> Mark:
        """Read a mark.

        Raises
        ------
        BadRequestError
            If it is none.
        """
        found = _MARK.fullmatch(text)
        if found is None:
            raise BadRequestError(f"mark: {shown(text)} is none: give one that the server gave")
        living = tuple(int(row) for row in found[3].split(".") if row)
        return cls(int(found[1]), int(found[2]), living)

    @classmethod
    def now(cls, reader: StoreReader) -> Mark:
        """Return the mark of one who is about to read all runs."""
        return cls(reader.last_row(), int(time.time()), tuple(reader.living_rows()))


def changes(reader: StoreReader, mark: str) -> wire.RunsPage:
    """Return the runs that may have changed since a mark, and the next mark."""
    known, now = Mark.of(mark), Mark.now(reader)
    changed = reader.changed(known.row, known.time - SLACK_S, known.living)
    return {"rows": rows(reader, changed), "total": reader.total(), "mark": str(now)}
