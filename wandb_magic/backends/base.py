"""What the supervisor asks of whoever chooses parameters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from wandb_magic.records import Params, Trial


class Backend(Protocol):
    """Chooses parameters and ends poor runs.

    The supervisor owns it and calls it from its event loop only; `ask` may take long, and is
    awaited one call at a time, beside the loop.
    """

    async def ask(self, number: int, trials: Sequence[Trial]) -> Params | None:
        """Return the parameters of run `number`, given all runs so far; None if there are none."""
        ...

    def stoppable(self, trials: Sequence[Trial]) -> frozenset[int]:
        """Return the numbers of the running runs to end early."""
        ...

    def told(self, duration: float) -> None:
        """Hear how long a run took, in seconds."""
        ...

    def close(self) -> None:
        """Let go of threads and connections."""
        ...
