"""Opens files in folders that others may change meanwhile, without following links out of them.

A path is checked and opened in one pass: component by component, each relative to the open folder
before it, without following links. What was opened is what is read; no path is looked up twice.
"""

from __future__ import annotations

import errno
import os
import stat
from io import FileIO
from pathlib import Path

_FOLDER = os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC | getattr(os, "O_PATH", os.O_RDONLY)
"""On Linux, a folder can be traversed without permission to list it."""

_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


def open_without_links(path: Path) -> FileIO:
    """Open a regular file by a path without links.

    Parameters
    ----------
    path
        An absolute path, such as ``Path.resolve`` returns.

    Raises
    ------
    OSError
        If there is no such file, any part of the path has become a link, or it is not a regular
        file: a pipe is never waited for.
    """
    try:
        folder = os.open(path.anchor, _FOLDER)
        try:
            for part in path.parts[1:-1]:
                inner = os.open(part, _FOLDER, dir_fd=folder)
                os.close(folder)
                folder = inner
            file = os.open(path.name, _FILE, dir_fd=folder)
        finally:
            os.close(folder)
    except OSError as error:
        message = os.strerror(error.errno or errno.EINVAL)
        if error.errno in (errno.ELOOP, errno.ENOTDIR):
            message = "it is a link or lies below one, and links are not followed"
        raise OSError(error.errno, message, str(path)) from None
    if not stat.S_ISREG(os.fstat(file).st_mode):
        os.close(file)
        raise OSError(errno.EINVAL, "not a regular file", str(path))
    return FileIO(file)


def open_inside(folder: Path, path: Path) -> FileIO:
    """Open a regular file below a folder; only the path of the folder itself may have links.

    Parameters
    ----------
    folder
        The folder.
    path
        The file's path, which starts with that of the folder.

    Raises
    ------
    OSError
        See `open_without_links`.
    """
    relative = path.relative_to(folder)
    if ".." in relative.parts:
        raise OSError(errno.EINVAL, f"it is not below {folder}", str(path))
    return open_without_links(Path(os.path.realpath(folder, strict=True)) / relative)


def read_inside(folder: Path, path: Path) -> bytes:
    """Return the content of a regular file below a folder; see `open_inside`."""
    with open_inside(folder, path) as file:
        return file.read()
