"""The `Sweep` class: read and control one sweep, analyse it, and reproduce its runs."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wandb_magic import registry
from wandb_magic.api._control import reject_imported, send_request
from wandb_magic.api._delete import delete_sweep, require_idle
from wandb_magic.api._go_online import go_online
from wandb_magic.api._locate import locate
from wandb_magic.api._reader import SweepReader
from wandb_magic.api._status import has_died, is_supervisor_alive
from wandb_magic.api._sync import SyncHandle, sync
from wandb_magic.api._trust import authorize
from wandb_magic.arguments import ArgumentError, brief, check_added, check_flag, check_text
from wandb_magic.arguments import check_agent_count as validated_agents
from wandb_magic.bundle import CaptureSummary
from wandb_magic.daemon import is_supervisor_running, reap_children
from wandb_magic.errors import SweepStateError
from wandb_magic.paths import SweepPaths
from wandb_magic.records import (
    Params,
    RunId,
    SpecVersion,
    SweepRecord,
    SweepState,
    flatten_keys,
    sweep_metric,
)
from wandb_magic.requests import ONLINE_EDIT, validate_request
from wandb_magic.runner.capacity import check_agents
from wandb_magic.search.random import RandomSearcher
from wandb_magic.spec import spec_of
from wandb_magic.spec.edits import check_earlier, edit_spec
from wandb_magic.spec.own_params import complete_params, to_json_params
from wandb_magic.store import SWEEP, annotate
from wandb_magic.sweep_limits import check_limit_changes, check_limits

if TYPE_CHECKING:
    import pandas as pd

    from wandb_magic.analysis.comparison import Comparison
    from wandb_magic.analysis.plots import Plots
    from wandb_magic.analysis.study import Study
    from wandb_magic.reproduce import Replay, ReproducedRun, SourceRun

POLL_S = 0.1
LOCK_TIMEOUT_S = 5.0
ASKED_AT_ONCE = 20  # more would keep the supervisor from answering for long


@dataclass(frozen=True)
class Proposal:
    """Parameters of a run that a user executes.

    Attributes
    ----------
    id
        The run's id, with which its result is told.
    number
        The run's number.
    params
        The parameters, nested as in the config.
    seed
        A seed of the run's own: a repeat has the same parameters, and another seed.
    """

    id: RunId
    number: int
    params: Params
    seed: int = 0


class Sweep(SweepReader):
    """A sweep.

    Everything it returns is read from the sweep's store at that moment; every change is a request
    to the sweep's supervisor. Any number of these objects may exist, in any process.

    Parameters
    ----------
    paths
        The sweep's paths.
    contents
        What was captured from the notebook; only the process that started the sweep has it.
    """

    def __init__(self, paths: SweepPaths, contents: CaptureSummary | None = None) -> None:
        super().__init__(paths)
        self.contents = contents

    # Reproducing runs; none of this changes the sweep

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

    # Analysis

    def importance(self, evaluator: str = "ped-anova", quantile: float = 0.5) -> pd.DataFrame:
        """Return how much each parameter matters for the objective, most important first.

        The columns are ``parameter``, ``importance`` (shares of one), ``uncertainty`` (their
        standard deviation between random samples of the runs) and ``correlation`` (Spearman's,
        NaN for values without an order). ``attrs`` has the ``metric``, the number of ``runs``, the
        ``evaluator``, the ``quantile`` and a ``warning`` if there are few runs, or if evaluators
        disagree. Parameters that never varied are omitted.

        Parameters
        ----------
        evaluator
            ``ped-anova``: what the best runs have in common; ``fanova``: what explains the
            variance of all runs by itself; ``permutation``: the same with interactions.
        quantile
            The share of the best runs that ``ped-anova`` compares with all.

        Raises
        ------
        SweepStateError
            If the sweep has no metric.
        SpecError
            If there is no such evaluator, or the quantile is not between 0 and 1.
        """
        from wandb_magic.analysis import importance_frame  # noqa: PLC0415 - imports Optuna

        return importance_frame.importance_frame(self._reader, evaluator, quantile)

    def compare(self, *others: SweepReader | str) -> Comparison:
        """Compare this sweep with others, each given as a sweep or in any form `attach` accepts.

        The comparison has three frames: ``table`` with one row per sweep (its runs by state, best
        and median value, times), ``differences`` of the configs, and ``progress``, the best value
        so far by run number.

        Raises
        ------
        SweepNotFoundError
            If there is no such sweep.
        SweepStateError
            If their metrics or goals differ.
        """
        from wandb_magic.analysis import comparison  # noqa: PLC0415 - imports numpy

        sweeps = [
            SweepReader(locate(each)[0]) if isinstance(each, str) else each for each in others
        ]
        readers = {each.id: each._reader for each in (self, *sweeps)}  # noqa: SLF001 - the same class
        return comparison.compare(list(readers.values()))

    @property
    def plot(self) -> Plots:
        """The plots of the sweep: ``plot.curves()``, ``plot.parallel()`` and so on."""
        from wandb_magic.analysis.plots import Plots  # noqa: PLC0415 - rarely needed

        return Plots(self._reader)

    def report(self, file: str | os.PathLike[str] = "report.html") -> Path:
        """Write a self-contained HTML report of the sweep, and return its path.

        The page loads nothing: it contains the plots, table, config, code and environment.
        Anything that looks like a key or a password is masked.

        Parameters
        ----------
        file
            The path of the page; an existing file is replaced.

        Raises
        ------
        SweepError
            If the path is a folder, or cannot be written.
        """
        from wandb_magic.analysis import report  # noqa: PLC0415 - rarely needed

        return report.write(self._reader, self._paths, file, state=self.state, url=self.url or "")

    def to_parquet(self, path: str | os.PathLike[str], *, overwrite: bool = False) -> Path:
        """Write the results to a new folder, and return its absolute path.

        It contains ``runs``, ``history`` (with ``_runtime``), ``summary`` and ``system`` as
        Parquet files, which `pandas.read_parquet` reads back as the same frames, and
        ``sweep.json`` with the sweep config and versions. Lists and mappings are stored as JSON
        text.

        Parameters
        ----------
        path
            A folder that is empty or does not exist.
        overwrite
            Whether to replace an earlier folder of this kind.

        Raises
        ------
        SweepError
            If the folder is not empty, or cannot be written.
        UnsupportedError
            If pyarrow is missing.
        """
        from wandb_magic.analysis import parquet  # noqa: PLC0415 - imports numpy

        return parquet.write(self._reader, Path(path), overwrite=overwrite)

    def study(
        self, export: str | os.PathLike[str] | None = None, *, overwrite: bool = False
    ) -> Study:
        """Return the sweep as an in-memory `optuna.Study`, for example for `optuna.visualization`.

        It has one trial for each run that has ended, ordered by number. Parameters are named by
        dotted key and have the runs' values; categories other than plain values are JSON text.
        Finished and stopped runs with a value are ``COMPLETE``, pruned ones ``PRUNED``, all others
        ``FAIL``. Intermediate values are the metric's history, at most 100 of them; ``user_attrs``
        has the run's id, name, number, attempt, state and cause.

        Parameters
        ----------
        export
            A file to write the study to, for optuna-dashboard: an SQLite database if it ends in
            ``.db``, ``.sqlite`` or ``.sqlite3``, else a journal.
        overwrite
            Whether to replace an existing file.

        Raises
        ------
        SweepStateError
            If the sweep has no metric.
        SweepError
            If the file already exists, or cannot be written.
        """
        from wandb_magic.analysis import study, study_file  # noqa: PLC0415 - imports Optuna

        result = study.study_of(self._reader)
        if export is not None:
            study_file.export(result, Path(export), overwrite=overwrite)
        return result

    # Control

    def wait(self, timeout: float | None = None) -> Sweep:
        """Wait until the sweep has ended, is paused, or has died.

        An interrupt stops the waiting, not the sweep.

        Parameters
        ----------
        timeout
            Maximum number of seconds to wait.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        while deadline is None or time.monotonic() < deadline:
            record = self._record
            if record.state is SweepState.PAUSED or has_died(record, self._paths):
                break
            if record.state.has_ended and not is_supervisor_alive(record, self._paths):
                self._wait_for_lock()
                break
            time.sleep(POLL_S)
        reap_children()
        return self

    def _wait_for_lock(self) -> None:
        """Wait until the lock of a supervisor that has exited is free.

        Its last threads may hold it for a moment longer; a supervisor that starts keeps it.
        """
        deadline = time.monotonic() + LOCK_TIMEOUT_S
        with contextlib.suppress(OSError):  # another user's, or a file system without locks
            while is_supervisor_running(self._paths) and time.monotonic() < deadline:
                time.sleep(POLL_S / 10)

    def stop(self, *, drain: bool = False) -> Sweep:
        """Stop the sweep; with `drain`, let its active runs finish."""
        reject_imported(self._record)
        drain = check_flag("drain", drain)
        if not self._record.state.has_ended:
            self._send_request("stop", drain=drain)
        return self

    def pause(self) -> Sweep:
        """Start no more runs; active runs continue."""
        self._send_request("pause")
        return self

    def resume(
        self, *, online: bool = False, count: int | None = None, trust: bool = False
    ) -> Sweep:
        """Continue the sweep after a pause, a stop, or the death of its supervisor.

        With `online`, an offline sweep that has ended is sent to W&B and continues there with
        `count` more runs; the online sweep is returned.

        Raises
        ------
        UntrustedError
            If its code was not written by this user; with `trust`, it is executed anyway.
        """
        reject_imported(self._record)
        if online:
            self._require_logs()
            return Sweep(go_online(self, count, trust=trust))
        self._send_request("resume", trust=trust)
        return self

    def stop_run(self, run: str | int) -> Sweep:
        """Stop one run; what it logged is kept."""
        self._send_request("stop_run", run=self._find_run(run).id)
        return self

    def rerun(self, run: str | int, *, trust: bool = False) -> Sweep:
        """Start a new run with the same parameters.

        `trust` is as in `resume`.
        """
        self._send_request("rerun", trust=trust, run=self._find_run(run).id)
        return self

    def resume_run(self, run: str | int, *, trust: bool = False) -> Sweep:
        """Continue a failed or stopped run as the same run: id, parameters and history.

        Its code decides what it restores: ``wandb.run.resumed`` is true, and the folder named by
        ``WANDB_MAGIC_RUN_FOLDER`` holds the files that the run kept there. `trust` is as in
        `resume`.

        Raises
        ------
        SweepStateError
            If the run has finished, or is still running.
        """
        self._send_request("resume_run", trust=trust, run=self._find_run(run).id)
        return self

    def fork(
        self,
        run: str | int,
        params: Params | None = None,
        *,
        force: bool = False,
        trust: bool = False,
    ) -> Sweep:
        """Start a new run from the checkpoint of a run, with other parameters.

        The new run gets a copy of the folder that ``WANDB_MAGIC_RUN_FOLDER`` names in its parent,
        made when it starts, and comes before the next runs of the search, in addition to them.
        The search does not learn from it: its result depends on its parent, too.

        Parameters
        ----------
        run
            The parent's number or id; it may be running.
        params
            The parameters that change, nested or with dotted names.
        force
            Whether to accept values and names outside the sweep's space.
        trust
            As in `resume`.

        Raises
        ------
        ArgumentError
            If a value is outside the sweep's space.
        SweepStateError
            If the run has saved nothing in its folder.
        """
        parent = self._find_run(run)
        given = validate_request(
            "fork", {"run": parent.id, "params": to_json_params(params or {}), "force": force}
        )
        self._send_request("fork", trust=trust, **given)
        return self

    def rerun_failed(self, *, resume: bool = False, trust: bool = False) -> Sweep:
        """Rerun each set of parameters whose newest run failed.

        Parameters
        ----------
        resume
            Continue these runs, as `resume_run` does, instead of starting new ones.
        trust
            As in `resume`.

        Raises
        ------
        SweepStateError
            If no run failed.
        """
        self._send_request("rerun_failed", trust=trust, resume=resume)
        return self

    def edit(
        self,
        changes: Mapping[str, Any],
        *,
        earlier: Mapping[str, Any] | None = None,
        version: int | None = None,
        trust: bool = False,
    ) -> Sweep:
        """Change the config of the sweep while it lives.

        The sweep goes on with the new version of its config, and `bayes` learns from those of the
        earlier runs that fit it; a notice of the sweep says how many. Active runs continue with
        the parameters that they have.

        Parameters
        ----------
        changes
            A partial config: ``{"parameters": {"lr": {"min": 1e-5, "max": 1}}, "run_cap": 50}``.
            What it does not name stays, and None removes what it names. A parameter keeps its
            distribution if only its bounds or values change.
        earlier
            The values that earlier runs had of the parameters that are added, by dotted name. By
            default, they are what the runs have in their W&B config.
        version
            The version of the config that is edited, the present one by default. If somebody else
            has edited the config meanwhile, the edit is refused.
        trust
            As in `resume`.

        Raises
        ------
        SpecError
            If the new config is not valid.
        SweepStateError
            If the sweep is online, or the config was edited meanwhile.
        """
        record = self._record
        reject_imported(record)
        if record.mode == "online":
            raise SweepStateError(f"sweep {record.id} is online: {ONLINE_EDIT}")
        arguments = {
            "changes": to_json_params(changes),
            "earlier": to_json_params(earlier or {}),
            "version": record.version if version is None else version,
        }
        given = validate_request("edit", arguments)
        if given["version"] in (0, record.version):
            check_earlier(
                flatten_keys(given["earlier"]), edit_spec(spec_of(record), given["changes"])
            )
        self._send_request("edit", trust=trust, **given)
        return self

    def annotate(
        self,
        *,
        name: str | None = None,
        notes: str | None = None,
        tags: Sequence[str] | None = None,
        baseline: str | int | None = None,
    ) -> Sweep:
        """Give the sweep a name, notes, tags and a baseline; what is None stays.

        No supervisor is needed: sweeps that have ended, and imported ones, can be annotated, too.

        Parameters
        ----------
        name
            Its name; "" for the one that it was started with.
        notes
            Notes about it, in Markdown.
        tags
            Its tags, in place of all others.
        baseline
            The run that others are compared with, given by id, id prefix or number; "" for none.
        """
        changes = _given(name=name, notes=notes, tags=tags, baseline=baseline)
        if changes.get("baseline", "") != "":
            changes["baseline"] = self._find_run(changes["baseline"]).id
        annotate(self._paths.store, SWEEP, validate_request("annotate", changes))
        if name is not None:
            self.__dict__.pop("name", None)
            entry = registry.find(self.id)
            if entry is not None and entry.paths == self._paths:
                registry.add(replace(entry, name=self.name))
        return self

    def annotate_run(
        self,
        run: str | int,
        *,
        name: str | None = None,
        notes: str | None = None,
        tags: Sequence[str] | None = None,
        pinned: bool | None = None,
        hidden: bool | None = None,
    ) -> Sweep:
        """Give a run a name, notes and tags, and pin or hide it; what is None stays.

        They replace what the run has logged itself; `sync` sends them to W&B with the run.

        Parameters
        ----------
        run
            A run, given by id, id prefix or number.
        name
            Its name; "" for its own.
        notes
            Notes about it, in Markdown.
        tags
            Its tags, in place of all others.
        pinned
            Whether it comes first in the panel's tables.
        hidden
            Whether the panel leaves it out of tables and plots.
        """
        id_ = self._find_run(run).id
        changes = _given(name=name, notes=notes, tags=tags, pinned=pinned, hidden=hidden)
        validated = validate_request("annotate_run", {"run": id_, **changes})
        del validated["run"]
        annotate(self._paths.store, id_, validated)
        return self

    def versions(self) -> list[SpecVersion]:
        """Return the versions of the config in order, each with what has changed and when."""
        return self._reader.versions() or [SpecVersion(1, self._record.created, self._record.spec)]

    def add(
        self, params: Params, n: int = 1, *, force: bool = False, trust: bool = False
    ) -> Sweep:
        """Add runs with parameters of your own, before the next ones of the search.

        They come in addition to the other runs: the sweep's total number of runs grows by `n`, and
        a sweep that has ended continues. The search learns from them as from any run.

        Parameters
        ----------
        params
            The parameters, nested or with dotted names. Those that are left out are drawn at
            random.
        n
            How many runs to start with them.
        force
            Whether to accept values and names outside the sweep's space.
        trust
            As in `resume`.

        Raises
        ------
        ArgumentError
            If a value is outside the sweep's space.
        """
        record = self._record
        reject_imported(record)
        given = validate_request("add", {"params": to_json_params(params), "n": n, "force": force})
        spec = spec_of(record)
        complete_params(spec, given["params"], RandomSearcher(spec, seed=0).draws(0), force=force)
        self._send_request("add", trust=trust, **given)
        return self

    def ask(self, n: int = 1, *, trust: bool = False) -> list[Proposal]:
        """Return parameters of runs that you execute yourself.

        This is for a sweep that was started without code. Each set of parameters is a run of the
        sweep, and is handed out once, however many processes ask.

        Parameters
        ----------
        n
            How many to return; fewer are returned if the sweep has fewer left, and none if it has
            none.
        trust
            As in `resume`.

        Raises
        ------
        SweepStateError
            If the sweep executes its runs itself, or is paused or stopped.
        """
        reject_imported(self._record)
        wanted = check_added("n", n)
        proposals: list[Proposal] = []
        while len(proposals) < wanted:
            share = min(wanted - len(proposals), ASKED_AT_ONCE)
            runs = self._send_request("ask", trust=trust, n=share)["runs"]
            proposals += [
                Proposal(RunId(run["id"]), run["number"], run["params"], run["seed"])
                for run in runs
            ]
            if len(runs) < share:
                break
        return proposals

    def tell(
        self,
        run: str | int | Params | Proposal,
        values: float | Mapping[str, Any] | None = None,
        *,
        error: str = "",
        force: bool = False,
        trust: bool = False,
    ) -> Sweep:
        """Tell the result of a run that you have executed yourself.

        Parameters
        ----------
        run
            What `ask` returned, or the id or number of the run; or the parameters of a run that
            nobody asked for, which adds it.
        values
            The sweep's metric, or metrics by name.
        error
            Why the run failed, if it did.
        force
            Whether to accept parameters outside the sweep's space.
        trust
            As in `resume`.

        Raises
        ------
        SweepStateError
            If the run was told already, or has been stopped.
        ArgumentError
            If the values are not numbers or other JSON values.
        """
        if isinstance(run, Mapping):
            return self.tell_own(run, values, error=error, force=force, trust=trust)
        result = self._result(values, error)
        id_ = run.id if isinstance(run, Proposal) else self._find_run(run).id
        self._send_request("tell", trust=trust, run=id_, **result)
        return self

    def tell_own(
        self,
        params: Params,
        values: float | Mapping[str, Any] | None = None,
        *,
        error: str = "",
        force: bool = False,
        trust: bool = False,
    ) -> Sweep:
        """Tell the result of a run with parameters of your own, as `tell` does.

        Raises
        ------
        ArgumentError
            If a parameter is missing or outside the sweep's space.
        """
        result = self._result(values, error)
        given = to_json_params(params)
        self._send_request("tell_own", trust=trust, params=given, force=force, **result)
        return self

    def _result(self, values: float | Mapping[str, Any] | None, error: str) -> dict[str, Any]:
        record = self._record
        reject_imported(record)
        if values in (None, {}) and not error:
            raise ArgumentError("values: give the result, or an error")
        return {"values": _metrics(record, values), "error": check_text("error", error)}

    def set_agents(self, agents: int) -> Sweep:
        """Change how many runs execute at the same time."""
        validated_agents("agents", agents)
        if not self._record.options.launcher:
            check_agents(agents, self._record.agents)
        self._send_request("set_agents", agents=agents)
        return self

    def set_limits(
        self, limits: Mapping[str, float | bool | None], *, trust: bool = False
    ) -> Sweep:
        """Change what ends the sweep besides its number of runs; `trust` is as in `resume`.

        A sweep that such a limit has ended continues if it is no longer reached.

        Parameters
        ----------
        limits
            ``max_time``, ``max_cost``, ``price_per_hour`` or ``until_flat``, as in `start`. Times
            and costs are totals of the whole sweep. None removes a limit, and what is not named
            stays.

        Raises
        ------
        ArgumentError
            If a limit is not valid.
        """
        changes = check_limit_changes("limits", limits)
        record = self._record
        reject_imported(record)
        spec = spec_of(record)
        check_limits(replace(record.options, **changes), spec.objectives, spec.constraints)
        self._send_request("set_limits", trust=trust, limits=changes)
        return self

    def set_count(self, count: int | None, *, trust: bool = False) -> Sweep:
        """Change the total number of runs; a finished sweep continues if the number is higher.

        None lets an online sweep continue until W&B ends it; `trust` is as in `resume`.
        """
        if count is None and self._record.mode != "online":
            raise ArgumentError(
                "count: must be a whole number from 1: only an online sweep goes on without one"
            )
        self._send_request("set_count", trust=trust, count=count)
        return self

    def sync(
        self,
        project: str | None = None,
        entity: str | None = None,
        *,
        once: bool = False,
        trust: bool = False,
    ) -> SyncHandle:
        """Start sending the offline sweep to W&B; return once the sweep exists there.

        Raises
        ------
        UntrustedError
            If it was not written by this user; with `trust`, it is sent anyway.
        """
        self._require_logs()
        return sync(self._paths, self._record, project, entity, once=once, trust=trust)

    def delete(self) -> None:
        """Delete the sweep's folder: bundle, results and the runs' output.

        W&B's own folders of the runs are kept: ``wandb sync`` can still send them.

        Raises
        ------
        SweepStateError
            If the sweep is running, or is being sent to W&B.
        """
        require_idle(self._paths, self.id)
        self._reader.close()
        delete_sweep(self._paths, self.id)

    def _require_logs(self) -> None:
        """Refuse to send a sweep to W&B whose runs have not logged to it.

        Raises
        ------
        SweepStateError
            If users have executed the runs themselves.
        """
        if self._record.options.external:
            raise SweepStateError(
                f"sweep {self.id} has no W&B logs, because users executed its runs: it cannot "
                "be sent to W&B; to_parquet() exports it"
            )

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

    def _send_request(
        self,
        verb: str,
        *,
        trust: bool = False,
        **arguments: Any,  # noqa: ANN401 - JSON values
    ) -> Any:  # noqa: ANN401 - a JSON value
        return send_request(self._paths, self._reader, verb, arguments, trust=trust)


def _given(**values: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON values
    return {name: value for name, value in values.items() if value is not None}


def _metrics(sweep: SweepRecord, values: float | Mapping[str, Any] | None) -> object:
    """Return metrics by name; a number is the sweep's metric.

    Raises
    ------
    ArgumentError
        If a number is given, and the sweep has no metric.
    """
    if values is None or isinstance(values, Mapping):
        return to_json_params(values or {})
    metric = sweep_metric(sweep)
    if metric is None:
        raise ArgumentError("values: the sweep has no metric: give metrics by name")
    number = to_json_params({metric.name: values})
    assert isinstance(number, dict)
    if isinstance(number[metric.name], bool) or not isinstance(number[metric.name], (int, float)):
        raise ArgumentError(f"values: must be a number or metrics by name, not {brief(values)}")
    return number
