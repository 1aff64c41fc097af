"""One run again: in the kernel, or as a script for another machine.

Nothing here changes the sweep: its store, its folder and its runs are only read.
"""

from wandb_magic.reproduction.exporting import export
from wandb_magic.reproduction.original import Original
from wandb_magic.reproduction.replay import Replay
from wandb_magic.reproduction.reproducing import Reproduced, reproduce, show

__all__ = ["Original", "Replay", "Reproduced", "export", "reproduce", "show"]
