"""Large buffers in a file of their own, which readers map instead of copying it."""

from __future__ import annotations

from pathlib import Path

from wandb_magic.paths import open_private

ALIGNMENT = 4096  # a page: a buffer that is changed copies no neighbour's page
SMALLEST = 4096  # smaller buffers stay in the pickle


class BufferFile:
    """Writes buffers one behind another, each on a page of its own, and keeps where they lie."""

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
