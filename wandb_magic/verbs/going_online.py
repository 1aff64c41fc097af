"""Letting an offline sweep go on online, as the real sweep that its runs were sent to.

The server then chooses the parameters, and all runs that it was sent are runs of the same sweep:
it learns from them. Here the offline sweep stays as it is, and the online one has a folder of its
own.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import replace

from wandb_magic import index
from wandb_magic.bundle import Contents
from wandb_magic.bundle.manifest import inherited
from wandb_magic.errors import SweepStateError
from wandb_magic.paths import SweepPaths, make_folder
from wandb_magic.remote import Client, account, find, set_state
from wandb_magic.spec import load
from wandb_magic.verbs.finding import attach
from wandb_magic.verbs.handle import Sweep
from wandb_magic.verbs.settings import Settings
from wandb_magic.verbs.starting import launch
from wandb_magic.verbs.trusting import authorize


def go_online(sweep: Sweep, count: int | None = None, *, trust: bool = False) -> Sweep:
    """Send what a sweep has, and run more of it as a sweep of the W&B server.

    Parameters
    ----------
    sweep
        An offline sweep that has ended.
    count
        How many more runs to start; what is left of its budget by default.
    trust
        Whether the user answers for code that comes from elsewhere.

    Returns
    -------
    Sweep
        The online sweep.

    Raises
    ------
    SweepStateError
        If it is online already, is still running, or has no budget left.
    RemoteError
        If the server cannot be reached, or says no.
    UntrustedError
        If its code was not written by this user.
    """
    status = sweep.status()
    record = status.sweep
    if record.mode == "online":
        raise SweepStateError(f"sweep {sweep.id} is online already: resume() lets it go on")
    if not record.state.ended:
        raise SweepStateError(f"sweep {sweep.id} is {status.state}: stop it before it goes online")
    left = None if record.budget is None else record.budget - status.ended
    more = count if count is not None else left
    if more is not None and more < 1:
        raise SweepStateError(
            f"sweep {sweep.id} has had all of its {record.budget} runs: say how many more with "
            "--count"
        )
    paths = SweepPaths(sweep.path)
    _, manifest = authorize(paths, record.spec, trust=trust)
    target = sweep.sync().wait().state.target
    environment = {**manifest.environment, **inherited(os.environ)}
    who = account(environment)
    environment["WANDB_BASE_URL"] = who.base_url
    client = Client(who.base_url, who.key, who.source)
    try:
        set_state(client, target.entity, target.project, target.id, "RUNNING")
    finally:
        client.close()
    if any(entry.id == target.id for entry in index.present()):
        known = attach(target.id)
        if more is not None:
            known.set_count(known.status().ended + more)
        return known.resume()
    found = find(target.path, environment)
    settings = Settings(
        count=more,
        agents=record.agents,
        name=record.name if record.name != record.id else None,
        project=target.project,
        entity=target.entity,
        mode="online",
        options=replace(record.options, priors=()),
        env=None,
    )

    def fill(staging: SweepPaths) -> Contents:
        make_folder(staging.folder)
        shutil.copytree(paths.bundle, staging.bundle)
        return Contents(())

    notice = f"it goes on from the offline sweep {sweep.id}, whose runs the server has"
    return launch(load(record.spec), settings, environment, fill, lambda: found, notice)
