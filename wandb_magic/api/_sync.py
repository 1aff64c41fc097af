"""Sending an offline sweep to W&B: start the process that does it, and see how far it is."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping

from wandb_magic.api._trust import authorize
from wandb_magic.bundle.manifest import inheritable_environment
from wandb_magic.daemon import is_sync_running, reap_children, start_sync
from wandb_magic.errors import RemoteError, SweepStateError, UntrustedError
from wandb_magic.paths import SweepPaths
from wandb_magic.records import SweepRecord
from wandb_magic.sync.state import Phase, SyncState, read
from wandb_magic.wandb_client.links import run_page

POLL_S = 0.2
STARTUP_TIMEOUT_S = (
    120.0  # for the real sweep to be there: wandb is imported twice, and asks the server
)


class SyncHandle:
    """A sweep on its way to W&B, or there.

    What it says is read anew each time; the sending goes on whatever becomes of it.

    Parameters
    ----------
    paths
        The sweep's paths.
    """

    def __init__(self, paths: SweepPaths) -> None:
        self._paths = paths

    @property
    def state(self) -> SyncState:
        """How it stands."""
        state = read(self._paths.sync)
        if state is None:
            raise SweepStateError("the sweep was never sent to W&B: sync() does that")
        return state

    @property
    def url(self) -> str | None:
        """The real sweep's page."""
        return self.state.target.url or None

    def run_url(self, run: str) -> str | None:
        """Return the page of a run, by its id."""
        return run_page(self.state.target.url, run) or None

    def wait(
        self, timeout: float | None = None, show: Callable[[str], None] | None = None
    ) -> SyncHandle:
        """Wait until everything was sent; an interrupt ends the waiting only.

        Parameters
        ----------
        timeout
            Seconds to wait at most.
        show
            Is given a line whenever there is something new to say; `print`, say.

        Raises
        ------
        RemoteError
            If the sync cannot go on.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        shown_text = ""
        while True:
            state = self.state
            if show is not None and str(state) != shown_text:
                shown_text = str(state)
                show(shown_text)
            if state.phase is Phase.FAILED:
                raise RemoteError(state.problem)
            if state.phase is Phase.DONE or state.interrupted:
                break
            if deadline is not None and time.monotonic() > deadline:
                break
            time.sleep(POLL_S)
        reap_children()
        return self

    def __repr__(self) -> str:
        return f"<Sync: {self.state}>"


def sync(
    paths: SweepPaths,
    sweep: SweepRecord,
    project: str | None,
    entity: str | None,
    *,
    once: bool,
    trust: bool = False,
) -> SyncHandle:
    """Start to send a sweep, and return once the real one is there.

    A process of its own does it, which goes on until the sweep has ended. Asked again after an
    interruption, it goes on from there.

    Parameters
    ----------
    paths, sweep
        The sweep.
    project, entity
        Where to; the sweep's own by default. They cannot be changed later.
    once
        Send the runs that have ended, and do not wait for more.
    trust
        Whether the user answers for a sweep that comes from elsewhere. Of such a one nothing is
        executed either, and its environment is not used.

    Raises
    ------
    SweepStateError
        If the sweep is at W&B anyway.
    UntrustedError
        If it was not written by this user.
    RemoteError
        If the server cannot be reached, rejects the key, or refuses the sweep.
    """
    if sweep.mode == "online":
        raise SweepStateError(f"sweep {sweep.id} is online: W&B has its runs already")
    busy = is_sync_running(paths)
    if busy and (project or entity):
        raise SweepStateError(
            f"sweep {sweep.id} is being sent already, to {SyncHandle(paths).state.target.path}"
        )
    if not busy:
        try:
            recorded = authorize(paths, sweep.spec)[1].environment
        except UntrustedError:
            if not trust:
                raise
            recorded = {}
        _start_process(paths, recorded, project, entity, once=once)
    return SyncHandle(paths)


def synced_url(paths: SweepPaths) -> str | None:
    """Return the page of the real sweep; None if there is none."""
    synced = read(paths.sync)
    return None if synced is None else synced.target.url or None


def _start_process(
    paths: SweepPaths,
    recorded: Mapping[str, str],
    project: str | None,
    entity: str | None,
    *,
    once: bool,
) -> None:
    environment = {**recorded, **inheritable_environment(os.environ)}
    arguments = [
        *(["--project", project] if project else []),
        *(["--entity", entity] if entity else []),
        *(["--once"] if once else []),
    ]
    process = start_sync(paths, arguments, environment)
    deadline = time.monotonic() + STARTUP_TIMEOUT_S
    while time.monotonic() < deadline:
        state = read(paths.sync)
        if state is not None and state.process is not None and state.process.pid == process.pid:
            if state.phase is Phase.FAILED:
                raise RemoteError(state.problem)
            if state.phase is not Phase.CREATING:
                return
        if process.poll() is not None:
            if is_sync_running(paths):  # somebody else was faster
                return
            raise SweepStateError(f"the sync ended at once: {paths.sync.log} says why")
        time.sleep(POLL_S)
