"""The terminal front end: prints lines, asks for confirmation, and has an exit code."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wandb_magic.api._sweep import Sweep


class TerminalFrontend:
    """A front end on standard input and output.

    Attributes
    ----------
    exit_code
        The exit code for what has happened so far.
    """

    def __init__(self) -> None:
        self.exit_code = 0

    def latest_sweep(self) -> Sweep | None:
        """Return the newest sweep."""
        from wandb_magic.api._local_sweeps import sweeps  # noqa: PLC0415 - not needed for --help

        return next(iter(sweeps()), None)

    def show(self, line: str) -> None:
        """Print a line."""
        print(line, flush=True)  # noqa: T201 - this is the command line

    def confirm(self, question: str) -> bool:
        """Ask the user; return False if standard input is not a terminal."""
        if not sys.stdin.isatty():
            return False
        return input(f"{question} [y/N] ").strip().lower() in ("y", "yes")

    def shell(self) -> None:
        """Return None: a terminal has no IPython shell."""

    def watch(self, sweep: Sweep, timeout: float | None) -> None:
        """Show a sweep's progress until it ends; an interrupt stops only the waiting."""
        from wandb_magic.display.progress import watch_sweep  # noqa: PLC0415 - not needed for --help

        try:
            status = watch_sweep(sweep, timeout)
        except KeyboardInterrupt:
            self.show(f"Stopped waiting; sweep {sweep.id} is still running.")
            raise
        if status.state != "finished" or status.all_failed:
            self.exit_code = 1
