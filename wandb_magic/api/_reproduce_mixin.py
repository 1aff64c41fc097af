"""What can be had of a run once more: in this process, or as a script for another machine."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wandb_magic import registry
from wandb_magic.api._reader import SweepReader
from wandb_magic.api._trust import authorize

if TYPE_CHECKING:
    from wandb_magic.reproduce import Replay, ReproducedRun, SourceRun


class ReproduceMixin(SweepReader):
    """A sweep whose runs can be had again; nothing here changes it."""

    def reproduce(
        self,
        run: str | int,
        *,
        namespace: dict[str, Any] | None = None,
        trust: bool = False,
    ) -> ReproducedRun:
        """Put a run's variables into the notebook, and the cell that runs it again below.

        Names that had another value get the run's: what is returned says which, and keeps the old
        values. Where there is no notebook, the cell is printed.

        Parameters
        ----------
        run
            A run, by id, prefix or number.
        namespace
            Where the variables go; the notebook's globals by default.
        trust
            Execute code that this user has not written: variables are read by that.

        Raises
        ------
        SweepStateError
            If it executes a program, or its code is not here.
        BundleError
            If a variable cannot be read here.
        UntrustedError
            If they were not written by this user.
        """
        from wandb_magic import reproduce  # noqa: PLC0415 - few ask for it

        values = vars(sys.modules["__main__"]) if namespace is None else namespace
        original = self._source_run(run)
        _ = original.manifest  # it must be here
        statement, _ = authorize(self._paths, original.sweep.spec, trust=trust)
        reproduced = reproduce.reproduce(original, values, self._reference(), statement)
        reproduce.show(reproduced)
        return reproduced

    def replay(self, run: str | int) -> Replay:
        """Seed this process as a run was, and give the run's parameters to ``wandb.init()``.

        That is so until the cell ends, or the block of a ``with``. W&B's run is new and offline.

        Raises
        ------
        SweepStateError
            If a W&B run is open in this process.
        """
        from wandb_magic import reproduce  # noqa: PLC0415 - few ask for it

        return reproduce.Replay(self._source_run(run))

    def export(self, run: str | int, path: str | os.PathLike[str] | None = None) -> Path:
        """Write a run as a script with all that it needs, to run on another machine.

        Parameters
        ----------
        run
            A run, by id, prefix or number.
        path
            A folder that does not exist yet; ``run-<id>`` by default.

        Raises
        ------
        SweepStateError
            If there is something already, or the run's code is not here.
        """
        from wandb_magic import reproduce  # noqa: PLC0415 - few ask for it

        original = self._source_run(run)
        return reproduce.export(original, Path(path or f"run-{original.run.id}"))

    def _source_run(self, run: str | int) -> SourceRun:
        from wandb_magic import reproduce  # noqa: PLC0415 - few ask for it

        record = self._find_run(run)
        summary = self._reader.summaries([record.id]).get(record.id, {})
        return reproduce.SourceRun(self._paths, self._record, record, summary)

    def _reference(self) -> str:
        """Return what `attach` finds this very sweep by."""
        is_registered = any(
            entry.id == self.id and entry.paths == self._paths for entry in registry.list_sweeps()
        )
        return self.id if is_registered else str(self.path)
