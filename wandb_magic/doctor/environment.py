"""Where the doctor was asked: a notebook's kernel or a terminal. Remedies are written for it."""

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
    """Where the doctor was asked.

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
    def kernel(self) -> Any:  # noqa: ANN401 - kernels are of many kinds
        """The kernel around the shell; None in a terminal."""
        return getattr(self.shell, "kernel", None)

    @property
    def root(self) -> Path:
        """The folder below which sweeps go, as ``WANDB_DIR`` says."""
        return Path(self.variables.get("WANDB_DIR") or Path.cwd()).absolute()

    # Remedies

    def pip_install(self, requirement: str) -> str:
        """Return what installs a requirement here."""
        if self.shell is not None:
            return f'%pip install -U "{requirement}"  # then restart the kernel'
        return f'{shlex.quote(sys.executable)} -m pip install -U "{requirement}"'

    def shell_command(self, line: str) -> str:
        """Return what runs a command line here."""
        return line if self.shell is None else f"!{line}"

    def verb(self, words: str) -> str:
        """Return what runs a verb here."""
        return f"wandb-magic {words}" if self.shell is None else f"%wandb_sweep {words}"

    def unset_variables(self, *names: str) -> str:
        """Return what removes environment variables here."""
        if self.shell is None:
            return f"unset {' '.join(names)}"
        gone = "; ".join(f'os.environ.pop("{name}", None)' for name in names)
        return f"import os; {gone}"

    def set_variable(self, name: str, value: str) -> str:
        """Return what sets an environment variable here."""
        return f"export {name}={value}" if self.shell is None else f"%env {name}={value}"
