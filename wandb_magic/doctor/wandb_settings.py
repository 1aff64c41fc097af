"""What the wandb that this process has imported has read so far.

The one module here that knows wandb's insides: the object behind ``wandb.setup()``, which keeps
the environment that its settings were made from. Nothing is imported; without wandb there is
nothing to tell.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping


def settings_environment() -> Mapping[str, str] | None:
    """Return the environment variables that wandb's settings were made from.

    None if wandb is not imported, or has made no settings yet: then it will read them.
    """
    setup = sys.modules.get("wandb.sdk.wandb_setup")
    made = getattr(setup, "_singleton", None)
    if made is None or getattr(made, "_pid", None) != os.getpid():
        return None
    read = getattr(made, "_settings_environ", None)
    return read if isinstance(read, Mapping) else None
