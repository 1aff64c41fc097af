"""Writes variables one after another, and explains why one cannot be written.

Large buffers go to a separate file, which readers map instead of copying.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from wandb_magic.bundle.manifest import Variable, buffers_path, variables_path
from wandb_magic.bundle.namespace import NotebookNamespace
from wandb_magic.bundle.pickle_errors import explain_pickle_error
from wandb_magic.bundle.pickler import Pickler, can_pickle
from wandb_magic.bundle.rerun_cells import defining_cell
from wandb_magic.errors import BundleError
from wandb_magic.paths import open_private

ALIGNMENT = 4096  # a page: changing a buffer does not copy a neighbour's page


class BundleWriter:
    """Writes variables into a bundle's folder, and records what it wrote.

    Parameters
    ----------
    folder
        The bundle's folder.
    notebook
        The notebook that the variables come from.
    without
        Names that the notebook's functions must not pull in.
    """

    def __init__(
        self, folder: Path, notebook: NotebookNamespace, without: Collection[str]
    ) -> None:
        self.variables: list[Variable] = []
        self._notebook = notebook
        self.buffers = BufferFile(buffers_path(folder))
        self._stream = open_private(variables_path(folder), "wb")
        self.pickler = Pickler(self._stream, notebook.namespace, self.buffers.add, without)
        self._excluded = without

    def add(self, name: str, value: object) -> None:
        """Pickle one variable.

        Raises
        ------
        BundleError
            If it cannot be pickled.
        """
        before, spans = self._stream.tell(), len(self.buffers.spans)
        try:
            self.pickler.dump(value)
        except Exception as error:
            culprit = self.pickler.last
            if isinstance(error, OSError) and can_pickle(value, self._notebook.namespace):
                raise  # the disk failed
            cell = defining_cell(self._notebook.namespace, name) if name else ""
            message = explain_pickle_error(
                name or describe_function(value), value, culprit, error, cell=cell
            )
            raise BundleError(message) from None
        size = self._stream.tell() - before
        size += sum(size for _, size in self.buffers.spans[spans:])
        self.variables.append(Variable(name, _kind_of(value), size))

    def add_definitions(self) -> None:
        """Also add the classes and functions that were captured, under their names.

        The run may pickle their instances, for its own workers or for a checkpoint.
        """
        names = {variable.name for variable in self.variables} | set(self._excluded)
        for definition in tuple(self.pickler.definitions):
            name = definition.__name__ if self._notebook.defines(definition) else None
            if name is not None and name not in names:
                names.add(name)
                self.add(name, definition)

    def close(self) -> None:
        """Finish the files."""
        self._stream.close()
        self.buffers.close()


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


def _kind_of(value: object) -> str:
    shape = getattr(value, "shape", None)
    kind = type(value).__qualname__
    return f"{kind} {tuple(shape)}" if isinstance(shape, tuple) and shape else kind


def describe_function(function: object) -> str:
    """Return the name of a function in messages."""
    return getattr(function, "__name__", "function")
