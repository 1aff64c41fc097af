"""Where the hosts are: in the supervisor itself, or in each worker of a cluster."""

from wandb_magic.launchers.base import Launcher
from wandb_magic.launchers.local import LocalLauncher

__all__ = ["Launcher", "LocalLauncher"]
