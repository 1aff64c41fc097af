"""A rule that W&B does not have ends a run, and says why."""

from collections.abc import Callable

from wandb_magic.api import Sweep
from wandb_magic.records import RunState

CONFIG = {
    "method": "random",
    "metric": {"name": "m", "goal": "minimize"},
    "early_terminate": {"type": "nan"},
    "parameters": {"a": {"values": [1]}},
}
CELL = """
import math
import time
import wandb
with wandb.init() as run:
    for step in range(400):
        run.log({"m": math.nan if step > 2 else 1.0})
        time.sleep(0.1)
"""


def test_a_run_that_diverges_is_ended_and_told_why(start: Callable[..., Sweep]) -> None:
    sweep = start(CELL, CONFIG, count=1)
    sweep.wait(120)
    (run,) = sweep.records()
    assert run.state is RunState.PRUNED
    assert run.cause == "ended early: its objective became NaN or infinite"
    assert run.value == 1.0
