"""The index of this user's sweeps, so that any kernel, terminal or server finds them.

One small file a sweep in Jupyter's data folder. It only says where sweeps are: what they are
stands in their own folders. A folder may be away for a while, with its disk: an entry goes when
somebody deletes the sweep, and not before.
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
    """Where a sweep is; `created` is in seconds since the epoch."""

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
        """Whether its folder is not there now."""
        try:
            return not self.paths.folder.is_dir()
        except OSError:  # it is there, for others
            return False


def add(location: SweepLocation) -> None:
    """Add a sweep, or put what is known of it anew."""
    for folder in (user_data_dir(), _folder()):
        make_folder(folder, exist_ok=True, durable=True)
    write_atomically(_file(location.id), json.dumps(asdict(location)), durable=True)


def remove(sweep: SweepId) -> None:
    """Forget a sweep."""
    _file(sweep).unlink(missing_ok=True)


def list_sweeps() -> list[SweepLocation]:
    """Return all sweeps that nobody has deleted, newest first; some may be away."""
    return sorted(_load_locations(), key=lambda entry: entry.created, reverse=True)


def list_available() -> list[SweepLocation]:
    """Return the sweeps whose folders are there, newest first."""
    return [entry for entry in list_sweeps() if not entry.is_unavailable]


def write_problem() -> str:
    """Return why no sweep can be added, "" if one can."""
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
    except OSError:  # there is no folder yet, or it cannot be read
        return
    for file in files:
        try:
            told = json.loads(read_regular_file(file))
            entry = SweepLocation(
                SweepId(validate_id(told["id"])),
                str(told["name"]),
                str(told["folder"]),
                float(told["created"]),
            )
        # Removed meanwhile, unreadable, or no entry, whoever put it there.
        except (OSError, ValueError, TypeError, KeyError, SweepNotFoundError):
            continue
        if entry.folder.startswith("/") and "\0" not in entry.folder:
            yield entry


def _folder() -> Path:
    return user_data_dir() / "sweeps"


def _file(sweep: SweepId) -> Path:
    return _folder() / f"{validate_id(sweep)}.json"
