"""The files of a run: which there are, and nothing outside of the run's own folder."""

from __future__ import annotations

import contextlib
import mimetypes
from collections.abc import Iterator
from pathlib import Path

from wandb_magic.bundle import Manifest
from wandb_magic.records import RunId
from wandb_magic.server import wire
from wandb_magic.server.books import Book
from wandb_magic.server.problems import GoneError

UNKNOWN = "application/octet-stream"
_TEXTS = {".yaml": "text/plain", ".yml": "text/plain", ".log": "text/plain", ".md": "text/plain"}


def files(book: Book, run: str) -> wire.Files:
    """Return what a run saved, and its artifacts."""
    own = RunFiles(book, run)
    return {
        "files": [
            {"path": path, "size": own.size(path), "type": media_type(path)} for path in own.saved
        ],
        "artifacts": [
            {
                "name": each.name,
                "type": each.type,
                "aliases": list(each.aliases),
                "used": each.used,
                "metadata": dict(each.metadata),
            }
            for each in book.reader.artifacts(RunId(run))
        ],
    }


class RunFiles:
    """What may be read of one run: its own folder, and what it saved from where it worked.

    ``run.save`` leaves a link to the user's own file. It is followed if W&B's record of the run
    has it, and it leads to a file below the folder in which the sweep was started, or below the
    one that the run has for itself (``WANDB_MAGIC_RUN_FOLDER``).

    Parameters
    ----------
    book
        The run's sweep.
    run
        The run.

    Attributes
    ----------
    saved
        The files that W&B's record has, below the run's folder.
    """

    def __init__(self, book: Book, run: str) -> None:
        directory = book.reader.run(RunId(run)).directory
        self._folder = Path(directory) / "files" if directory else None
        self._bundle = book.paths.bundle
        self._kept = book.paths.run(RunId(run)).kept
        self.saved = book.reader.files(RunId(run))

    def find(self, path: str) -> Path:
        """Return a file.

        Raises
        ------
        GoneError
            If there is no such file, or it would lead out, by ``..`` or by a link.
        """
        try:
            return contained(self._folder, path)
        except GoneError:
            if self._folder is None or path not in self.saved:
                raise
            with contextlib.suppress(OSError, RuntimeError, ValueError, TypeError):
                file = (self._folder / path).resolve(strict=True)
                if file.is_file() and any(map(file.is_relative_to, self._own())):
                    return file
            raise

    def _own(self) -> Iterator[Path]:
        yield self._kept.resolve()
        yield Path(Manifest.read(self._bundle).directory).resolve(strict=True)

    def size(self, path: str) -> int | None:
        """Return a file's size in octets; None if it is gone."""
        try:
            return self.find(path).stat().st_size
        except (GoneError, OSError):
            return None


def contained(folder: Path | None, path: str) -> Path:
    """Return a file below a folder.

    Raises
    ------
    GoneError
        If there is no such file, or it would lead out of the folder, by ``..`` or by a link.
    """
    if folder is not None and "\0" not in path:
        with contextlib.suppress(OSError, RuntimeError):  # too long a name, links in a circle
            # The folder's own name is no link: it would lead anywhere.
            root = folder.parent.resolve() / folder.name
            file = (root / path).resolve()
            if file.is_relative_to(root) and file != root and file.is_file():
                return file
    raise GoneError(f"the run has no file {path[:200]!r}")


def media_type(path: str) -> str:
    """Return the type under which a file is shown."""
    suffix = Path(path).suffix.lower()
    return _TEXTS.get(suffix) or mimetypes.guess_type(path)[0] or UNKNOWN
