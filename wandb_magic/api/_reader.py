"""What a sweep has to tell: its runs, what they logged, and what follows from it."""

from __future__ import annotations

import weakref
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

from wandb_magic.analysis.ranking import best_runs
from wandb_magic.api import _log_reader
from wandb_magic.api._status import Status, has_died, status_of
from wandb_magic.api._sync import synced_url
from wandb_magic.arguments import brief
from wandb_magic.errors import SweepNotFoundError, SweepStateError
from wandb_magic.paths import SweepPaths
from wandb_magic.processes import is_alive
from wandb_magic.records import Params, RunId, RunRecord, SweepId, SweepRecord, sweep_metric
from wandb_magic.store import StoreReader
from wandb_magic.wandb_client import run_page

if TYPE_CHECKING:
    import pandas as pd

RunKey = str | int


class SweepReader:
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
        return "died" if has_died(record, self._paths) else record.state.value

    @property
    def path(self) -> Path:
        """The sweep's folder."""
        return self._paths.folder

    @property
    def url(self) -> str | None:
        """The sweep's page at W&B; None for one that only this machine knows."""
        return self._record.url or synced_url(self._paths)

    def url_of(self, run: RunKey) -> str | None:
        """Return a run's page at W&B; None for one that only this machine knows."""
        return run_page(self.url or "", self._find_run(run).id) or None

    @property
    def config(self) -> dict[str, Any]:
        """The sweep config."""
        return dict(self._record.spec)

    @property
    def _record(self) -> SweepRecord:
        return self._reader.sweep()

    def status(self) -> Status:
        """Return how the sweep stands."""
        return status_of(self._reader, self._paths, sync=True)

    def records(self) -> list[RunRecord]:
        """Return all runs in order of their numbers, as plain records."""
        return self._reader.runs()

    def runs(self) -> pd.DataFrame:
        """Return one row a run, indexed by run id, in order of their numbers.

        The columns are ``number``, ``state``, ``value`` (the objective), ``agent``, ``started``,
        ``duration`` (seconds), ``attempt``, ``cause``, and then ``config.<name>``, the parameters,
        and ``summary.<metric>``, both with dots for what is nested.

        The types are ``Int64``, ``float64``, ``string`` and, for ``started``, ``datetime64`` in
        UTC. A parameter or metric is ``Int64``, ``float64``, ``boolean`` or ``string`` where it is
        nothing else in any run, else ``object``: lists, mappings and mixtures stay as they are.
        """
        from wandb_magic.analysis import frames  # noqa: PLC0415 - imports numpy

        return frames.runs(self._reader)

    def summary(self) -> pd.DataFrame:
        """Return the summaries, indexed by run id: what ``summary.…`` is in `runs`.

        W&B's own keys, which begin with an underscore, are left out.
        """
        from wandb_magic.analysis import frames  # noqa: PLC0415 - imports numpy

        return frames.summary(self._reader)

    def history(
        self,
        keys: str | Iterable[str] | None = None,
        runs: RunKey | Iterable[RunKey] | None = None,
        points: int | None = None,
    ) -> pd.DataFrame:
        """Return the numbers that runs logged, indexed by run id and step, a column for each key.

        All is ``float64``, NaN where a run did not log a key at a step.

        Parameters
        ----------
        keys
            One or several; all by default. ``_runtime`` is the time of a step in seconds since
            the run's start, ``_timestamp`` since the epoch: for those who name them.
        runs
            One or several, each by id, its beginning, or number; all by default.
        points
            How many numbers a curve may have; every step by default. Columns then are pairs, the
            key with ``low`` and ``high``: the bounds of the steps that a row stands for.

        Raises
        ------
        SweepNotFoundError
            If there is no such run, or none has logged such a number.
        """
        from wandb_magic.analysis import frames  # noqa: PLC0415 - imports numpy

        return frames.history(self._reader, _as_list(keys), self._run_ids(runs), points)

    def system(
        self,
        keys: str | Iterable[str] | None = None,
        runs: RunKey | Iterable[RunKey] | None = None,
        points: int | None = None,
    ) -> pd.DataFrame:
        """Return system metrics, indexed by run id and seconds since the run's start.

        The parameters are those of `history`; keys are W&B's own, such as ``cpu``.
        """
        from wandb_magic.analysis import frames  # noqa: PLC0415 - imports numpy

        return frames.system(self._reader, _as_list(keys), self._run_ids(runs), points)

    def logs(
        self, run: RunKey, *, follow: bool = False, tail: int | None = None
    ) -> str | Iterator[str]:
        """Return what a run printed, all of it, however much that is.

        Parameters
        ----------
        run
            The run by its id, its beginning, or number.
        follow
            Return its lines as they come until it ends.
        tail
            Only so many of the last lines, and with `follow` what comes after them.

        Raises
        ------
        SweepNotFoundError
            If there is no such run.
        """
        path = self.log_path(run)
        begin = 0 if tail is None else _log_reader.tail(path, tail).begin
        if not follow:
            return _log_reader.read(path, begin)
        id_ = self._find_run(run).id
        return _log_reader.follow(path, lambda: self.is_over(id_), begin)

    def log_path(self, run: RunKey) -> Path:
        """Return the file with what a run printed; it is not there before the run starts.

        Raises
        ------
        SweepNotFoundError
            If there is no such run.
        """
        record = self._find_run(run)
        if self._record.options.copied:
            raise SweepStateError(
                f"what run {record.id} has printed is at W&B: {self.url_of(record.id)}"
            )
        return self._paths.run(record.id).output

    def is_over(self, run: RunKey) -> bool:
        """Tell whether a run prints no more, even if nobody is there to note its end."""
        record = self._find_run(run)
        return record.state.has_ended or (self.state == "died" and not is_alive(record.process))

    @overload
    def best(self) -> RunRecord: ...

    @overload
    def best(self, n: int) -> list[RunRecord]: ...

    def best(self, n: int | None = None) -> RunRecord | list[RunRecord]:
        """Return the best run by the objective; with `n`, the best so many, best first.

        Raises
        ------
        SweepStateError
            If no run has a value of it yet.
        """
        found = best_runs(self._reader, sweep_metric(self._record), 1 if n is None else n)
        if n is not None:
            return found
        if not found:
            raise SweepStateError("no run has logged the sweep's metric yet")
        return found[0]

    @property
    def best_config(self) -> Params:
        """The parameters of the best run."""
        return self.best().params

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.id}: {self.status()}>"

    def _find_run(self, run: RunKey) -> RunRecord:
        return self._match_run(run, self.records())

    def _run_ids(self, runs: RunKey | Iterable[RunKey] | None) -> list[RunId] | None:
        if runs is None:
            return None
        records = self.records()
        return list(
            dict.fromkeys(self._match_run(run, records).id for run in _as_list(runs) or ())
        )

    def _match_run(self, run: RunKey, runs: Sequence[RunRecord]) -> RunRecord:
        if not isinstance(run, (int, str)) or isinstance(run, bool) or run == "":
            raise SweepNotFoundError(
                f"a run goes by its number, its id or the beginning of that, not by {brief(run)}"
            )
        if isinstance(run, int):
            matches = [each for each in runs if each.number == run][-1:]
        else:
            matches = [each for each in runs if each.id.startswith(run)]
        if len(matches) != 1:
            what = "no run" if not matches else f"{len(matches)} runs"
            raise SweepNotFoundError(f"sweep {self.id} has {what} {brief(run)}")
        return matches[0]


def _as_list(value: str | int | Iterable[Any] | None) -> list[Any] | None:
    """Return one or several as a list; None for all."""
    if value is None:
        return None
    return [value] if isinstance(value, (str, int)) else list(value)
