"""The front end in a notebook, or in IPython in a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from IPython.core.interactiveshell import InteractiveShell
from IPython.display import display

from wandb_magic.api._local_sweeps import sweeps
from wandb_magic.api._sweep import Sweep
from wandb_magic.display import launch_summary
from wandb_magic.display.progress import watch_sweep

if TYPE_CHECKING:
    from wandb_magic.display.live_view import LiveViewManager


class NotebookFrontend:
    """The front end of one IPython shell.

    In a kernel, a cell whose result is a sweep shows it as a live view. A cell that starts a sweep
    shows it only once, with its launch summary, although its result is also the sweep.

    Parameters
    ----------
    shell
        The shell; without a kernel, all output is plain text.
    """

    def __init__(self, shell: InteractiveShell) -> None:
        self._shell = shell
        self._started: Sweep | None = None
        self._shown_execution = -1  # the execution that showed `_started`
        self._views: LiveViewManager | None = None
        if getattr(shell, "kernel", None) is not None:
            from wandb_magic.display.live_view import LiveViewManager  # noqa: PLC0415 - only for kernels

            self._views = LiveViewManager()
            shell.events.register("post_execute", self._views.refresh_all)

    def latest_sweep(self) -> Sweep | None:
        """Return the sweep that this kernel started last, or else the newest sweep."""
        if self._started is not None and self._started.path.exists():
            return self._started
        return next(iter(sweeps()), None)

    def resolve_name(self, word: str) -> str:
        """Return the id of the sweep that a variable holds, or else the word itself."""
        value = self._shell.user_ns.get(word)
        return value.id if isinstance(value, Sweep) else word

    def show(self, line: str) -> None:
        """Print a line to the running cell."""
        print(line, flush=True)  # noqa: T201 - the cell's own output

    def confirm(self, question: str) -> bool:  # noqa: ARG002 - a method of the protocol
        """Return False: a cell cannot ask the user, who passes ``--yes`` instead."""
        return False

    def shell(self) -> InteractiveShell:
        """Return the shell."""
        return self._shell

    def show_html(self, text: str, html: str) -> None:
        """Show an answer as HTML in a notebook, otherwise as text."""
        if self._views is None:
            self.show(text)
        else:
            display({"text/plain": text, "text/html": html}, raw=True)

    def on_sweep_started(self, sweep: Sweep) -> None:
        """Show a sweep that this cell started."""
        self._started, self._shown_execution = sweep, self._shell.execution_count
        if self._views is None:
            self.show(launch_summary.text(sweep))
        else:
            self._views.open(sweep, show_summary=True)

    def watch(self, sweep: Sweep, timeout: float | None) -> None:
        """Wait in this cell, and show progress; an interrupt stops only the waiting."""
        try:
            if self._views is None:
                watch_sweep(sweep, timeout)
            else:
                self._views.watch(sweep, timeout)
        except KeyboardInterrupt:
            self.show(f"Stopped waiting; sweep {sweep.id} is still running.")

    def display(self, sweep: Sweep) -> None:
        """Show a sweep that is the result of a cell."""
        if sweep is not self._started or self._shown_execution != self._shell.execution_count:
            assert self._views is not None
            self._views.open(sweep)
