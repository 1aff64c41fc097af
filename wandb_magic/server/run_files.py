"""Lists and opens the files of a run, and nothing outside the folders that it may use."""

from __future__ import annotations

import contextlib
import mimetypes
import os
from functools import cached_property
from pathlib import Path
from typing import BinaryIO

from wandb_magic.bundle import Manifest
from wandb_magic.errors import BundleError
from wandb_magic.nonfinite import encode_nonfinite
from wandb_magic.records import RunId
from wandb_magic.safe_open import open_without_links
from wandb_magic.server import schemas
from wandb_magic.server.http_errors import NotFoundError
from wandb_magic.server.sweep_manager import OpenSweep

FILES_DIR = "files"  # the folder of saved files, in the run's folder
UNKNOWN_TYPE = "application/octet-stream"
_TEXT_TYPES = {
    ".yaml": "text/plain",
    ".yml": "text/plain",
    ".log": "text/plain",
    ".md": "text/plain",
}


def list_files(open_sweep: OpenSweep, run: str) -> schemas.Files:
    """Return the files that a run saved, and its artifacts."""
    run_files = RunFiles(open_sweep, run)
    return {
        "files": [
            {"path": path, "size": run_files.size(path), "type": media_type(path)}
            for path in run_files.saved
        ],
        "artifacts": [
            {
                "name": each.name,
                "type": each.type,
                "aliases": list(each.aliases),
                "used": each.used,
                "metadata": encode_nonfinite(each.metadata),
            }
            for each in open_sweep.reader.artifacts(RunId(run))
        ],
    }


class RunFiles:
    """The readable files of one run: its own folder, and the files that it saved from elsewhere.

    ``run.save`` creates a link to the user's own file. It is followed if W&B's record of the run
    contains it, and its target is below the folder in which the sweep was started, or below the
    run's own folder (``WANDB_MAGIC_RUN_FOLDER``). Links may change at any time: a link is resolved
    once, and the resulting path is opened without following links.

    Parameters
    ----------
    open_sweep
        The run's sweep.
    run
        The run.

    Attributes
    ----------
    saved
        The files in W&B's record of the run, below the run's folder.
    """

    def __init__(self, open_sweep: OpenSweep, run: str) -> None:
        directory = open_sweep.reader.run(RunId(run)).directory
        self._directory = Path(directory) if directory else None
        self._sweep = open_sweep.paths
        self._run = RunId(run)
        self.saved = open_sweep.reader.files(self._run)
        self._recorded = frozenset(self.saved)

    def open(self, path: str) -> BinaryIO:
        """Open a file.

        Raises
        ------
        NotFoundError
            If there is no such file, or ``..`` or a link leads outside the allowed folders.
        PermissionError
            If this user may not read it.
        """
        try:
            if self._directory is not None:
                file = (self._directory / FILES_DIR / path).resolve(strict=True)
                allowed_dirs = [
                    self._run_dir,
                    *(self._source_dirs if path in self._recorded else ()),
                ]
                if any(folder in file.parents for folder in allowed_dirs):
                    return open_without_links(file)
        except PermissionError:
            raise
        except (OSError, RuntimeError, ValueError):
            pass  # missing file, circular links, a name that is too long or has a null byte
        raise NotFoundError(f"the run has no file {path[:200]!r}")

    @cached_property
    def _run_dir(self) -> Path:
        """The run's own folder of files; a link in the last two names is not resolved."""
        assert self._directory is not None
        return self._directory.parent.resolve() / self._directory.name / FILES_DIR

    @cached_property
    def _source_dirs(self) -> tuple[Path, ...]:
        """The folders from which the run may save the user's files."""
        kept = self._sweep.run(self._run).persistent_dir.relative_to(self._sweep.folder)
        allowed_dirs = [self._sweep.folder.resolve() / kept]
        with contextlib.suppress(BundleError, OSError, RuntimeError, TypeError, ValueError):
            allowed_dirs.append(
                Path(Manifest.read(self._sweep.bundle).directory).resolve(strict=True)
            )
        return tuple(allowed_dirs)

    def size(self, path: str) -> int | None:
        """Return a file's size in bytes; None if the file no longer exists."""
        try:
            with self.open(path) as file:
                return os.fstat(file.fileno()).st_size
        except (NotFoundError, OSError):
            return None


def media_type(path: str) -> str:
    """Return the media type as which a file is sent."""
    suffix = Path(path).suffix.lower()
    return _TEXT_TYPES.get(suffix) or mimetypes.guess_type(path)[0] or UNKNOWN_TYPE
