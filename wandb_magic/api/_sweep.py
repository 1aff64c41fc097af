"""The `Sweep` class: read and control one sweep."""

from __future__ import annotations

import time
from typing import Any

from wandb_magic.api._analysis_mixin import AnalysisMixin
from wandb_magic.api._control import reject_imported, send_request
from wandb_magic.api._delete import delete_sweep, require_idle
from wandb_magic.api._go_online import go_online
from wandb_magic.api._reproduce_mixin import ReproduceMixin
from wandb_magic.api._status import has_died, is_supervisor_alive
from wandb_magic.api._sync import SyncHandle, sync
from wandb_magic.arguments import ArgumentError, check_flag
from wandb_magic.arguments import check_agent_count as validated_agents
from wandb_magic.bundle import CaptureSummary
from wandb_magic.daemon import reap_children
from wandb_magic.paths import SweepPaths
from wandb_magic.records import SweepState
from wandb_magic.runner.capacity import check_agents

POLL_S = 0.1


class Sweep(AnalysisMixin, ReproduceMixin):
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
                break
            time.sleep(POLL_S)
        reap_children()
        return self

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

    def set_agents(self, agents: int) -> Sweep:
        """Change how many runs execute at the same time."""
        check_agents(validated_agents("agents", agents), self._record.agents)
        self._send_request("set_agents", agents=agents)
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

    def _send_request(
        self,
        verb: str,
        *,
        trust: bool = False,
        **arguments: Any,  # noqa: ANN401 - JSON values
    ) -> None:
        send_request(self._paths, self._reader, verb, arguments, trust=trust)
