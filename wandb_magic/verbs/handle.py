"""What the user holds: one sweep, to read and to steer."""

from __future__ import annotations

import time
from typing import Any

from wandb_magic.bundle import Contents
from wandb_magic.detach import collect_ended
from wandb_magic.host.capacity import check_agents
from wandb_magic.paths import SweepPaths
from wandb_magic.records import SweepState
from wandb_magic.validation import ArgumentError, flag
from wandb_magic.validation import agents as validated_agents
from wandb_magic.verbs.asking import ask, refuse_copies
from wandb_magic.verbs.conclusions import Conclusions
from wandb_magic.verbs.going_online import go_online
from wandb_magic.verbs.removing import check_idle, remove
from wandb_magic.verbs.repeating import Repeatable
from wandb_magic.verbs.status import has_died, supervisor_lives
from wandb_magic.verbs.syncing import Syncing, sync

POLL_S = 0.1


class Sweep(Conclusions, Repeatable):
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
            if record.state.ended and not supervisor_lives(record, self._paths):
                break
            time.sleep(POLL_S)
        collect_ended()
        return self

    def stop(self, *, drain: bool = False) -> Sweep:
        """End the sweep; with `drain`, let its living runs come to their own end."""
        refuse_copies(self._record)
        drain = flag("drain", drain)
        if not self._record.state.ended:
            self._ask("stop", drain=drain)
        return self

    def pause(self) -> Sweep:
        """Start no more runs; the living ones go on."""
        self._ask("pause")
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
        refuse_copies(self._record)
        if online:
            return Sweep(go_online(self, count, trust=trust))
        self._ask("resume", revive=True, trust=trust)
        return self

    def stop_run(self, run: str | int) -> Sweep:
        """End one run; what it logged is kept."""
        self._ask("stop_run", run=self._find(run).id)
        return self

    def rerun(self, run: str | int, *, trust: bool = False) -> Sweep:
        """Start a run again with the same parameters, as a run of its own.

        `trust` is as in `resume`.
        """
        self._ask("rerun", revive=True, trust=trust, number=self._find(run).number)
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
        self._ask("resume_run", revive=True, trust=trust, run=self._find(run).id)
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
        self._ask("rerun_failed", revive=True, trust=trust, resume=resume)
        return self

    def set_agents(self, agents: int) -> Sweep:
        """Change how many runs execute at a time."""
        check_agents(validated_agents("agents", agents), self._record.agents)
        self._ask("set_agents", agents=agents)
        return self

    def set_count(self, count: int | None, *, trust: bool = False) -> Sweep:
        """Change how many runs there will be in all; a finished sweep goes on if it is more.

        None lets an online sweep go on until W&B ends it; `trust` is as in `resume`.
        """
        if count is None and self._record.mode != "online":
            raise ArgumentError(
                "count: must be a whole number from 1: only an online sweep goes on without one"
            )
        self._ask("set_count", revive=True, trust=trust, count=count)
        return self

    def sync(
        self,
        project: str | None = None,
        entity: str | None = None,
        *,
        once: bool = False,
        trust: bool = False,
    ) -> Syncing:
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
        check_idle(self._paths, self.id)
        self._reader.close()
        remove(self._paths, self.id)

    def _ask(
        self,
        verb: str,
        *,
        revive: bool = False,
        trust: bool = False,
        **arguments: Any,  # noqa: ANN401 - JSON values
    ) -> None:
        ask(self._paths, self._reader, verb, arguments, revive=revive, trust=trust)
