"""Running agents for a sweep that exists at the W&B server, made anywhere, by anybody.

Here it has a folder of its own, as every sweep has; what is asked of it here concerns the agents
of this machine. Several machines can serve one sweep.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from wandb_magic import index
from wandb_magic.bundle import Manifest
from wandb_magic.detach import supervised
from wandb_magic.errors import SweepNotFoundError, SweepStateError
from wandb_magic.paths import SweepPaths
from wandb_magic.remote import find, in_remote_form, login_is_likely
from wandb_magic.spec import Spec, load, understood
from wandb_magic.verbs import folder
from wandb_magic.verbs.checking import check, check_end
from wandb_magic.verbs.finding import attach
from wandb_magic.verbs.handle import Sweep
from wandb_magic.verbs.settings import Code, Settings
from wandb_magic.verbs.starting import environment_of, launch
from wandb_magic.verbs.status import Status


def names_a_sweep(config: Mapping[str, Any] | str | os.PathLike[str]) -> bool:
    """Tell whether what was given instead of a config names a sweep."""
    return isinstance(config, str) and in_remote_form(config) and not Path(config).exists()


def serve(sweep: str, code: Code, settings: Settings) -> Sweep:
    """Run agents for a sweep.

    Parameters
    ----------
    sweep
        Its id, ``entity/project/id``, or the address of its page.
    code
        What its runs execute; the sweep's own ``program`` if there is none.
    settings
        How; `count` says how many more runs to start here.

    Raises
    ------
    SweepStateError
        If it is running here already.
    SweepNotFoundError
        If there is none here, and no API key to look for it at W&B.
    RemoteError
        If the server cannot be reached, or has no such sweep.
    """
    known = _here(sweep)
    if known is not None:
        return _go_on(known, code, settings)
    environment = environment_of(settings)
    if not login_is_likely(environment):
        raise SweepNotFoundError(
            f"there is no sweep {sweep!r} here, and W&B finds no API key to look for it there: "
            "run `wandb login` or set WANDB_API_KEY"
        )
    found = find(sweep, environment, entity=settings.entity or "", project=settings.project or "")
    environment["WANDB_BASE_URL"] = found.base_url
    spec = _spec(found.config, code)
    check(spec, code, settings, elsewhere=True)
    settings = replace(settings, options=replace(settings.options, attached=True))
    return launch(
        spec,
        settings,
        environment,
        lambda staging: folder.write_bundle(staging, code, environment),
        lambda: found,
        "",
    )


def _here(sweep: str) -> Sweep | None:
    wanted = sweep.rstrip("/").partition("?")[0].rpartition("/")[2]
    if not any(entry.id == wanted for entry in index.entries()):
        return None
    known = attach(wanted)
    return None if known.status().sweep.options.copied else known


def _go_on(sweep: Sweep, code: Code, settings: Settings) -> Sweep:
    """Run more of a sweep that this machine knows; with other code, if that is given."""
    has_code = code.cell is not None or code.function is not None
    status = sweep.status()
    budget = _budget(status, settings)
    if has_code:
        if supervised(SweepPaths(sweep.path)):
            raise SweepStateError(
                f"sweep {sweep.id} is running here: stop it to run it with other code, or give it "
                f"more agents with %wandb_sweep set-agents {sweep.id} N"
            )
        _replace_bundle(SweepPaths(sweep.path), code, environment_of(settings))
    if budget != status.sweep.budget:
        sweep.set_count(budget)
    sweep.resume()
    if settings.agents > status.sweep.agents:
        sweep.set_agents(settings.agents)
    return sweep


def _budget(status: Status, settings: Settings) -> int | None:
    """Return how many runs there are to be in all, with `settings.count` more of them."""
    record = status.sweep
    if settings.count is None:
        if record.options.attached:
            return None
        if record.budget is None and record.mode == "offline":
            check_end(load(record.spec), settings)
        return record.budget
    more = status.ended + settings.count
    cap = None if record.options.attached else record.spec.get("run_cap")
    return more if cap is None else min(more, cap)


def _replace_bundle(paths: SweepPaths, code: Code, environment: dict[str, str]) -> None:
    # The server that the sweep is at stays the same.
    base_url = Manifest.read(paths.bundle).environment.get("WANDB_BASE_URL")
    if base_url:
        environment = {**environment, "WANDB_BASE_URL": base_url}
    staging = folder.staged()
    try:
        folder.write_bundle(staging, code, environment)
        shutil.rmtree(paths.bundle)
        staging.bundle.rename(paths.bundle)
    finally:
        shutil.rmtree(staging.folder, ignore_errors=True)


def _spec(config: Mapping[str, Any], code: Code) -> Spec:
    """Return what the server's config says; code that is given wins over its program."""
    given = dict(config)
    if code.cell is not None or code.function is not None:
        given.pop("program", None)
        given.pop("command", None)
    return understood(given)
