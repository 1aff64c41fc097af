"""What must outlive a supervisor that is killed: who our agents are at W&B, and what they owe.

A run that was handed out and has not begun is kept here, since nobody knows whether the server
would hand it out again.
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
        What was handed out and has not begun, and to which agent of ours.

    Parameters
    ----------
    file
        Where it lies, if it was written before.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._unwritten = False
        self.agent_ids: dict[int, str] = {}
        self.assignments: dict[RunId, tuple[int, Suggestion]] = {}
        try:
            known = read_json_object(file) or {"ids": {}, "offers": {}}
            self.agent_ids = {int(agent): str(id_) for agent, id_ in known["ids"].items()}
            for run, (agent, params) in known["offers"].items():
                self.assignments[RunId(run)] = (int(agent), Suggestion(dict(params), RunId(run)))
        except (ValueError, TypeError, KeyError, AttributeError):
            log.warning("%s is damaged: our agents register anew", file)
            self.agent_ids, self.assignments = {}, {}

    def add_agent(self, agent: int, id_: str) -> None:
        """Keep an agent's id."""
        self.agent_ids[agent] = id_
        self._write()

    def add(self, agent: int, run: RunId, suggestion: Suggestion) -> None:
        """Keep what an agent was given."""
        self.assignments[run] = (agent, suggestion)
        self._write()

    def acknowledge(self, run: RunId) -> None:
        """Forget an offer; who reads the file knows by the run's own record that it has begun."""
        self.assignments.pop(run, None)
        if self._unwritten:
            self._write()

    def peek(self, agent: int) -> Suggestion | None:
        """Return what was given and has not begun, for the agent before all; it stays until then.

        Another agent's, too: there may be fewer agents now than there were.
        """
        offers = sorted(self.assignments.values(), key=lambda offer: offer[0] != agent)
        return offers[0][1] if offers else None

    def _write(self) -> None:
        offers = {run: [agent, each.params] for run, (agent, each) in self.assignments.items()}
        try:
            write_atomically(self._file, json.dumps({"ids": self.agent_ids, "offers": offers}))
        except OSError as error:
            # On a full disk no run begins, so nothing is lost as long as this process lives.
            log.warning("%s", error)
            self._unwritten = True
        else:
            self._unwritten = False
