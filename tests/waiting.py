"""Waiting for a condition, with a deadline."""

import time
from collections.abc import Callable

PATIENCE_S = 180.0
INTERVAL_S = 0.1  # what tests wait for is looked up in files and processes, which takes time, too


def wait_until(condition: Callable[[], object], patience: float = PATIENCE_S) -> object:
    """Return what the condition returns as soon as that is true."""
    deadline = time.monotonic() + patience
    while not (result := condition()):
        assert time.monotonic() < deadline, f"the condition did not hold within {patience:.0f} s"
        time.sleep(INTERVAL_S)
    return result
