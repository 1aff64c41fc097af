"""Finds what the processes that a run has started have written about their exceptions."""

from __future__ import annotations

import contextlib
from pathlib import Path

from wandb_magic.postmortem.dump_file import Dump, read_dump

PREFIX = "failure-worker-"


def remove_dumps(folder: Path) -> None:
    """Remove what the processes of a run have written that has not failed after all."""
    for path in folder.glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError):
            path.unlink()


def take_dump(folder: Path, text: str) -> Dump | None:
    """Return what the process has written whose exception a traceback contains; remove all.

    Parameters
    ----------
    folder
        The run's folder.
    text
        The traceback with which the run ends, masked.
    """
    match: Dump | None = None
    for path in sorted(folder.glob(f"{PREFIX}*")):
        dump = read_dump(path)
        with contextlib.suppress(OSError):
            path.unlink()
        words = "" if dump is None else _plain_lines(str(dump.description.get("text", "")))
        if match is None and words and words in _plain_lines(text):
            match = dump
    return match


def _plain_lines(text: str) -> str:
    """Return the lines of a traceback without what its carriers add: indents and quotes."""
    lines = (line.strip().strip('"') for line in text.splitlines())
    return "\n".join(filter(None, lines))
