"""Writes large buffers to a separate file, which readers map instead of copying."""

from __future__ import annotations

from pathlib import Path

from wandb_magic.paths import open_private

ALIGNMENT = 4096  # a page: changing a buffer does not copy a neighbour's page
SMALLEST = 4096  # smaller buffers stay in the pickle


class BufferFile:
    """Writes buffers one after another, each on its own page, and records their positions."""

    def __init__(self, path: Path) -> None:
        self._file = open_private(path, "wb")
        self.spans: list[tuple[int, int]] = []

    def add(self, view: memoryview) -> None:
        """Append one buffer."""
        start = -(-self._file.tell() // ALIGNMENT) * ALIGNMENT
        self._file.seek(start)
        self._file.write(view)
        self.spans.append((start, view.nbytes))

    def close(self) -> None:
        """Finish the file."""
        self._file.close()
