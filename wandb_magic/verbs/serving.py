"""Running agents for a sweep that exists at the W&B server, made anywhere, by anybody.

Here it has a folder of its own, as every sweep has; what is asked of it here concerns the agents
of this machine. Several machines can serve one sweep.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from wandb_magic import index
from wandb_magic.bundle import Contents, same_code
from wandb_magic.detach import supervised
from wandb_magic.errors import SweepNotFoundError, SweepStateError
from wandb_magic.paths import SweepPaths, locked
from wandb_magic.records import SweepState
from wandb_magic.remote import RemoteSweep, find, in_remote_form, login_is_likely
from wandb_magic.search.grid import size
from wandb_magic.spec import Spec, load, understood
from wandb_magic.verbs import folder
from wandb_magic.verbs.checking import check, check_code, check_end
from wandb_magic.verbs.finding import attach
from wandb_magic.verbs.handle import Sweep
from wandb_magic.verbs.launching import environment_of, launch
from wandb_magic.verbs.settings import Code, Settings
from wandb_magic.verbs.status import Status
from wandb_magic.verbs.trusting import authorized_environment


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
        If it is running other code here, and does not come to an end.
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
    return Sweep(*launch(spec, settings, environment, _RemoteSource(found, code, environment)))


@dataclass(frozen=True)
class _RemoteSource:
    """The source of a sweep that exists at the server."""

    remote: RemoteSweep
    code: Code
    environment: dict[str, str]

    def write_bundle(self, staging: SweepPaths) -> Contents:
        return folder.write_bundle(staging, self.code, self.environment)

    def create_remote(self) -> RemoteSweep:
        return self.remote


def _here(sweep: str) -> Sweep | None:
    wanted = sweep.rstrip("/").partition("?")[0].rpartition("/")[2]
    if not any(entry.id == wanted for entry in index.present()):
        return None
    known = attach(wanted)
    return None if known.status().sweep.options.copied else known


def _go_on(sweep: Sweep, code: Code, settings: Settings) -> Sweep:
    """Run more of a sweep that this machine knows; with other code, if that is given.

    What it was asked to run before, it runs first, with the code that it had: as if each call had
    waited for its runs, which W&B's does.
    """
    check_code(code)
    if code.cell is not None or code.function is not None:
        _budget(sweep.status(), settings)  # what makes no sense is said before anything is frozen
        _give_code(sweep, code, settings)
    with locked(sweep.path):  # each call adds to what the one before it has asked for
        status = sweep.status()
        budget = _budget(status, settings)
        if budget != status.sweep.budget:
            sweep.set_count(budget)
    sweep.resume()
    if settings.agents > status.sweep.agents:
        sweep.set_agents(settings.agents)
    return sweep


def _give_code(sweep: Sweep, code: Code, settings: Settings) -> None:
    """Let the next runs execute `code`; wait for those that are to execute other code.

    Raises
    ------
    SweepStateError
        If the sweep runs other code, and is held up or has no end.
    """
    paths = SweepPaths(sweep.path)
    environment = _at_the_same_server(sweep, environment_of(settings))
    staging = folder.staged()
    try:
        folder.write_bundle(staging, code, environment)
        if supervised(paths):
            if same_code(staging.bundle, paths.bundle):
                return
            _wait_for_other_code(sweep)
        shutil.rmtree(paths.bundle)
        staging.bundle.rename(paths.bundle)
    finally:
        shutil.rmtree(staging.folder, ignore_errors=True)


def _wait_for_other_code(sweep: Sweep) -> None:
    record = sweep.status().sweep
    going_on = record.state in (SweepState.PENDING, SweepState.RUNNING)
    if going_on and record.budget is not None:
        print(  # noqa: T201 - the cell waits, and says why
            f"Sweep {sweep.id} is running other code: waiting until its {record.budget} runs have "
            "ended; an interrupt ends the waiting only."
        )
    if record.budget is not None or not going_on:
        sweep.wait()
    if supervised(SweepPaths(sweep.path)):
        raise SweepStateError(
            f"sweep {sweep.id} is {sweep.state}, with other code: stop it with %wandb_sweep stop "
            f"{sweep.id}, and wait until it has stopped, to run this code"
        )


def _budget(status: Status, settings: Settings) -> int | None:
    """Return how many runs there are to be in all, with `settings.count` more of them."""
    record = status.sweep
    going_on = record.state in (SweepState.PENDING, SweepState.RUNNING) and not status.died
    if going_on and record.budget is None:
        return None
    if settings.count is None:
        if record.options.attached:
            return None
        used_up = record.budget is None or status.ended >= record.budget
        if used_up and not going_on and record.mode == "offline":
            return _natural_end(load(record.spec), settings)
        return record.budget
    asked = record.budget if going_on else None
    more = (status.ended + status.running if asked is None else asked) + settings.count
    cap = None if record.options.attached else record.spec.get("run_cap")
    return more if cap is None else min(more, cap)


def _natural_end(spec: Spec, settings: Settings) -> int:
    """Return after how many runs a search ends by itself."""
    check_end(spec, settings)
    ends = [spec.run_cap, size(spec) if spec.method == "grid" else None]
    return min(end for end in ends if end is not None)


def _at_the_same_server(sweep: Sweep, environment: dict[str, str]) -> dict[str, str]:
    recorded = authorized_environment(SweepPaths(sweep.path), sweep.status().sweep.spec)
    base_url = recorded.get("WANDB_BASE_URL")
    return {**environment, "WANDB_BASE_URL": base_url} if base_url else environment


def _spec(config: Mapping[str, Any], code: Code) -> Spec:
    """Return what the server's config says; code that is given wins over its program."""
    given = dict(config)
    if code.cell is not None or code.function is not None:
        given.pop("program", None)
        given.pop("command", None)
    return understood(given)
