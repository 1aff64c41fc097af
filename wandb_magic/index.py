"""The index of this user's sweeps, so that any kernel, terminal or server finds them.

One small file a sweep in Jupyter's data folder. It only says where sweeps are: what they are
stands in their own folders, and an entry whose folder is gone disappears.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from jupyter_core.paths import jupyter_data_dir

from wandb_magic.paths import FOLDER_MODE, SweepPaths, checked_id, write_atomically
from wandb_magic.records import SweepId


@dataclass(frozen=True)
class Entry:
    """Where a sweep is; `created` is in seconds since the epoch."""

    id: SweepId
    name: str
    folder: str
    created: float

    @property
    def paths(self) -> SweepPaths:
        """The sweep's paths."""
        return SweepPaths(Path(self.folder))


def add(entry: Entry) -> None:
    """Add a sweep, or put what is known of it anew."""
    folder = _folder()
    folder.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
    write_atomically(_file(entry.id), json.dumps(asdict(entry)))


def remove(sweep: SweepId) -> None:
    """Forget a sweep."""
    _file(sweep).unlink(missing_ok=True)


def entries() -> list[Entry]:
    """Return all sweeps that still exist, newest first."""
    return sorted(_existing(), key=lambda entry: entry.created, reverse=True)


def _existing() -> Iterator[Entry]:
    for file in _folder().glob("*.json"):
        try:
            entry = Entry(**json.loads(file.read_text(encoding="utf-8")))
        except FileNotFoundError:  # removed meanwhile
            continue
        except (ValueError, TypeError):  # no entry, whoever put it there
            continue
        if entry.paths.spec.exists():
            yield entry
        else:
            file.unlink(missing_ok=True)


def _folder() -> Path:
    return Path(jupyter_data_dir()) / "wandb-magic" / "sweeps"


def _file(sweep: SweepId) -> Path:
    return _folder() / f"{checked_id(sweep)}.json"
