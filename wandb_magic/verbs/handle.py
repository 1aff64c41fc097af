"""What the user holds: one sweep, to read and to steer."""

from __future__ import annotations

import time
import weakref
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wandb_magic.bundle import Contents
from wandb_magic.detach import collect_ended
from wandb_magic.errors import SweepError, SweepNotFoundError, SweepStateError
from wandb_magic.paths import SweepPaths
from wandb_magic.processes import alive
from wandb_magic.records import Params, RunRecord, SweepId, SweepRecord, SweepState
from wandb_magic.remote import run_page
from wandb_magic.store import StoreReader
from wandb_magic.verbs import frames, logs
from wandb_magic.verbs.asking import ask
from wandb_magic.verbs.removing import check_idle, remove
from wandb_magic.verbs.status import Status, best_of, has_died, metric_of, status_of
from wandb_magic.verbs.syncing import Syncing, sync, synced_url

if TYPE_CHECKING:
    import pandas as pd

POLL_S = 0.1


class Sweep:
    """One sweep.

    Everything that it returns is read anew from the sweep's store; everything that it asks is a
    request to the sweep's supervisor. It may be made in any process, any number of times.

    Parameters
    ----------
    paths
        The sweep's paths.
    contents
        What went along with it, known to the process that started it.
    """

    def __init__(self, paths: SweepPaths, contents: Contents | None = None) -> None:
        self._paths = paths
        self._reader = StoreReader(paths.store)
        weakref.finalize(self, self._reader.close)
        self.contents = contents
        self.id: SweepId = self._reader.sweep().id

    # Reading

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

    def wait(self, timeout: float | None = None) -> Sweep:
        """Wait until the sweep has ended, is paused, or has died.

        An interrupt ends the waiting, never the sweep.

        Parameters
        ----------
        timeout
            Seconds to wait at most.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        while deadline is None or time.monotonic() < deadline:
            record = self._record
            if record.state is SweepState.PAUSED or has_died(record):
                break
            if record.state.ended and not alive(record.supervisor):
                break
            time.sleep(POLL_S)
        collect_ended()
        return self

    # Steering

    def stop(self, *, drain: bool = False) -> Sweep:
        """End the sweep; with `drain`, let its living runs come to their own end."""
        if not self._record.state.ended:
            self._ask("stop", drain=drain)
        return self

    def pause(self) -> Sweep:
        """Start no more runs; the living ones go on."""
        self._ask("pause")
        return self

    def resume(self, *, online: bool = False, count: int | None = None) -> Sweep:
        """Go on: after a pause, a stop, or the death of the supervisor.

        With `online`, an offline sweep that has ended is sent to W&B and goes on there, with
        `count` more runs: the online sweep is returned. See `going_online.go_online`.
        """
        if online:
            from wandb_magic.verbs.going_online import go_online  # noqa: PLC0415 - it makes sweeps

            return go_online(self, count)
        self._ask("resume", revive=True)
        return self

    def stop_run(self, run: str | int) -> Sweep:
        """End one run; what it logged is kept."""
        self._ask("stop_run", run=self._find(run).id)
        return self

    def rerun(self, run: str | int) -> Sweep:
        """Start a run again with the same parameters, as a run of its own."""
        self._ask("rerun", revive=True, number=self._find(run).number)
        return self

    def resume_run(self, run: str | int) -> Sweep:
        """Let a run that failed or was stopped go on as the same run: id, parameters and history.

        What it restores is up to its code: ``wandb.run.resumed`` says that it is to, and the
        folder that ``WANDB_MAGIC_RUN_FOLDER`` names has what it kept there.

        Raises
        ------
        SweepStateError
            If the run has finished, or still runs.
        """
        self._ask("resume_run", revive=True, run=self._find(run).id)
        return self

    def rerun_failed(self, *, resume: bool = False) -> Sweep:
        """Start again what failed, each set of parameters whose newest run broke.

        Parameters
        ----------
        resume
            Let these runs go on, as `resume_run` does, in place of new ones.

        Raises
        ------
        SweepStateError
            If none failed.
        """
        self._ask("rerun_failed", revive=True, resume=resume)
        return self

    def set_agents(self, agents: int) -> Sweep:
        """Change how many runs execute at a time."""
        _positive("agents", agents)
        self._ask("set_agents", agents=agents)
        return self

    def set_count(self, count: int | None) -> Sweep:
        """Change how many runs there will be in all; a finished sweep goes on if it is more.

        None lets an online sweep go on until W&B ends it.
        """
        if count is not None or self._record.mode != "online":
            _positive("count", count)
        self._ask("set_count", revive=True, count=count)
        return self

    def sync(
        self, project: str | None = None, entity: str | None = None, *, once: bool = False
    ) -> Syncing:
        """Send the offline sweep to W&B, and go on after an interruption: see `syncing.sync`."""
        return sync(self._paths, self._record, project, entity, once=once)

    def delete(self) -> None:
        """Delete the sweep's folder: bundle, results and the runs' output.

        W&B's own folders of the runs stay: ``wandb sync`` can still send them.

        Raises
        ------
        SweepStateError
            If the sweep is running, or on its way to W&B.
        """
        check_idle(self._paths, self.id)
        self._reader.close()
        remove(self._paths, self.id)

    def __repr__(self) -> str:
        return f"<Sweep {self.id}: {self.status()}>"

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

    def _ask(self, verb: str, *, revive: bool = False, **arguments: Any) -> None:  # noqa: ANN401
        ask(self._paths, self._reader, verb, arguments, revive=revive)


def _positive(name: str, value: int | None) -> None:
    if not isinstance(value, int) or value < 1:
        raise SweepError(f"{name} must be a whole number from 1, and is {value!r}")
