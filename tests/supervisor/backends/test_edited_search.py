"""A search whose space is edited: what it has learnt counts for the new one."""

import asyncio
import math
import statistics
from collections.abc import Mapping
from typing import Any

import pytest

from full import FULL
from wandb_magic.records import RunState, Trial
from wandb_magic.search import make_searcher
from wandb_magic.spec import Spec, load
from wandb_magic.spec.edits import edit_spec
from wandb_magic.supervisor.backends import OfflineBackend
from wandb_magic.supervisor.spec_editor import SpecState, plan_edit

OPTIMUM = 0.397887
SEEDS = 20 if FULL else 2
SAMPLER = "auto" if FULL else "tpe"  # a Gaussian process takes a minute
NARROW, EDITED, RUNS = 20, 20, 60 if FULL else 40
# Branin has its minima at x = -3.14, 3.14 and 9.42: beyond the first range, all three of them.
FIRST = load(
    {
        "method": "bayes",
        "metric": {"name": "loss", "goal": "minimize"},
        "parameters": {"x": {"min": 4.0, "max": 8.0}, "y": {"min": 0.0, "max": 15.0}},
    }
)
WIDE = {"parameters": {"x": {"min": -5.0, "max": 10.0}}}


def branin(params: Mapping[str, Any]) -> float:
    x, y = params["x"], params["y"]
    valley = y - 5.1 / (4 * math.pi**2) * x**2 + 5 / math.pi * x - 6
    return float(valley**2 + 10 * (1 - 1 / (8 * math.pi)) * math.cos(x) + 10)


def run(backend: OfflineBackend, trials: list[Trial], count: int) -> None:
    async def ask() -> None:
        for number in range(len(trials), count):
            suggestion = await backend.ask(0, number, tuple(trials))
            assert suggestion is not None
            value = branin(suggestion.params)
            trials.append(Trial(number, suggestion.params, RunState.FINISHED, value))

    asyncio.run(ask())


def searcher_of(seed: int) -> Any:
    return lambda spec: make_searcher(spec, seed=seed, sampler=SAMPLER)


def regret(trials: list[Trial]) -> float:
    return min(trial.value or math.inf for trial in trials) - OPTIMUM


def edited(seed: int) -> float:
    make = searcher_of(seed)
    backend, trials = OfflineBackend(FIRST, make(FIRST), make), []
    run(backend, trials, NARROW)
    assert regret(trials) > 0.5, "the optimum is outside the first range"
    edit = plan_edit(SpecState(FIRST, trials, {}, RUNS), WIDE, {}, {})
    assert "20 of 20 runs with a value still count" in edit.notice
    backend.edit(edit.spec, edit.filled)
    run(backend, trials, RUNS)
    return regret(trials)


def started_anew(seed: int) -> float:
    make = searcher_of(seed)
    backend, priors = OfflineBackend(FIRST, make(FIRST), make), []
    run(backend, priors, NARROW)
    wide = edit_spec(FIRST, WIDE)
    searcher = make_searcher(wide, seed=seed, sampler=SAMPLER, priors=priors)
    trials: list[Trial] = []
    run(OfflineBackend(wide, searcher, make), trials, RUNS - NARROW)
    return regret(trials)


@pytest.mark.timeout(3600)
def test_an_optimum_outside_the_first_range_is_found_after_an_edit() -> None:
    after_edit = [edited(seed) for seed in range(SEEDS)]
    anew = [started_anew(seed) for seed in range(SEEDS)]
    # As good as a sweep that was started anew with the first runs as priors, but for chance.
    assert statistics.median(after_edit) <= max(
        2 * statistics.median(anew), 0.05 if FULL else 1.0
    ), (
        after_edit,
        anew,
    )


def seen(spec: Spec, trials: list[Trial], changes: dict[str, Any], **told: Any) -> list[Any]:
    """Return the parameters that the search sees after an edit."""
    found: list[Any] = []

    class Witness:
        def ask(self, number: int, trials: Any, *, cheap: bool = False) -> Any:
            found.extend(trial.params for trial in trials)
            return {"x": 5.0, "y": 1.0}

    configs = told.pop("configs", {})
    edit = plan_edit(SpecState(spec, trials, {}, 9), {"parameters": changes}, told, configs)
    backend = OfflineBackend(spec, Witness(), lambda _: Witness())
    backend.edit(edit.spec, edit.filled)
    asyncio.run(backend.ask(0, len(trials), trials))
    return found


def test_the_search_sees_the_runs_that_fit_in_the_new_space() -> None:
    trials = [
        Trial(0, {"x": 5.0, "y": 1.0}, RunState.FINISHED, 1.0),
        Trial(1, {"x": 7.0, "y": 2.0}, RunState.RUNNING),
    ]
    assert seen(FIRST, trials, {"x": {"max": 6.0}}) == [{"x": 5.0, "y": 1.0}]
    assert seen(FIRST, trials, {"y": None}) == [{"x": 5.0}, {"x": 7.0}]
    new = {"z": {"values": [1, 2]}}
    assert seen(FIRST, trials, new) == []
    assert seen(FIRST, trials, new, z=2) == [
        {"x": 5.0, "y": 1.0, "z": 2},
        {"x": 7.0, "y": 2.0, "z": 2},
    ]
    assert seen(FIRST, trials, new, configs={1: {"z": 1}}) == [{"x": 7.0, "y": 2.0, "z": 1}]
