"""What a test can do to a server and see of it, in this process or in a separate one."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Mapping
from types import TracebackType
from typing import Any

from typing_extensions import Self

from fake_wandb_server.faults import Fault, Kind
from fake_wandb_server.site import KEY
from fake_wandb_server.state import Agent, Artifact, Run, Snapshot, Sweep
from fake_wandb_server.web import Logged


class Controls(ABC):
    """The interface that tests use.

    Attributes
    ----------
    port
        Where the server listens on 127.0.0.1.
    """

    port: int

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    @abstractmethod
    def stop(self) -> None:
        """End the server."""

    @abstractmethod
    def act(self, action: str, /, **args: Any) -> None:
        """Perform the action of `fake_wandb_server.actions` with this name."""

    @abstractmethod
    def look(self) -> Snapshot:
        """Return the current records."""

    @property
    @abstractmethod
    def requests(self) -> list[Logged]:
        """Return all requests so far, in the order in which they were answered."""

    @abstractmethod
    def add_fault(self, fault: Fault) -> None:
        """Make requests fail from now on."""

    @abstractmethod
    def heal(self) -> None:
        """End all faults."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def key(self) -> str:
        return KEY

    @property
    def environment(self) -> dict[str, str]:
        """Return the variables that make a client use this server, and keep it quiet."""
        return {
            "WANDB_BASE_URL": self.url,
            "WANDB_API_KEY": self.key,
            "WANDB_SILENT": "true",
            "WANDB_ERROR_REPORTING": "false",
            "NO_PROXY": "127.0.0.1,localhost",
            "no_proxy": "127.0.0.1,localhost",
        }

    @property
    def runs(self) -> Mapping[str, Run]:
        """Return all runs by their id, in the order in which they were created."""
        return self.look().runs

    @property
    def sweeps(self) -> Mapping[str, Sweep]:
        """Return all sweeps by their id."""
        return self.look().sweeps

    @property
    def agents(self) -> Mapping[str, Agent]:
        """Return all agents by their id."""
        return self.look().agents

    @property
    def artifacts(self) -> Mapping[str, Artifact]:
        """Return all committed artifacts by ``name:v0``."""
        return self.look().artifacts

    @property
    def refused(self) -> list[str]:
        """Return the errors that were sent as GraphQL errors, and those of this server itself."""
        return self.look().refused

    def count(self, operation: str, *, status: int | None = None) -> int:
        """Return how often an operation was requested, or answered with a status."""
        return sum(
            each.operation == operation and status in {None, each.status} for each in self.requests
        )

    def fault(
        self, kind: Kind, match: str = "*", *, period: float | None = None, **more: Any
    ) -> Fault:
        """Make requests that match fail from now on, for a period in seconds; see `Fault`."""
        until = None if period is None else time.time() + period
        fault = Fault(kind, match, until=until, **more)
        self.add_fault(fault)
        return fault

    def pause_sweep(self, sweep: str) -> None:
        self.act("sweep_state", sweep=sweep, state="PAUSED")

    def resume_sweep(self, sweep: str) -> None:
        self.act("sweep_state", sweep=sweep, state="RUNNING")

    def finish_sweep(self, sweep: str) -> None:
        """Start no more runs; active runs may end. W&B's page calls this Stop."""
        self.act("sweep_state", sweep=sweep, state="FINISHED")

    def cancel_sweep(self, sweep: str) -> None:
        """Start no more runs, and stop active ones. W&B's page calls this Kill."""
        self.act("sweep_state", sweep=sweep, state="CANCELED")

    def delete_sweep(self, sweep: str) -> None:
        self.act("delete_sweep", sweep=sweep)

    def stop_run(self, run: str) -> None:
        """Stop one run, as its page and early termination do."""
        self.act("stop_run", run=run)

    def delete_run(self, run: str) -> None:
        self.act("delete_run", run=run)

    def crash_run(self, run: str) -> None:
        """Mark a run as crashed, as the server does after minutes without a message from it."""
        self.act("crash_run", run=run)

    def queue(self, sweep: str, *params: Mapping[str, Any]) -> None:
        """Give the sweep's next runs these parameters."""
        self.act("queue", sweep=sweep, params=[dict(each) for each in params])

    def command(self, sweep: str, *commands: Mapping[str, Any], agent: str | None = None) -> None:
        """Send an agent, or all agents of a sweep, these commands before any other."""
        self.act("command", sweep=sweep, commands=[dict(each) for each in commands], agent=agent)

    def reject_keys(self, *, reject: bool = True) -> None:
        """Reject all keys from now on, or accept the correct one again."""
        self.act("reject_keys", reject=reject)

    def make_entity(self, name: str, *, readable: bool = True) -> None:
        """Create another entity; one that is not readable is forbidden to this user."""
        self.act("entity", name=name, readable=readable)
