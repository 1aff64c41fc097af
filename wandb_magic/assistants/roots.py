"""The folders that an assistant may see: sweeps, configs, programs and reports lie below one.

Every path is resolved, links included, before it is compared.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from wandb_magic.arguments import ArgumentError, brief


class Roots:
    """The declared folders.

    Parameters
    ----------
    folders
        The folders.

    Raises
    ------
    ArgumentError
        If one does not exist.
    """

    def __init__(self, folders: Sequence[str | os.PathLike[str]]) -> None:
        self._folders = tuple(Path(os.path.realpath(folder)) for folder in folders)
        for given, folder in zip(folders, self._folders, strict=True):
            if not folder.is_dir():
                raise ArgumentError(f"root: {os.fspath(given)} is not a folder")

    @property
    def first(self) -> Path:
        """The first folder, to which relative paths refer."""
        return self._folders[0]

    def contains(self, path: Path) -> bool:
        """Return whether a path lies in one of the folders, whatever links it has."""
        try:
            resolved = Path(os.path.realpath(path))
        except (OSError, ValueError):
            return False
        return any(resolved.is_relative_to(folder) for folder in self._folders)

    def resolve(self, name: str, text: str) -> Path:
        """Return the path that an argument names, relative to the first folder.

        Parameters
        ----------
        name, text
            The argument.

        Raises
        ------
        ArgumentError
            If it lies elsewhere.
        """
        if not text or "\0" in text or len(text) > 4096:  # noqa: PLR2004 - the system's limit
            raise ArgumentError(f"{name}: {brief(text)} is not a path")
        path = self._folders[0] / text
        if not self.contains(path):
            raise ArgumentError(
                f"{name}: {brief(text)} is not below {' or '.join(map(str, self._folders))}"
            )
        return Path(os.path.realpath(path))
