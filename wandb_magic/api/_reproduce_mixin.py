"""Reproduces a run: in this process, or as a script for another machine."""

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
    """The methods that reproduce runs; none of them changes the sweep."""

    def reproduce(
        self,
        run: str | int,
        *,
        namespace: dict[str, Any] | None = None,
        trust: bool = False,
    ) -> ReproducedRun:
        """Load a run's variables into the notebook, and insert a cell that runs it again.

        Existing names are overwritten with the run's values: the result lists them, and keeps
        their old values. Outside a notebook, the cell is printed.

        Parameters
        ----------
        run
            A run, given by id, id prefix or number.
        namespace
            Where to put the variables; the notebook's globals by default.
        trust
            Execute code that this user has not written; reading variables executes code.

        Raises
        ------
        SweepStateError
            If the run executes a program, or its code is missing.
        BundleError
            If a variable cannot be read on this machine.
        UntrustedError
            If the code was not written by this user.
        """
        from wandb_magic import reproduce  # noqa: PLC0415 - rarely needed

        values = vars(sys.modules["__main__"]) if namespace is None else namespace
        source_run = self._source_run(run)
        _ = source_run.manifest  # raises if the code is missing
        statement, _ = authorize(self._paths, source_run.sweep.spec, trust=trust)
        reproduced = reproduce.reproduce(source_run, values, self._reference(), statement)
        reproduce.show(reproduced)
        return reproduced

    def replay(self, run: str | int) -> Replay:
        """Seed this process as a run was, and pass the run's parameters to ``wandb.init()``.

        This lasts until the cell, or the ``with`` block, ends. The W&B run is new and offline.

        Raises
        ------
        SweepStateError
            If a W&B run is open in this process.
        """
        from wandb_magic import reproduce  # noqa: PLC0415 - rarely needed

        return reproduce.Replay(self._source_run(run))

    def export(self, run: str | int, path: str | os.PathLike[str] | None = None) -> Path:
        """Write a run as a script with everything it needs, to run it on another machine.

        Parameters
        ----------
        run
            A run, given by id, id prefix or number.
        path
            A folder that does not exist yet; ``run-<id>`` by default.

        Raises
        ------
        SweepStateError
            If the folder already exists, or the run's code is missing.
        """
        from wandb_magic import reproduce  # noqa: PLC0415 - rarely needed

        source_run = self._source_run(run)
        return reproduce.export(source_run, Path(path or f"run-{source_run.run.id}"))

    def _source_run(self, run: str | int) -> SourceRun:
        from wandb_magic import reproduce  # noqa: PLC0415 - rarely needed

        record = self._find_run(run)
        summary = self._reader.summaries([record.id]).get(record.id, {})
        return reproduce.SourceRun(self._paths, self._record, record, summary)

    def _reference(self) -> str:
        """Return the name by which `attach` finds exactly this sweep."""
        is_registered = any(
            entry.id == self.id and entry.paths == self._paths for entry in registry.list_sweeps()
        )
        return self.id if is_registered else str(self.path)
