"""Checks whether a secret is in any file, in any of its possible forms."""

from __future__ import annotations

import base64
import gzip
from collections.abc import Iterator
from pathlib import Path


def forms(secret: str) -> set[bytes]:
    """Return the forms of a secret: as text, in UTF-16, in hex, in base64."""
    plain = secret.encode()
    encodings = {
        plain,
        plain.hex().encode(),
        secret.encode("utf-16-le"),
        secret.encode("utf-16-be"),
    }
    for before in range(3):
        encoded = base64.b64encode(b"\0" * before + plain)
        # The first and last letters of base64 depend on the neighbouring bytes.
        encodings.add(encoded[4 * bool(before) : -4])
    return encodings


def leaks(secret: str, *folders: Path) -> list[Path]:
    """Return the paths below some folders that contain a secret in their content or name."""
    encodings = forms(secret)
    return [
        path
        for folder in folders
        for path in folder.rglob("*")
        if secret in path.name or any(form in text for text in _texts(path) for form in encodings)
    ]


def _texts(path: Path) -> Iterator[bytes]:
    if path.is_symlink():
        yield str(path.readlink()).encode()
    elif path.is_file():
        content = path.read_bytes()
        yield content
        if path.suffix == ".gz":
            yield gzip.decompress(content)
