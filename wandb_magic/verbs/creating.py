"""The drop-in for ``wandb.sweep``: a sweep is made, and nothing is run of it yet.

Here it has a folder of its own like any other, without code: whoever runs it brings that, or its
spec names a program. What makes and runs a sweep in one step is `starting`.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from typing import Any

from wandb_magic.records import Options
from wandb_magic.verbs.settings import Code, Settings
from wandb_magic.verbs.starting import start_code


def sweep(
    sweep: Mapping[str, Any] | str | os.PathLike[str],
    entity: str | None = None,
    project: str | None = None,
    *,
    mode: str = "auto",
    seed: int | None = None,
) -> str:
    """Make a sweep as ``wandb.sweep`` would, and return its id.

    `agent`, ``%%wandb_sweep ID`` and ``wandb-magic run ID`` run it; online ``wandb.agent`` and
    ``wandb agent`` do, too.

    Parameters
    ----------
    sweep
        A W&B sweep config: a mapping, a YAML file, or YAML text.
    entity, project
        Where it belongs, as in ``wandb.sweep``.
    mode
        ``offline``, ``online``, or ``auto``: online if W&B finds an API key, and ``WANDB_MODE``
        does not say otherwise.
    seed
        Makes the search, and the global generators of each run, repeatable.

    Raises
    ------
    SpecError
        If the config is wrong.
    RemoteError
        If the sweep is to be online, and the W&B server cannot be reached or says no.
    """
    options = Options(seed=secrets.randbits(31) if seed is None else seed)
    settings = Settings(None, 1, None, project, entity, mode, options, None, idle=True)
    return str(start_code(sweep, Code(), settings).id)
