"""Sends an offline sweep to W&B: starts the process that does it, and reports its progress."""

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
    120.0  # until the sweep exists at W&B: wandb is imported twice, and queries the server
)
EXIT_TIMEOUT_S = 10.0


class SyncHandle:
    """A sweep that is being sent to W&B, or was sent.

    Each property is read from disk at that moment; the process that sends is independent of this
    object.

    Parameters
    ----------
    paths
        The sweep's paths.
    """

    def __init__(self, paths: SweepPaths) -> None:
        self._paths = paths

    @property
    def state(self) -> SyncState:
        """The state of the sync."""
        state = read(self._paths.sync)
        if state is None:
            raise SweepStateError("the sweep was never sent to W&B: call sync() first")
        return state

    @property
    def url(self) -> str | None:
        """The URL of the sweep's page at W&B."""
        return self.state.target.url or None

    def run_url(self, run: str) -> str | None:
        """Return the URL of a run's page, by the run's id."""
        return run_page(self.state.target.url, run) or None

    def wait(
        self, timeout: float | None = None, show: Callable[[str], None] | None = None
    ) -> SyncHandle:
        """Wait until everything is sent; an interrupt stops only the waiting.

        Parameters
        ----------
        timeout
            Maximum number of seconds to wait.
        show
            Called with one line whenever the state changes; for example `print`.

        Raises
        ------
        RemoteError
            If the sync cannot continue.
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
    """Start sending a sweep; return once the sweep exists at W&B.

    A separate process sends it, until the sweep has ended. Called again after an interruption, it
    continues where it stopped.

    Parameters
    ----------
    paths, sweep
        The sweep.
    project, entity
        The destination; the sweep's own by default. It cannot be changed later.
    once
        Send only the runs that have ended, and do not wait for more.
    trust
        Whether the user vouches for a sweep that comes from elsewhere. Even then, nothing of it is
        executed, and its environment is not used.

    Raises
    ------
    SweepStateError
        If the sweep is online, or is already being sent elsewhere.
    UntrustedError
        If it was not written by this user.
    RemoteError
        If the server cannot be reached, rejects the key, or refuses the sweep.
    """
    if sweep.mode == "online":
        raise SweepStateError(f"sweep {sweep.id} is online: W&B has its runs already")
    is_running = _is_being_sent(paths)
    if is_running and (project or entity):
        raise SweepStateError(
            f"sweep {sweep.id} is being sent already, to {SyncHandle(paths).state.target.path}"
        )
    if not is_running:
        try:
            environment = authorize(paths, sweep.spec)[1].launch_environment()
        except UntrustedError:
            if not trust:
                raise
            environment = inheritable_environment(os.environ)
        _start_process(paths, environment, project, entity, once=once)
    return SyncHandle(paths)


def _is_being_sent(paths: SweepPaths) -> bool:
    """Return whether a process sends the sweep; wait for one that is about to exit."""
    deadline = time.monotonic() + EXIT_TIMEOUT_S
    while is_sync_running(paths):
        state = read(paths.sync)
        if state is None or not state.phase.ended or time.monotonic() > deadline:
            return True
        time.sleep(POLL_S)
    return False


def synced_url(paths: SweepPaths) -> str | None:
    """Return the URL of the sweep's page at W&B; None if the sweep was not sent."""
    synced = read(paths.sync)
    return None if synced is None else synced.target.url or None


def _start_process(
    paths: SweepPaths,
    environment: Mapping[str, str],
    project: str | None,
    entity: str | None,
    *,
    once: bool,
) -> None:
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
            if is_sync_running(paths):  # another process has started first
                return
            raise SweepStateError(f"the sync exited immediately: see {paths.sync.log}")
        time.sleep(POLL_S)
