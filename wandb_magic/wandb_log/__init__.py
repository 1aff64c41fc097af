"""Reads what a run logs from W&B's own transaction log, while the run writes it.

Works for offline and online runs alike, and needs no cooperation from the run. Nothing here
imports wandb or uses the store.
"""

from wandb_magic.wandb_log.follower import LogFollower

__all__ = ["LogFollower"]
