"""The notebook, or a plain IPython, as the surface on which answers appear."""

from __future__ import annotations

from typing import TYPE_CHECKING

from IPython.core.interactiveshell import InteractiveShell
from IPython.display import display

from wandb_magic.display import receipt
from wandb_magic.display.progress import watch
from wandb_magic.verbs.finding import sweeps
from wandb_magic.verbs.handle import Sweep

if TYPE_CHECKING:
    from wandb_magic.display.view import Views


class Notebook:
    """One shell.

    In a kernel, sweeps are shown live, and a cell that ends in a sweep shows it so. A cell that
    starts one shows it once, as its receipt and live view, though its result is the sweep, too.

    Parameters
    ----------
    shell
        The shell; without a kernel, everything is plain text.
    """

    def __init__(self, shell: InteractiveShell) -> None:
        self._shell = shell
        self._started: Sweep | None = None
        self._shown_by = -1  # the execution that has shown `_started`
        self._views: Views | None = None
        if getattr(shell, "kernel", None) is not None:
            from wandb_magic.display.view import Views  # noqa: PLC0415 - for kernels only

            self._views = Views()
            shell.events.register("post_execute", self._views.wake)

    def newest(self) -> Sweep | None:
        """Return the sweep that this kernel started last, or else the newest of all."""
        if self._started is not None and self._started.path.exists():
            return self._started
        return next(iter(sweeps()), None)

    def name_of(self, word: str) -> str:
        """Return what stands for a sweep in the line: a variable's sweep, or the word itself."""
        value = self._shell.user_ns.get(word)
        return value.id if isinstance(value, Sweep) else word

    def show(self, line: str) -> None:
        """Print a line into the cell that runs."""
        print(line, flush=True)  # noqa: T201 - the cell's own output

    def confirm(self, question: str) -> bool:  # noqa: ARG002 - a surface's method
        """Say no: a cell cannot be asked, it has ``--yes``."""
        return False

    def shell(self) -> InteractiveShell:
        """Return the shell."""
        return self._shell

    def present(self, text: str, html: str) -> None:
        """Show an answer that has a form of its own in a notebook."""
        if self._views is None:
            self.show(text)
        else:
            display({"text/plain": text, "text/html": html}, raw=True)

    def started(self, sweep: Sweep) -> None:
        """Show a sweep that this cell has started."""
        self._started, self._shown_by = sweep, self._shell.execution_count
        if self._views is None:
            self.show(receipt.text(sweep))
        else:
            self._views.open(sweep, starts=True)

    def watch(self, sweep: Sweep, timeout: float | None) -> None:
        """Wait in this cell, and show how it goes; an interrupt ends the waiting only."""
        try:
            if self._views is None:
                watch(sweep, timeout)
            else:
                self._views.watch(sweep, timeout)
        except KeyboardInterrupt:
            self.show(f"The waiting is over; sweep {sweep.id} goes on.")

    def display(self, sweep: Sweep) -> None:
        """Show a sweep that a cell ends in."""
        if sweep is not self._started or self._shown_by != self._shell.execution_count:
            assert self._views is not None
            self._views.open(sweep)
