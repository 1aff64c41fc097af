"""Scenes of the agent protocol: a backend and a server that talk in a loop of their own."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any, TypeVar

from wandb_magic.records import RunRecord, RunState
from wandb_magic.supervisor.backends import OnlineBackend, Suggestion

RANDOM = {
    "method": "random",
    "metric": {"name": "loss", "goal": "minimize"},
    "parameters": {"lr": {"min": 0.0, "max": 1.0}},
}
HYPERBAND = {**RANDOM, "early_terminate": {"type": "hyperband", "min_iter": 2}}
PATIENCE_S = 30

Serve = Callable[..., Any]
_Result = TypeVar("_Result")


def play(scene: Coroutine[Any, Any, _Result]) -> _Result:
    """Play a scene in a loop of its own."""

    async def timed() -> _Result:
        return await asyncio.wait_for(scene, PATIENCE_S)

    return asyncio.run(timed())


async def until(condition: Callable[[], object]) -> None:
    while not condition():  # noqa: ASYNC110 - it waits for another thread
        await asyncio.sleep(0.02)


def record(proposal: Suggestion, number: int = 0, agent: int = 0) -> RunRecord:
    assert proposal.run is not None
    return RunRecord(
        id=proposal.run,
        number=number,
        attempt=0,
        agent=agent,
        params=proposal.params,
        state=RunState.RUNNING,
        created=0.0,
    )


async def begun(backend: OnlineBackend, number: int = 0, agent: int = 0) -> RunRecord:
    """Ask for a run and begin it."""
    proposal = await backend.ask(agent, number, ())
    assert proposal is not None
    run = record(proposal, number, agent)
    backend.on_run_changed(run)
    return run


def ended(run: RunRecord) -> RunRecord:
    return replace(run, state=RunState.FINISHED)
