"""This machine: one host, inside the supervisor."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from wandb_magic.host import Event, Host
from wandb_magic.paths import SweepPaths


class LocalLauncher(Host):
    """Runs everything on this machine.

    Parameters
    ----------
    paths
        The sweep's paths.
    environment
        The environment of the runs.
    say
        Hears what happens.
    commands
        Whether the runs are commands, which share no wandb-core.
    """

    def __init__(
        self,
        paths: SweepPaths,
        environment: Mapping[str, str],
        say: Callable[[Event], None],
        *,
        commands: bool,
    ) -> None:
        super().__init__(paths.folder, paths.bundle, environment, say, commands=commands)
