"""What `scripts/test --full` adds: the same with more of it, and whole tests marked `full`."""

import os

FULL = bool(os.environ.get("WANDB_MAGIC_FULL"))
