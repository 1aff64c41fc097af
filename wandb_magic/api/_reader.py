"""Read-only view of a sweep: runs, history, summaries, logs."""

from __future__ import annotations

import warnings
import weakref
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

from wandb_magic.analysis.ranking import best_runs
from wandb_magic.api import _log_reader
from wandb_magic.api._held import HeldRun, held_run
from wandb_magic.api._status import Status, has_died, status_of
from wandb_magic.api._sync import synced_url
from wandb_magic.arguments import brief
from wandb_magic.errors import SweepNotFoundError, SweepStateError
from wandb_magic.paths import SweepPaths
from wandb_magic.processes import is_alive
from wandb_magic.records import (
    Params,
    RunId,
    RunRecord,
    RunState,
    SweepId,
    SweepRecord,
    sweep_constraints,
    sweep_metrics,
)
from wandb_magic.store import SWEEP, StoreReader
from wandb_magic.wandb_client import run_page

if TYPE_CHECKING:
    import pandas as pd

    from wandb_magic.postmortem.failure import Failure

_LAST_LINES = 50  # of the output of a run that failed
RunKey = str | int


class SweepReader:
    """The read-only part of a sweep.

    Everything it returns is read from the sweep's store at that moment. Any number of these
    objects may exist, in any process.

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
        """The sweep's name; its id if it has no name."""
        return self._record.name

    @property
    def state(self) -> str:
        """A `SweepState` as text, or ``died`` if the sweep has lost its supervisor."""
        record = self._record
        return "died" if has_died(record, self._paths) else record.state.value

    @property
    def path(self) -> Path:
        """The sweep's folder."""
        return self._paths.folder

    @property
    def url(self) -> str | None:
        """The URL of the sweep's page at W&B; None for a sweep that is not at W&B."""
        return self._record.url or synced_url(self._paths)

    def url_of(self, run: RunKey) -> str | None:
        """Return the URL of a run's page at W&B; None for a run that is not at W&B."""
        return run_page(self.url or "", self._find_run(run).id) or None

    @property
    def notes(self) -> str:
        """The notes about the sweep, in Markdown; see `Sweep.annotate`."""
        return str(self._reader.annotations().get(SWEEP, {}).get("notes", ""))

    @property
    def tags(self) -> list[str]:
        """The sweep's tags."""
        return list(self._reader.annotations().get(SWEEP, {}).get("tags", ()))

    @property
    def baseline(self) -> RunRecord | None:
        """The run that others are compared with; None if there is none."""
        run = self._reader.annotations().get(SWEEP, {}).get("baseline")
        return None if run is None else self._reader.run(RunId(run))

    def labels(self, run: RunKey) -> dict[str, Any]:
        """Return the name, notes and tags of a run, and whether it is ``pinned`` or ``hidden``.

        The name, notes and tags are those that a user has given it, else those that it has logged.
        """
        id_ = self._find_run(run).id
        info, own = self._reader.infos([id_]).get(id_, {}), self._reader.annotations().get(id_, {})
        return {
            "name": info.get("name", ""),
            "notes": info.get("notes", ""),
            "tags": list(info.get("tags", ())),
            "pinned": own.get("pinned", False),
            "hidden": own.get("hidden", False),
        }

    @property
    def config(self) -> dict[str, Any]:
        """The sweep config."""
        return dict(self._record.spec)

    @property
    def _record(self) -> SweepRecord:
        return self._reader.sweep()

    def status(self) -> Status:
        """Return the status of the sweep."""
        return status_of(self._reader, self._paths, sync=True)

    def records(self, where: str = "") -> list[RunRecord]:
        """Return all runs as plain records, ordered by number; with a query, those it selects.

        Parameters
        ----------
        where
            A query, as in `runs`.

        Raises
        ------
        QueryError
            If the query is invalid.
        """
        return self._select(where) if where else self._reader.runs()

    def runs(self, where: str = "") -> pd.DataFrame:
        """Return one row for each run, indexed by run id and ordered by number.

        The columns are ``number``, ``state``, ``value`` (the objective), ``agent``, ``started``,
        ``duration`` (seconds), ``attempt``, ``cause``, ``proposer`` (``search``, ``user``, …),
        ``version`` (of the config), ``repeat_group`` (the number of the first run with the same
        parameters, of which the others are repeats), ``parent`` (the id of the run that a fork
        continues), and then ``config.<name>``, the parameters, and ``summary.<metric>``, both with
        dots for nested values.

        The types are ``Int64``, ``float64``, ``string`` and, for ``started``, ``datetime64`` in
        UTC. A parameter or metric is ``Int64``, ``float64``, ``boolean`` or ``string`` if it has
        that type in all runs, else ``object``: lists, mappings and mixtures are kept unchanged.

        Parameters
        ----------
        where
            A query such as ``"lr < 1e-3 and state == finished and tag:best"``; only the runs that
            it selects are returned. Comparisons with a value that a run does not have are false.

        Raises
        ------
        QueryError
            If the query is invalid: the message names the column.
        """
        from wandb_magic.analysis import frames  # noqa: PLC0415 - imports numpy

        selected = [record.id for record in self._select(where)] if where else None
        return frames.runs(self._reader, selected)

    def groups(
        self, by: str | Iterable[str], metric: str | None = None, where: str = ""
    ) -> pd.DataFrame:
        """Return the statistics of groups of runs, indexed by what the runs of a group share.

        The columns are ``count`` (the runs), ``values`` (those with a finite value), ``mean``,
        ``sd`` (of a sample), ``se`` (the standard error of the mean), ``min``, ``q1``,
        ``median``, ``q3``, ``max``, and ``runs``, the numbers of the runs. Runs without a value
        of `by` form a group whose index is missing; a run with several tags is in several groups.

        Parameters
        ----------
        by
            One or several names, as in a query: of parameters, or ``tags``, ``agent``, ``host``.
        metric
            The key in the summary; the objective by default.
        where
            A query, as in `runs`; only the runs that it selects are grouped.

        Raises
        ------
        SweepNotFoundError
            If `by` names nothing that a run has.
        QueryError
            If the query is invalid.
        """
        from wandb_magic.analysis.groups import groups  # noqa: PLC0415 - imports numpy

        names = list(dict.fromkeys(_as_list(by) or ()))
        selected = [record.id for record in self._select(where)] if where else None
        return groups(self._reader, names, metric, selected)

    def summary(self) -> pd.DataFrame:
        """Return the summaries, indexed by run id: the ``summary.…`` columns of `runs`.

        W&B's own keys, which begin with an underscore, are omitted.
        """
        from wandb_magic.analysis import frames  # noqa: PLC0415 - imports numpy

        return frames.summary(self._reader)

    def history(
        self,
        keys: str | Iterable[str] | None = None,
        runs: RunKey | Iterable[RunKey] | None = None,
        points: int | None = None,
        where: str = "",
    ) -> pd.DataFrame:
        """Return the numbers that runs logged, indexed by run id and step, one column per key.

        All columns are ``float64``, with NaN where a run did not log a key at a step.

        Parameters
        ----------
        keys
            One or several; all by default. ``_runtime`` (the time of a step in seconds since the
            run's start) and ``_timestamp`` (since the epoch) are returned only if named here.
        runs
            One or several, each given by id, id prefix or number; all by default.
        points
            The maximum number of points per curve; every step by default. Columns are then pairs,
            the key with ``low`` and ``high``: the bounds of the steps that a row represents.
        where
            A query, as in `runs`; of these runs, only those that it selects.

        Raises
        ------
        SweepNotFoundError
            If there is no such run, or no run has logged such a number.
        QueryError
            If the query is invalid.
        """
        from wandb_magic.analysis import frames  # noqa: PLC0415 - imports numpy

        ids = self._run_ids(runs)
        if where:
            selected = [record.id for record in self._select(where)]
            ids = selected if ids is None else [run for run in ids if run in set(selected)]
        return frames.history(self._reader, _as_list(keys), ids, points)

    def system(
        self,
        keys: str | Iterable[str] | None = None,
        runs: RunKey | Iterable[RunKey] | None = None,
        points: int | None = None,
    ) -> pd.DataFrame:
        """Return system metrics, indexed by run id and seconds since the run's start.

        The parameters are those of `history`; the keys are W&B's, such as ``cpu``.
        """
        from wandb_magic.analysis import frames  # noqa: PLC0415 - imports numpy

        return frames.system(self._reader, _as_list(keys), self._run_ids(runs), points)

    def logs(
        self, run: RunKey, *, follow: bool = False, tail: int | None = None
    ) -> str | Iterator[str]:
        """Return everything that a run printed, without a size limit.

        Parameters
        ----------
        run
            The run, given by id, id prefix or number.
        follow
            Return an iterator over its lines as they are printed, until the run ends.
        tail
            Return only this many of the last lines, and with `follow` those that come after them.

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
        """Return the path of a run's output file, which does not exist before the run starts.

        Raises
        ------
        SweepNotFoundError
            If there is no such run.
        """
        record = self._find_run(run)
        if self._record.options.copied:
            raise SweepStateError(
                f"count run {record.id} has printed is at W&B: {self.url_of(record.id)}"
            )
        return self._paths.run(record.id).output

    def failure(self, run: RunKey, *, trust: bool = False) -> Failure:
        """Return why a run failed: its exception, and the frames with their variables.

        ``failure(3).frames[-1].locals["x"]`` is the variable ``x`` where run 3 failed. Nothing is
        unpickled before a variable is asked for. A run that a signal has ended has no frames, but
        ``stack``, the last stack of each of its threads, and ``log``, its last output.

        Parameters
        ----------
        run
            The run, given by id, id prefix or number.
        trust
            Unpickle variables although a run of somebody else may have written them.

        Raises
        ------
        SweepStateError
            If the run has not failed.
        SweepNotFoundError
            If there is no such run.
        """
        from wandb_magic.postmortem.failure import read_failure  # noqa: PLC0415 - rarely needed
        from wandb_magic.postmortem.stacks import last_stack  # noqa: PLC0415 - as above

        record = self._find_run(run)
        paths = self._paths.run(record.id).latest_execution
        is_held = held_run(record, self._paths) is not None
        if not record.state.has_ended and not is_held:
            raise SweepStateError(
                f"run {record.number} has not ended: `stack {record.number}` shows where it is"
            )
        has_frames = record.state is not RunState.FINISHED and paths.failure.is_file()
        if not record.state.is_failure and not has_frames and not is_held:
            raise SweepStateError(
                f"run {record.number} has not failed: it is {record.state.value}"
            )
        end = _log_reader.tail(paths.output, _LAST_LINES, _log_reader.TAIL_BYTES)
        killed = record.state is not RunState.FAILED
        return read_failure(
            paths.failure,
            record.id,
            cause=record.cause,
            config=record.params,
            stack=last_stack(_log_reader.read(paths.stack)) if killed else "",
            log=_log_reader.read(paths.output, end.begin),
            error=record.error,
            trust=trust,
        )

    def held(self, run: RunKey) -> HeldRun | None:
        """Return until when a failed run's process is held for a debugger; None if it is not.

        A sweep that was started with ``hold`` keeps the process of a failed run: the verb
        ``debug`` enters it, `stop_run` ends it.
        """
        return held_run(self._find_run(run), self._paths)

    def stack(self, run: RunKey) -> str:
        """Return where a run is at this moment: the stack of each of its threads.

        The run continues. py-spy is asked if it is installed, else the run itself.

        Raises
        ------
        SweepStateError
            If the run is not executing on this machine, or does not answer.
        """
        from wandb_magic.api._stack import stack_of  # noqa: PLC0415 - rarely needed

        record = self._find_run(run)
        return stack_of(record, self._paths.run(record.id).latest_execution)

    def is_over(self, run: RunKey) -> bool:
        """Return whether a run prints no more, even if no supervisor has recorded its end."""
        record = self._find_run(run)
        return record.state.has_ended or (self.state == "died" and not is_alive(record.process))

    @overload
    def best(self) -> RunRecord: ...

    @overload
    def best(self, n: int) -> list[RunRecord]: ...

    def best(self, n: int | None = None) -> RunRecord | list[RunRecord]:
        """Return the best run by the objective; with `n`, the best `n` runs, best first.

        Runs that break a constraint are left out. In a sweep with repeats, sets of parameters are
        ranked by the mean of their runs, among those that have all of them: each is returned as
        its first run, with the mean as its value.

        Raises
        ------
        SweepStateError
            If no run has a value of the objective yet, or there are several objectives.
        """
        record = self._record
        names = [metric.name for metric in sweep_metrics(record)]
        if len(names) > 1:
            raise SweepStateError(
                f"sweep {self.id} has several objectives ({', '.join(names)}), so no run is the "
                "best: pareto() returns those that no other run beats"
            )
        runs = best_runs(self._reader, record, 1 if n is None else n)
        if n is not None:
            return runs
        if not runs:
            bound = " and kept to the constraints" if sweep_constraints(record) else ""
            raise SweepStateError(f"no run has logged the sweep's metric{bound} yet")
        return runs[0]

    def pareto(self) -> pd.DataFrame:
        """Return the front of a sweep with several objectives: the rows of `runs` on it.

        A run is on the front if no other one is at least as good in all objectives and better in
        one of them. Runs that failed, or break a constraint, are never on it. The values are those
        in the runs' summaries. The best run by the first objective is first.

        Raises
        ------
        SweepStateError
            If the sweep does not have several objectives.
        """
        from wandb_magic.analysis.pareto import front_frame  # noqa: PLC0415 - imports numpy

        return front_frame(self._reader)

    def hypervolume(self, reference: Mapping[str, float] | None = None) -> pd.DataFrame:
        """Return the volume between the front and a reference after each run, indexed by run id.

        The columns are ``number``, ``ended`` and ``hypervolume``. ``attrs`` has the ``reference``.

        Parameters
        ----------
        reference
            A value for each objective; only runs that are better in all of them count. By default
            a little worse than the worst values, so that figures of different sweeps cannot be
            compared.

        Raises
        ------
        SweepStateError
            If the sweep does not have several objectives, or no run has a value of each yet.
        """
        from wandb_magic.analysis.pareto import hypervolume_frame  # noqa: PLC0415 - imports numpy

        return hypervolume_frame(self._reader, reference)

    @property
    def best_config(self) -> Params:
        """The parameters of the best run."""
        return self.best().params

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.id}: {self.status()}>"

    def _select(self, where: str) -> list[RunRecord]:
        """Return the runs that a query selects; warn of names that no run has."""
        from wandb_magic.analysis.run_selection import select_runs  # noqa: PLC0415 - rarely needed

        selection = select_runs(self._reader, where)
        for note in selection.notes:
            warnings.warn(f"where: {note}", stacklevel=3)
        return selection.runs

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
                f"{brief(run)} does not name a run: give its number, its id or an id prefix"
            )
        if isinstance(run, int):
            matches = [record for record in runs if record.number == run][-1:]
        else:
            matches = [record for record in runs if record.id.startswith(run)]
        if len(matches) != 1:
            count = "no run" if not matches else f"{len(matches)} runs"
            raise SweepNotFoundError(f"sweep {self.id} has {count} {brief(run)}")
        return matches[0]


def _as_list(value: str | int | Iterable[Any] | None) -> list[Any] | None:
    """Return one or several as a list; None for all."""
    if value is None:
        return None
    return [value] if isinstance(value, (str, int)) else list(value)
