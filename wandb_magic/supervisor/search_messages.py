"""What a supervisor and the process that executes the user's search say to each other.

One JSON document per line: first the sweep, then a question at a time; each has one answer.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from wandb_magic.records import Params, RunState, Trial


@dataclass(frozen=True)
class Question:
    """Which run the parameters are for, and the runs that have changed since the last question."""

    number: int
    trials: tuple[Trial, ...]

    def to_json(self) -> str:
        """Return it as one line."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, line: str) -> Question:
        """Read what `to_json` wrote."""
        document: dict[str, Any] = json.loads(line)
        trials = (
            Trial(**{**each, "state": RunState(each["state"]), "history": ()})
            for each in document["trials"]
        )
        return cls(document["number"], tuple(trials))


@dataclass(frozen=True)
class Reply:
    """The parameters; None if there are no more; or why the user's code cannot choose any."""

    params: Params | None = None
    error: str = ""

    def to_json(self) -> str:
        """Return it as one line."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, line: str) -> Reply:
        """Read what `to_json` wrote."""
        return cls(**json.loads(line))


@dataclass(frozen=True)
class SweepInfo:
    """The sweep as the user's function gets it, with the attributes of W&B's `SweepInfo`.

    Attributes
    ----------
    id, name, entity, project
        As in W&B.
    config
        The config as a dict.
    controller_run_name
        Always "": there is no such run here.
    """

    id: str
    name: str
    entity: str
    project: str
    config: Mapping[str, Any] = field(default_factory=dict)
    controller_run_name: str = ""
