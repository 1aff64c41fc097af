"""Loading the magics into a shell."""

from __future__ import annotations

from IPython.core.interactiveshell import InteractiveShell

from wandb_magic.magics.completion import matcher
from wandb_magic.magics.magics import WandbSweepMagics

MAGIC = "%%wandb_sweep"


def load(shell: InteractiveShell) -> None:
    """Register the magics and their completions; loading them again changes nothing."""
    magics = shell.magics_manager
    if isinstance(magics.registry.get(WandbSweepMagics.__name__), WandbSweepMagics):
        return
    registered = WandbSweepMagics(shell)
    shell.register_magics(registered)
    if getattr(shell, "kernel", None) is not None:
        formatter = shell.display_formatter.ipython_display_formatter
        # By its name, for nothing of it is imported yet.
        formatter.for_type_by_name("wandb_magic.api._sweep", "Sweep", registered.display)
    shell.input_transformers_cleanup.append(append_body)
    shell.Completer.custom_matchers.append(matcher(shell))


def append_body(lines: list[str]) -> list[str]:
    """Give a cell of nothing but the magic line a body, for IPython refuses cells without one.

    A sweep of a program needs none, and neither does ``--help``.
    """
    alone = len(lines) == 1 and lines[0].startswith(MAGIC)
    return [*lines, "\n"] if alone else lines
