"""Reads which settings the imported wandb has loaded.

Only this module of the doctor depends on wandb's internals: the object behind ``wandb.setup()``,
which keeps the environment from which its settings were made. Nothing is imported; without wandb
there are no settings.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping


def settings_environment() -> Mapping[str, str] | None:
    """Return the environment variables from which wandb made its settings.

    None if wandb is not imported, or has not made its settings yet.
    """
    setup = sys.modules.get("wandb.sdk.wandb_setup")
    singleton = getattr(setup, "_singleton", None)
    if singleton is None or getattr(singleton, "_pid", None) != os.getpid():
        return None
    environ = getattr(singleton, "_settings_environ", None)
    return environ if isinstance(environ, Mapping) else None
