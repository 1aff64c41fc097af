"""The doctor's environment, a notebook's kernel or a terminal, and the remedies for it."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Environment:
    """The kernel or terminal in which the doctor runs.

    Attributes
    ----------
    shell
        IPython's shell; None in a terminal.
    variables
        The environment variables.
    """

    shell: Any = None
    variables: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))

    @property
    def kernel(self) -> Any:  # noqa: ANN401 - there are many kernel classes
        """The shell's kernel; None in a terminal."""
        return getattr(self.shell, "kernel", None)

    @property
    def root(self) -> Path:
        """The folder for sweeps: ``WANDB_DIR``, or the working directory."""
        return Path(self.variables.get("WANDB_DIR") or Path.cwd()).absolute()

    # Remedies

    def pip_install(self, requirement: str) -> str:
        """Return the command that installs a requirement."""
        if self.shell is not None:
            return f'%pip install -U "{requirement}"  # then restart the kernel'
        return f'{shlex.quote(sys.executable)} -m pip install -U "{requirement}"'

    def shell_command(self, line: str) -> str:
        """Return the line that runs a shell command."""
        return line if self.shell is None else f"!{line}"

    def verb(self, words: str) -> str:
        """Return the line that runs a verb."""
        return f"wandb-magic {words}" if self.shell is None else f"%wandb_sweep {words}"

    def unset_variables(self, *names: str) -> str:
        """Return the line that removes environment variables."""
        if self.shell is None:
            return f"unset {' '.join(names)}"
        removals = "; ".join(f'os.environ.pop("{name}", None)' for name in names)
        return f"import os; {removals}"

    def set_variable(self, name: str, value: str) -> str:
        """Return the line that sets an environment variable."""
        return f"export {name}={value}" if self.shell is None else f"%env {name}={value}"
