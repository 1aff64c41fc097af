"""Starts Python processes of this package, so that they import this same package.

By default they start in a neutral folder, because Python would import modules from the folder in
which it starts; relative folders in the environment are made absolute first.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from wandb_magic.paths import START_DIR

NEUTRAL_DIR = "/"
"""The folder in which processes of this package start."""

# Variables with the path of a folder or file of the user's.
_PATH_VARIABLES = (
    *("JUPYTER_DATA_DIR", "JUPYTER_CONFIG_DIR", "NETRC", "WANDB_CACHE_DIR", "WANDB_CONFIG_DIR"),
    *(
        "WANDB_DATA_DIR",
        "WANDB_MAGIC_LEASES",
        "XDG_CACHE_HOME",
        "XDG_CONFIG_HOME",
        "XDG_STATE_HOME",
    ),
)


def module_process(
    *module: str,
    environment: Mapping[str, str],
    executable: str = "",
    working_dir: str | None = NEUTRAL_DIR,
) -> dict[str, Any]:
    """Return the arguments with which `subprocess.Popen` starts a module of this package.

    Parameters
    ----------
    module
        The module and its arguments, as after ``python -m``.
    environment
        The environment that it inherits.
    executable
        The Python that executes it; the present one if there is no such file.
    working_dir
        The folder in which it starts; None for this process's working directory, where wandb looks
        for its settings.
    """
    python = executable if os.access(executable, os.X_OK) else sys.executable
    return {
        "args": [python, "-m", *module],
        "cwd": working_dir,
        "env": _with_absolute_paths(_with_package_path(environment)),
    }


def _with_absolute_paths(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the environment with absolute folders, valid wherever a process starts."""
    relative = {
        name: str(Path(START_DIR if name.startswith("JUPYTER_") else Path.cwd(), value))
        for name in _PATH_VARIABLES
        if (value := environment.get(name)) and not value.startswith("~")
    }
    return {**environment, **relative}


def _with_package_path(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the environment, with this package on the path wherever it was imported from."""
    package = str(Path(__file__).parents[1])
    entries = environment.get("PYTHONPATH", "").split(os.pathsep)
    inherited = [entry for entry in entries if entry and entry != package]
    installed = any(package == os.path.realpath(entry) for entry in _site_packages())
    path = inherited if installed else [*inherited, package]
    return {**environment, "PYTHONPATH": os.pathsep.join(path)} if path else dict(environment)


def _site_packages() -> list[str]:
    return [entry for entry in sys.path if Path(entry).name == "site-packages"]
