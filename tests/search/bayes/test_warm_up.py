import subprocess
import sys

import pytest

from wandb_magic.search.bayes.searcher import STARTUP_RUNS
from wandb_magic.search.bayes.warm_up import GpWarmUp, no_limit

SWEEP = """
import sys, threading
from wandb_magic.records import RunState, Trial
from wandb_magic.search import make_searcher
from wandb_magic.spec import load
spec = load({
    "method": "bayes",
    "metric": {"name": "loss"},
    "parameters": {"x": {"min": 0.0, "max": 1.0}},
    **SPEC,
})
searcher = make_searcher(spec, seed=0, limit=lambda: LIMIT)
trials = [Trial(n, {"x": n / 10}, RunState.FINISHED, n / 10, results={"loss": 0.0, "size": 0.0})
          for n in range(10)]
loaded = []
for count in range(10):
    searcher.ask(count, trials[:count])
    for thread in threading.enumerate():
        if thread.name == "warm-up":
            thread.join()
    loaded.append("torch" in sys.modules)
print(loaded.index(True) if True in loaded else None)
"""


@pytest.mark.parametrize(
    ("spec", "limit", "first"),
    [
        ({}, None, STARTUP_RUNS // 2),
        ({}, STARTUP_RUNS, None),
        ({"metric": {"name": "loss"}, "constraints": [{"name": "size", "max": 1}]}, 11, 5),
    ],
)
def test_pytorch_is_imported_during_the_random_runs_if_it_will_be_needed(
    spec: dict[str, object], limit: int | None, first: int | None
) -> None:
    code = SWEEP.replace("**SPEC", f"**{spec}").replace("LIMIT", str(limit))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == str(first)


@pytest.mark.parametrize(
    ("sampler", "limit", "runs", "priors", "starts"),
    [
        ("auto", None, STARTUP_RUNS // 2 - 1, 0, False),
        ("auto", STARTUP_RUNS, STARTUP_RUNS - 1, 0, False),
        ("auto", 3, 8, 8, True),
        ("gp", STARTUP_RUNS + 1, STARTUP_RUNS // 2, 0, True),
        ("tpe", None, STARTUP_RUNS, 0, False),
        ("cmaes", None, STARTUP_RUNS, 0, False),
        ("random", None, STARTUP_RUNS, 0, False),
    ],
)
def test_only_a_search_that_will_need_it_starts_the_import(
    sampler: str, limit: int | None, runs: int, priors: int, *, starts: bool
) -> None:
    warm_up = GpWarmUp(sampler, STARTUP_RUNS, no_limit if limit is None else lambda: limit)
    warm_up.observe(runs, priors)
    first = warm_up.thread
    warm_up.observe(runs, priors)
    assert (first is not None) == starts
    assert warm_up.thread is first
    if first is not None:
        first.join()
