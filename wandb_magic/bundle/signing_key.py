"""The key with which this user signs what is executed: in Jupyter's data folder, for nobody else.

Where none can be kept, each process has a key of its own: what it starts goes on, and what other
processes find of it has to be trusted by name.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import secrets
import stat
from pathlib import Path

from wandb_magic.bundle.file_integrity import open_regular
from wandb_magic.paths import folder_lock, make_folder, user_data_dir, write_exclusively

_KEY = re.compile(r"[0-9a-f]{64}")
_process_key = secrets.token_hex(32)


def key_path() -> Path:
    """Return where this user's key lies."""
    return user_data_dir() / "key"


def key() -> str:
    """Return this user's key, made when there is none; this process's own where none can be kept.

    One that is cut or garbage is replaced: what it has signed cannot be told from other things.
    """
    path = key_path()
    with contextlib.suppress(OSError):
        if (known := _read_key(path)) is not None:
            return known
        make_folder(path.parent, exist_ok=True, durable=True)
        with folder_lock(path.parent):
            if not path.is_symlink() and path.exists() and _read_key(path) is None:
                path.unlink()
            with contextlib.suppress(OSError):
                # Without it, nothing that was ever signed could be told from other things.
                write_exclusively(path, secrets.token_hex(32), durable=True)
        if (known := _read_key(path)) is not None:
            return known
    return _process_key


def _read_key(path: Path) -> str | None:
    """Return the key; None if there is none, or it is garbage.

    Raises
    ------
    OSError
        If it is there and cannot be used.
    """
    try:
        file = open_regular(path)
    except FileNotFoundError:
        return None
    with file:
        status = os.fstat(file.fileno())
        if status.st_uid != os.geteuid():  # it could be known to whoever owns it
            raise PermissionError(errno.EACCES, "another user's key", str(path))
        if stat.S_IMODE(status.st_mode) & 0o077:
            with contextlib.suppress(OSError):  # a file system without modes
                os.fchmod(file.fileno(), 0o600)
        text = file.read(100).decode("ascii", "replace")
    return text if _KEY.fullmatch(text) else None
