"""Runs a run again: in the kernel, or as a script for another machine.

Nothing here changes the sweep: its store, folder and runs are only read.
"""

from wandb_magic.reproduce._export import export
from wandb_magic.reproduce._reproduce import ReproducedRun, reproduce, show
from wandb_magic.reproduce.replay import Replay
from wandb_magic.reproduce.source_run import SourceRun

__all__ = ["Replay", "ReproducedRun", "SourceRun", "export", "reproduce", "show"]
