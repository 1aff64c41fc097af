"""Loads the magics into a shell."""

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
        # Registered by name, because the class is not imported yet.
        formatter.for_type_by_name("wandb_magic.api._sweep", "Sweep", registered.display)
    shell.input_transformers_cleanup.append(append_body)
    shell.Completer.custom_matchers.append(matcher(shell))


def append_body(lines: list[str]) -> list[str]:
    """Add a body to a cell that is only the magic line, because IPython requires one.

    A sweep of a program needs no body, and neither does ``--help``.
    """
    is_single_line = len(lines) == 1 and lines[0].startswith(MAGIC)
    return [*lines, "\n"] if is_single_line else lines
