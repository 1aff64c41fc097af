"""Keeps what must survive a killed supervisor: our agents' ids at W&B, and their assignments.

A run that was assigned and has not started is kept here, since it is not certain that the server
would assign it again.
"""

from __future__ import annotations

import json
import logging
from pathlib import Path

from wandb_magic.paths import read_json_object, write_atomically
from wandb_magic.records import RunId
from wandb_magic.supervisor.backends.base import Suggestion

log = logging.getLogger(__name__)


class PendingAssignments:
    """The file with the agents of one sweep.

    Attributes
    ----------
    agent_ids
        The id at W&B of each agent of ours.
    assignments
        The runs that were assigned and have not started, each with our agent.

    Parameters
    ----------
    file
        The path of the file, which need not exist.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._unwritten = False
        self.agent_ids: dict[int, str] = {}
        self.assignments: dict[RunId, tuple[int, Suggestion]] = {}
        try:
            document = read_json_object(file) or {"ids": {}, "offers": {}}
            self.agent_ids = {int(agent): str(id_) for agent, id_ in document["ids"].items()}
            for run, (agent, params) in document["offers"].items():
                self.assignments[RunId(run)] = (int(agent), Suggestion(dict(params), RunId(run)))
        except (ValueError, TypeError, KeyError, AttributeError):
            log.warning("%s is damaged: our agents register anew", file)
            self.agent_ids, self.assignments = {}, {}

    def add_agent(self, agent: int, id_: str) -> None:
        """Keep an agent's id."""
        self.agent_ids[agent] = id_
        self._write()

    def add(self, agent: int, run: RunId, suggestion: Suggestion) -> None:
        """Keep a run that was assigned to an agent."""
        self.assignments[run] = (agent, suggestion)
        self._write()

    def acknowledge(self, run: RunId) -> None:
        """Remove an assignment; the run's own record shows that it has started."""
        self.assignments.pop(run, None)
        if self._unwritten:
            self._write()

    def peek(self, agent: int) -> Suggestion | None:
        """Return an assignment that has not started, preferably the agent's own; keep it.

        It may be another agent's: there may be fewer agents now than before.
        """
        assignments = sorted(self.assignments.values(), key=lambda entry: entry[0] != agent)
        return assignments[0][1] if assignments else None

    def _write(self) -> None:
        offers = {run: [agent, each.params] for run, (agent, each) in self.assignments.items()}
        try:
            write_atomically(self._file, json.dumps({"ids": self.agent_ids, "offers": offers}))
        except OSError as error:
            # On a full disk no run starts, so nothing is lost as long as this process lives.
            log.warning("%s", error)
            self._unwritten = True
        else:
            self._unwritten = False
