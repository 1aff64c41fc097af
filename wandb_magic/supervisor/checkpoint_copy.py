"""Copies the folder in which a run keeps its checkpoint, even while the run writes to it."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path

from wandb_magic.paths import FOLDER_MODE

ATTEMPTS = 5
"""A folder that changes while it is copied is copied again, so many times at most."""


def copy_checkpoint(source: Path, target: Path) -> None:
    """Copy a folder, all at once or not at all; nothing happens if the target exists.

    Links are copied as links, and what is neither a file nor a folder is left out.

    Raises
    ------
    OSError
        If it cannot be read or written.
    """
    if target.exists():
        return
    target.parent.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
    staging = target.with_name(f".{target.name}")
    for attempt in range(1, ATTEMPTS + 1):
        shutil.rmtree(staging, ignore_errors=True)
        before = sorted(_state(source))
        try:
            shutil.copytree(source, staging, symlinks=True, ignore=_special_files)
        except (FileNotFoundError, shutil.Error) as error:
            if attempt == ATTEMPTS or not _is_gone(error):
                raise
            continue
        if sorted(_state(source)) == before:
            break
    staging.rename(target)


def _state(folder: Path) -> Iterator[tuple[str, int, int]]:
    """Yield what tells whether the files of a folder have changed."""
    for parent, _, names in os.walk(folder):
        for name in names:
            path = Path(parent, name)
            try:
                status = path.lstat()
            except FileNotFoundError:  # replaced meanwhile
                continue
            yield str(path), status.st_size, status.st_mtime_ns


def _special_files(folder: str, names: Sequence[str]) -> list[str]:
    special = []
    for name in names:
        try:
            mode = Path(folder, name).lstat().st_mode
        except FileNotFoundError:
            special.append(name)
            continue
        if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode) or stat.S_ISLNK(mode)):
            special.append(name)
    return special


def _is_gone(error: OSError) -> bool:
    """Return whether files were missing that had just been there, and nothing else was wrong."""
    if not isinstance(error, shutil.Error):
        return True
    return all("No such file" in str(reason) for _, _, reason in error.args[0])
