"""The interface of launchers: what they are told, and what a package that adds one provides."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Protocol

from wandb_magic.bundle import SignedStatement
from wandb_magic.bundle.manifest import TRUST_VARIABLE
from wandb_magic.paths import SweepPaths
from wandb_magic.records import SweepId
from wandb_magic.runner.events import RunnerEvent
from wandb_magic.runner.launcher import Launcher
from wandb_magic.slots import SlotRequest


@dataclass(frozen=True)
class SweepContext:
    """What a launcher needs to know about its sweep.

    Attributes
    ----------
    paths, sweep
        The sweep's paths and id.
    statement
        What the bundle must match wherever it is executed: verified here, it needs no key there.
    environment
        Environment variables for the runs, in addition to those of the machine that executes them.
        They may hold an API key: a launcher writes them into no file.
    slots
        What each run needs of the GPUs of the machine that executes it.
    grace
        How long runs may take to end when they are interrupted, in seconds.
    demand
        Returns how many more runs could start now.
    """

    paths: SweepPaths
    sweep: SweepId
    statement: SignedStatement
    environment: Mapping[str, str]
    slots: SlotRequest
    grace: float
    demand: Callable[[], int]

    @property
    def run_environment(self) -> dict[str, str]:
        """The variables of a process that executes a run, wherever that is; as secret as these."""
        return {**self.environment, TRUST_VARIABLE: self.portable_statement.to_json()}

    @property
    def portable_statement(self) -> SignedStatement:
        """The statement without what was seen of files here."""
        return replace(self.statement, seen={})


class LauncherPlugin(Protocol):
    """Makes launchers for the addresses of one scheme; an entry point refers to it."""

    @staticmethod
    def check(address: str) -> None:
        """Check an address when a sweep is started, in the process of the user.

        Raises
        ------
        ArgumentError
            If it is wrong, or a package is missing: one sentence, and what to do.
        """

    @staticmethod
    def create(
        address: str, context: SweepContext, emit: Callable[[RunnerEvent], None]
    ) -> Launcher:
        """Return a launcher, in the supervisor; `emit` is called in its event loop."""
        ...
