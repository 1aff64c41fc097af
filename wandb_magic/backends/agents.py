"""The ids that the W&B server gave to our agents: they outlive the supervisor."""

from __future__ import annotations

import json
from pathlib import Path

from wandb_magic.paths import write_atomically


class AgentIds:
    """Ids by the number of our agent, in a file.

    Parameters
    ----------
    file
        Where they are kept.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._ids: dict[str, str] = {}
        if file.exists():
            self._ids = json.loads(file.read_text(encoding="utf-8"))

    def of(self, agent: int) -> str | None:
        """Return the id of an agent, None before it has one."""
        return self._ids.get(str(agent))

    def keep(self, agent: int, id_: str) -> str:
        """Keep the id of an agent, and return it."""
        self._ids[str(agent)] = id_
        write_atomically(self._file, json.dumps(self._ids))
        return id_
