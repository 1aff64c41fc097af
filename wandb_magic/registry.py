"""The registry of this user's sweeps, in which any kernel, terminal or server finds them.

It has one small file per sweep in Jupyter's data folder, with only the sweep's location:
everything else is in the sweep's own folder. A folder may be unavailable for a while, with its
disk: an entry is removed only when the user deletes the sweep.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from wandb_magic.errors import SweepNotFoundError
from wandb_magic.paths import (
    SweepPaths,
    make_folder,
    read_regular_file,
    user_data_dir,
    validate_id,
    write_atomically,
)
from wandb_magic.records import SweepId


@dataclass(frozen=True)
class SweepLocation:
    """The location of a sweep; `created` is in seconds since the epoch."""

    id: SweepId
    name: str
    folder: str
    created: float

    @property
    def paths(self) -> SweepPaths:
        """The sweep's paths."""
        return SweepPaths(Path(self.folder))

    @property
    def is_unavailable(self) -> bool:
        """Whether its folder does not exist at present."""
        try:
            return not self.paths.folder.is_dir()
        except OSError:  # it exists, but this user has no access
            return False


def add(location: SweepLocation) -> None:
    """Add a sweep, or replace its entry."""
    for folder in (user_data_dir(), _folder()):
        make_folder(folder, exist_ok=True, durable=True)
    write_atomically(_file(location.id), json.dumps(asdict(location)), durable=True)


def remove(sweep: SweepId) -> None:
    """Remove a sweep's entry."""
    _file(sweep).unlink(missing_ok=True)


def list_sweeps() -> list[SweepLocation]:
    """Return all sweeps that were not deleted, newest first; some may be unavailable."""
    return sorted(_load_locations(), key=lambda entry: entry.created, reverse=True)


def list_available() -> list[SweepLocation]:
    """Return the sweeps whose folders exist, newest first."""
    return [entry for entry in list_sweeps() if not entry.is_unavailable]


def find(sweep: str) -> SweepLocation | None:
    """Return the sweep with an id; None if there is none."""
    return next((entry for entry in list_sweeps() if entry.id == sweep), None)


def find_available(sweep: str) -> SweepLocation | None:
    """Return the sweep with an id; None if there is none whose folder exists."""
    return next((entry for entry in list_available() if entry.id == sweep), None)


def write_problem() -> str:
    """Return why no sweep can be added, or ""."""
    try:
        for folder in (user_data_dir(), _folder()):
            make_folder(folder, exist_ok=True)
        with tempfile.TemporaryFile(dir=_folder()):
            return ""
    except OSError as error:
        return f"{error.filename or _folder()}: {error.strerror or error}"


def _load_locations() -> Iterator[SweepLocation]:
    try:
        files = [file for file in _folder().iterdir() if file.suffix == ".json"]
    except OSError:  # the folder does not exist yet, or cannot be read
        return
    for file in files:
        try:
            document = json.loads(read_regular_file(file))
            entry = SweepLocation(
                SweepId(validate_id(document["id"])),
                str(document["name"]),
                str(document["folder"]),
                float(document["created"]),
            )
        # It was removed meanwhile, cannot be read, or is not an entry.
        except (OSError, ValueError, TypeError, KeyError, SweepNotFoundError):
            continue
        if entry.folder.startswith("/") and "\0" not in entry.folder:
            yield entry


def _folder() -> Path:
    return user_data_dir() / "sweeps"


def _file(sweep: SweepId) -> Path:
    return _folder() / f"{validate_id(sweep)}.json"
