"""Follows what a run logs, from W&B's own transaction log, while the run writes it.

Works the same for offline and online runs and needs no cooperation from the run. Nothing here
imports wandb, writes a file or knows the store.
"""

from wandb_magic.wandb_log.follower import LogFollower

__all__ = ["LogFollower"]
