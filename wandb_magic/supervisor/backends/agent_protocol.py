"""The commands of W&B's agent protocol: what the server answers to an agent's heartbeat."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from wandb_magic.records import Params, RunId


@dataclass(frozen=True)
class RunCommand:
    """Execute this run; with `is_resume`, one that has started before, under the same id."""

    run: RunId
    params: Params
    is_resume: bool


@dataclass(frozen=True)
class StopCommand:
    """End this run."""

    run: RunId


@dataclass(frozen=True)
class ExitCommand:
    """There are no more runs."""


def parse_commands(commands: str) -> Iterator[RunCommand | StopCommand | ExitCommand]:
    """Yield the commands of an answer; skip those that this version does not know."""
    for command in json.loads(commands):
        match command:
            case {
                "type": "run" | "resume" as kind,
                "run_id": str(run),
                "args": Mapping() as args,
            }:
                yield RunCommand(RunId(run), _params(args), kind == "resume")
            case {"type": "stop", "run_id": str(run)}:
                yield StopCommand(RunId(run))
            case {"type": "exit"}:
                yield ExitCommand()


def _params(args: Mapping[str, Any]) -> dict[str, Any]:
    return {name: arg["value"] for name, arg in args.items()}
