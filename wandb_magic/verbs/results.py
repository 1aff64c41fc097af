"""What a sweep has to tell: its runs, what they logged, and what follows from it."""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wandb_magic.analysis import frames
from wandb_magic.analysis.ranking import best_of
from wandb_magic.errors import SweepError, SweepNotFoundError, SweepStateError
from wandb_magic.paths import SweepPaths
from wandb_magic.records import Params, RunRecord, SweepId, SweepRecord, metric_of
from wandb_magic.remote import run_page
from wandb_magic.store import StoreReader
from wandb_magic.verbs import logs
from wandb_magic.verbs.status import Status, has_died, status_of
from wandb_magic.verbs.syncing import synced_url

if TYPE_CHECKING:
    import pandas as pd


class Results:
    """All of a sweep that is read, and nothing that changes it.

    Everything that it returns is read anew from the sweep's store. It may be made in any process,
    any number of times.

    Parameters
    ----------
    paths
        The sweep's paths.
    """

    def __init__(self, paths: SweepPaths) -> None:
        self._paths = paths
        self._reader = StoreReader(paths.store)
        weakref.finalize(self, self._reader.close)
        self.id: SweepId = self._reader.sweep().id

    @cached_property
    def name(self) -> str:
        """The sweep's name, its id if it was given none."""
        return self._record.name

    @property
    def state(self) -> str:
        """A `SweepState` as text, or ``died`` if the sweep should run and has no supervisor."""
        record = self._record
        return "died" if has_died(record) else record.state.value

    @property
    def path(self) -> Path:
        """The sweep's folder."""
        return self._paths.folder

    @property
    def url(self) -> str | None:
        """The sweep's page at W&B; None for one that only this machine knows."""
        return self._record.url or synced_url(self._paths)

    def url_of(self, run: str | int) -> str | None:
        """Return a run's page at W&B; None for one that only this machine knows."""
        return run_page(self.url or "", self._find(run).id) or None

    @property
    def config(self) -> dict[str, Any]:
        """The sweep config."""
        return dict(self._record.spec)

    @property
    def _record(self) -> SweepRecord:
        return self._reader.sweep()

    def status(self) -> Status:
        """Return how the sweep stands."""
        return status_of(self._reader, self._paths.sync)

    def records(self) -> list[RunRecord]:
        """Return all runs in order of their numbers, as plain records."""
        return self._reader.runs()

    def runs(self) -> pd.DataFrame:
        """Return one row a run, indexed by run id.

        The columns are ``number``, ``state``, ``value`` (the objective), ``agent``, ``started``,
        ``duration`` (seconds), ``cause``, ``attempt``, ``config.<name>`` and
        ``summary.<metric>``.
        """
        return frames.runs(self._reader)

    def history(
        self, metric: str | None = None, run: str | int | None = None, points: int | None = None
    ) -> pd.DataFrame:
        """Return what runs logged, one row a step.

        Parameters
        ----------
        metric
            The key; the objective by default.
        run
            One run, by id, prefix or number: the columns are its metrics, or `metric` alone. All
            by default: the columns are the runs' ids.
        points
            About how many rows a run may have; every step by default. Each column then is two,
            ``low`` and ``high``: the bounds of the steps that a row stands for.
        """
        if run is not None:
            keys = None if metric is None else [metric]
            return frames.history_of_run(self._reader, self._find(run).id, keys, points)
        objective = metric_of(self._record)
        key = metric or (objective.name if objective is not None else None)
        if key is None:
            raise SweepError("the sweep has no metric: name one, as in history('loss')")
        return frames.history(self._reader, key, points)

    def logs(self, run: str | int, *, follow: bool = False) -> str | Iterator[str]:
        """Return what a run printed; with `follow`, its lines as they come until it ends."""
        record = self._find(run)
        path = self._paths.run(record.id).output
        if not follow:
            return logs.read(path)
        return logs.follow(path, lambda: self._reader.run(record.id).state.ended)

    def best(self) -> RunRecord:
        """Return the best run by the objective.

        Raises
        ------
        SweepStateError
            If no run has a value of it yet.
        """
        found = best_of(self._reader, metric_of(self._record), 1)
        if not found:
            raise SweepStateError("no run has logged the sweep's metric yet")
        return found[0]

    @property
    def best_config(self) -> Params:
        """The parameters of the best run."""
        return self.best().params

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.id}: {self.status()}>"

    def _find(self, run: str | int) -> RunRecord:
        runs = self.records()
        if isinstance(run, int):
            found = [each for each in runs if each.number == run][-1:]
        else:
            found = [each for each in runs if each.id.startswith(run)]
        if len(found) != 1:
            what = "no run" if not found else f"{len(found)} runs"
            raise SweepNotFoundError(f"sweep {self.id} has {what} {run!r}")
        return found[0]
