"""Launchers that execute runs elsewhere than on this machine, by the scheme of their address.

Other packages add theirs with an entry point of the group ``wandb_magic.launchers``: its name is
the scheme, and it refers to a `LauncherPlugin`. Nothing here imports what a launcher needs.
"""

from wandb_magic.launchers.batch_systems import SYSTEMS
from wandb_magic.launchers.plugin import LauncherPlugin, SweepContext
from wandb_magic.launchers.registry import (
    GROUP,
    check_launcher,
    create_launcher,
    resolve_client,
)
from wandb_magic.launchers.target import TARGET_VARIABLE, LaunchTarget
from wandb_magic.runner.events import RunnerEvent, RunnerNotice, RunnerReady
from wandb_magic.runner.launcher import Launcher, NoSlotError
from wandb_magic.runner.run_follower import RunFollower
from wandb_magic.runner.run_process import Job, process_command

__all__ = [
    "GROUP",
    "SYSTEMS",
    "TARGET_VARIABLE",
    "Job",
    "LaunchTarget",
    "Launcher",
    "LauncherPlugin",
    "NoSlotError",
    "RunFollower",
    "RunnerEvent",
    "RunnerNotice",
    "RunnerReady",
    "SweepContext",
    "check_launcher",
    "create_launcher",
    "process_command",
    "resolve_client",
]
