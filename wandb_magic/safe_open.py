"""Opening files in folders that others may change meanwhile: no link leads out of them.

A path is checked and opened in one: component by component, each relative to the open folder
before it, and no link among them is followed. What was opened is what is read; nothing is looked
up a second time.
"""

from __future__ import annotations

import errno
import os
import stat
from io import FileIO
from pathlib import Path

_FOLDER = os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC | getattr(os, "O_PATH", os.O_RDONLY)
"""On Linux a folder can be passed through without the right to list it."""

_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


def open_without_links(path: Path) -> FileIO:
    """Open a regular file by a path that has no link in it.

    Parameters
    ----------
    path
        An absolute path, such as ``Path.resolve`` returns.

    Raises
    ------
    OSError
        If there is no such file, any part of the path has become a link, or something other than
        a regular file is there: a pipe is never waited for.
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
        what = os.strerror(error.errno or errno.EINVAL)
        if error.errno in (errno.ELOOP, errno.ENOTDIR):
            what = "it is a link or lies below one, and links are not followed"
        raise OSError(error.errno, what, str(path)) from None
    if not stat.S_ISREG(os.fstat(file).st_mode):
        os.close(file)
        raise OSError(errno.EINVAL, "no regular file", str(path))
    return FileIO(file)


def open_inside(folder: Path, path: Path) -> FileIO:
    """Open a regular file below a folder; only the way to the folder itself may have links.

    Parameters
    ----------
    folder
        The folder.
    path
        The file's path, which begins with that of the folder.

    Raises
    ------
    OSError
        See `open_without_links`.
    """
    inside = path.relative_to(folder)
    if ".." in inside.parts:
        raise OSError(errno.EINVAL, f"it is not below {folder}", str(path))
    return open_without_links(Path(os.path.realpath(folder, strict=True)) / inside)


def read_inside(folder: Path, path: Path) -> bytes:
    """Return the content of a regular file below a folder; see `open_inside`."""
    with open_inside(folder, path) as file:
        return file.read()
