"""The floor of what a run costs: ``os.fork`` in a loop, with nothing around it.

    python benchmarks/bare_forks.py SCRIPT

The parent has imported the same modules as ours, and the runs share one wandb-core as ours do.
"""

from __future__ import annotations

import gc
import json
import os
import subprocess
import sys
import time
from pathlib import Path

from wandb_magic.records import new_id
from wandb_magic.runner.wandb_preload import (
    cache_git_root,
    preload_wandb,
    run_environment,
    start_core,
)

PARAMS = "wandb_version: 1\nlr: {value: 0.5}\n"


class BareForks:
    """A process that executes a script in forks of itself, and its wandb-core."""

    def __init__(self, script: str) -> None:
        token = start_core(os.environ)
        assert token is not None
        self._process = subprocess.Popen(
            [sys.executable, __file__, script],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | {"WANDB_SERVICE": token},
        )

    def runs(self, count: int) -> list[float]:
        """Return how many seconds each of the runs took."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{count}\n")
        self._process.stdin.flush()
        return list(json.loads(self._process.stdout.readline()))

    def close(self) -> None:
        """End the process; the sandbox ends the core."""
        self._process.communicate()


def run_variables() -> dict[str, str]:
    """Return the environment that makes a process a run."""
    Path("params.yaml").write_text(PARAMS, "utf-8")
    place = {"params": "params.yaml", "root": str(Path.cwd()), "mode": "offline"}
    return run_environment(run=new_id(), sweep="floor000", project="b", entity="", **place)


def serve(script: str) -> None:
    """Fork as often as each line of stdin specifies, and print how long each fork took."""
    import torch  # noqa: F401, PLC0415 - the parent is as warm as ours

    preload_wandb()
    cache_git_root()
    gc.collect()
    gc.freeze()
    for line in sys.stdin:
        times = []
        for _ in range(int(line)):
            begin = time.perf_counter()
            pid = os.fork()
            if pid == 0:
                os.environ |= run_variables()
                exec(script, {})
                os._exit(0)
            assert os.waitpid(pid, 0)[1] == 0
            times.append(time.perf_counter() - begin)
        print(json.dumps(times), flush=True)


if __name__ == "__main__":
    serve(sys.argv[1])
