"""What the user holds: one sweep, to read and to steer."""

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

    def __init__(self, paths: SweepPaths, contents: CaptureSummary | None = None) -> None:
        super().__init__(paths)
        self.contents = contents

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
            if record.state is SweepState.PAUSED or has_died(record, self._paths):
                break
            if record.state.has_ended and not is_supervisor_alive(record, self._paths):
                break
            time.sleep(POLL_S)
        reap_children()
        return self

    def stop(self, *, drain: bool = False) -> Sweep:
        """End the sweep; with `drain`, let its living runs come to their own end."""
        reject_imported(self._record)
        drain = check_flag("drain", drain)
        if not self._record.state.has_ended:
            self._send_request("stop", drain=drain)
        return self

    def pause(self) -> Sweep:
        """Start no more runs; the living ones go on."""
        self._send_request("pause")
        return self

    def resume(
        self, *, online: bool = False, count: int | None = None, trust: bool = False
    ) -> Sweep:
        """Go on: after a pause, a stop, or the death of the supervisor.

        With `online`, an offline sweep that has ended is sent to W&B and goes on there, with
        `count` more runs: the online sweep is returned.

        Raises
        ------
        UntrustedError
            If its code was not written by this user; with `trust`, it is executed all the same.
        """
        reject_imported(self._record)
        if online:
            return Sweep(go_online(self, count, trust=trust))
        self._send_request("resume", restart=True, trust=trust)
        return self

    def stop_run(self, run: str | int) -> Sweep:
        """End one run; what it logged is kept."""
        self._send_request("stop_run", run=self._find_run(run).id)
        return self

    def rerun(self, run: str | int, *, trust: bool = False) -> Sweep:
        """Start a run again with the same parameters, as a run of its own.

        `trust` is as in `resume`.
        """
        self._send_request("rerun", restart=True, trust=trust, number=self._find_run(run).number)
        return self

    def resume_run(self, run: str | int, *, trust: bool = False) -> Sweep:
        """Let a run that failed or was stopped go on as the same run: id, parameters and history.

        What it restores is up to its code: ``wandb.run.resumed`` says that it is to, and the
        folder that ``WANDB_MAGIC_RUN_FOLDER`` names has what it kept there. `trust` is as in
        `resume`.

        Raises
        ------
        SweepStateError
            If the run has finished, or still runs.
        """
        self._send_request("resume_run", restart=True, trust=trust, run=self._find_run(run).id)
        return self

    def rerun_failed(self, *, resume: bool = False, trust: bool = False) -> Sweep:
        """Start again what failed, each set of parameters whose newest run broke.

        Parameters
        ----------
        resume
            Let these runs go on, as `resume_run` does, in place of new ones.
        trust
            As in `resume`.

        Raises
        ------
        SweepStateError
            If none failed.
        """
        self._send_request("rerun_failed", restart=True, trust=trust, resume=resume)
        return self

    def set_agents(self, agents: int) -> Sweep:
        """Change how many runs execute at a time."""
        check_agents(validated_agents("agents", agents), self._record.agents)
        self._send_request("set_agents", agents=agents)
        return self

    def set_count(self, count: int | None, *, trust: bool = False) -> Sweep:
        """Change how many runs there will be in all; a finished sweep goes on if it is more.

        None lets an online sweep go on until W&B ends it; `trust` is as in `resume`.
        """
        if count is None and self._record.mode != "online":
            raise ArgumentError(
                "count: must be a whole number from 1: only an online sweep goes on without one"
            )
        self._send_request("set_count", restart=True, trust=trust, count=count)
        return self

    def sync(
        self,
        project: str | None = None,
        entity: str | None = None,
        *,
        once: bool = False,
        trust: bool = False,
    ) -> SyncHandle:
        """Send the offline sweep to W&B, and return once the real one is there.

        Raises
        ------
        UntrustedError
            If it was not written by this user; with `trust`, it is sent all the same.
        """
        return sync(self._paths, self._record, project, entity, once=once, trust=trust)

    def delete(self) -> None:
        """Delete the sweep's folder: bundle, results and the runs' output.

        W&B's own folders of the runs stay: ``wandb sync`` can still send them.

        Raises
        ------
        SweepStateError
            If the sweep is running, or on its way to W&B.
        """
        require_idle(self._paths, self.id)
        self._reader.close()
        delete_sweep(self._paths, self.id)

    def _send_request(
        self,
        verb: str,
        *,
        restart: bool = False,
        trust: bool = False,
        **arguments: Any,  # noqa: ANN401 - JSON values
    ) -> None:
        send_request(self._paths, self._reader, verb, arguments, restart=restart, trust=trust)
