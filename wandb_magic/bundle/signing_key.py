"""The key with which this user signs what is executed: private, in Jupyter's data folder.

Where no key can be stored, each process has its own key: what it starts keeps working, but other
processes have to trust that explicitly.
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
from wandb_magic.file_lock import one_at_a_time
from wandb_magic.paths import make_folder, user_data_dir, write_exclusively

_KEY = re.compile(r"[0-9a-f]{64}")
_process_key = secrets.token_hex(32)


def key_path() -> Path:
    """Return the path of this user's key."""
    return user_data_dir() / "key"


def key() -> str:
    """Return this user's key, created if necessary; this process's own where none can be stored.

    A truncated or invalid key is replaced: what it has signed can no longer be verified.
    """
    path = key_path()
    with contextlib.suppress(OSError):
        if (stored := _read_key(path)) is not None:
            return stored
        make_folder(path.parent, exist_ok=True, durable=True)
        with one_at_a_time(path.with_suffix(".lock")):
            if not path.is_symlink() and path.exists() and _read_key(path) is None:
                path.unlink()
            with contextlib.suppress(OSError):
                # Without it, nothing that was ever signed could be verified.
                write_exclusively(path, secrets.token_hex(32), durable=True)
        if (stored := _read_key(path)) is not None:
            return stored
    return _process_key


def existing_key() -> str | None:
    """Return this user's key; None if there is none, and then none is created."""
    try:
        return _read_key(key_path())
    except OSError:
        return None


def _read_key(path: Path) -> str | None:
    """Return the key; None if there is none, or it is invalid.

    Raises
    ------
    OSError
        If it exists but cannot be used.
    """
    try:
        file = open_regular(path)
    except FileNotFoundError:
        return None
    with file:
        status = os.fstat(file.fileno())
        if status.st_uid != os.geteuid():  # its owner may know it
            raise PermissionError(errno.EACCES, "another user's key", str(path))
        if stat.S_IMODE(status.st_mode) & 0o077:
            with contextlib.suppress(OSError):  # a file system without modes
                os.fchmod(file.fileno(), 0o600)
        text = file.read(100).decode("ascii", "replace")
    return text if _KEY.fullmatch(text) else None
