"""What only `scripts/test --full` runs: the same as other tests, with more of it or for longer."""

import os

import pytest

FULL = bool(os.environ.get("WANDB_MAGIC_FULL"))
only_full = pytest.mark.skipif(not FULL, reason="only `scripts/test --full` runs it")
