"""The launcher for this machine: one runner, inside the supervisor."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from wandb_magic.paths import SweepPaths
from wandb_magic.runner.events import RunnerEvent
from wandb_magic.runner.local_runner import LocalRunner


class LocalLauncher(LocalRunner):
    """Runs everything on this machine.

    Parameters
    ----------
    paths
        The sweep's paths.
    environment
        The environment of the runs.
    emit
        Called with each event.
    commands
        Whether the runs are commands, which share no wandb-core.
    """

    def __init__(
        self,
        paths: SweepPaths,
        environment: Mapping[str, str],
        emit: Callable[[RunnerEvent], None],
        *,
        commands: bool,
    ) -> None:
        super().__init__(paths.folder, paths.bundle, environment, emit, commands=commands)
