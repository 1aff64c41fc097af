"""Whether a secret lies in any file, in any of the forms in which it could."""

from __future__ import annotations

import base64
import gzip
from collections.abc import Iterator
from pathlib import Path


def forms(secret: str) -> set[bytes]:
    """Return what a secret looks like: as text, in UTF-16, in hex, in base64."""
    plain = secret.encode()
    found = {plain, plain.hex().encode(), secret.encode("utf-16-le"), secret.encode("utf-16-be")}
    for before in range(3):
        encoded = base64.b64encode(b"\0" * before + plain)
        # The first and last letters of base64 depend on what stands beside.
        found.add(encoded[4 * bool(before) : -4])
    return found


def leaks(secret: str, *folders: Path) -> list[Path]:
    """Return the files below some folders, and the names, that hold a secret."""
    wanted = forms(secret)
    return [
        path
        for folder in folders
        for path in folder.rglob("*")
        if secret in path.name or any(form in text for text in _texts(path) for form in wanted)
    ]


def _texts(path: Path) -> Iterator[bytes]:
    if path.is_symlink():
        yield str(path.readlink()).encode()
    elif path.is_file():
        content = path.read_bytes()
        yield content
        if path.suffix == ".gz":
            yield gzip.decompress(content)
