"""The terminal as a surface: lines out, answers in, an exit code at the end."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wandb_magic.api._sweep import Sweep


class TerminalFrontend:
    """Standard input and output.

    Attributes
    ----------
    exit_code
        The exit code that what happened calls for.
    """

    def __init__(self) -> None:
        self.exit_code = 0

    def latest_sweep(self) -> Sweep | None:
        """Return the newest sweep of all."""
        from wandb_magic.api._local_sweeps import sweeps  # noqa: PLC0415 - not needed for --help

        return next(iter(sweeps()), None)

    def show(self, line: str) -> None:
        """Print a line."""
        print(line, flush=True)  # noqa: T201 - this is the command line

    def confirm(self, question: str) -> bool:
        """Ask, where somebody can answer."""
        if not sys.stdin.isatty():
            return False
        return input(f"{question} [y/N] ").strip().lower() in ("y", "yes")

    def shell(self) -> None:
        """Return None: there is none."""

    def watch(self, sweep: Sweep, timeout: float | None) -> None:
        """Show how a sweep goes until it ends; an interrupt ends only the waiting."""
        from wandb_magic.display.progress import watch_sweep  # noqa: PLC0415 - not needed for --help

        try:
            status = watch_sweep(sweep, timeout)
        except KeyboardInterrupt:
            self.show(f"The waiting is over; sweep {sweep.id} goes on.")
            raise
        if status.state != "finished":
            self.exit_code = 1
