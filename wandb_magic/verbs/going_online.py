"""Letting an offline sweep go on online, as the real sweep that its runs were sent to.

The server then chooses the parameters, and all runs that it was sent are runs of the same sweep:
it learns from them. Here the offline sweep stays as it is, and the online one has a folder of its
own.
"""

from __future__ import annotations

import os
import shutil
from contextlib import closing
from dataclasses import dataclass, replace

from wandb_magic import index
from wandb_magic.bundle import Contents
from wandb_magic.bundle.manifest import inherited
from wandb_magic.errors import SweepStateError
from wandb_magic.paths import SweepPaths, make_folder
from wandb_magic.remote import Client, RemoteSweep, account, find, set_state
from wandb_magic.spec import load
from wandb_magic.store import StoreReader
from wandb_magic.verbs.asking import ask
from wandb_magic.verbs.launching import launch
from wandb_magic.verbs.results import Results
from wandb_magic.verbs.settings import Settings
from wandb_magic.verbs.syncing import sync
from wandb_magic.verbs.trusting import authorize


def go_online(sweep: Results, count: int | None = None, *, trust: bool = False) -> SweepPaths:
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
    SweepPaths
        The paths of the online sweep.

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
    target = sync(paths, record, None, None, once=False).wait().state.target
    environment = {**manifest.environment, **inherited(os.environ)}
    who = account(environment)
    environment["WANDB_BASE_URL"] = who.base_url
    client = Client(who.base_url, who.key, who.source)
    try:
        set_state(client, target.entity, target.project, target.id, "RUNNING")
    finally:
        client.close()
    online = next((entry.paths for entry in index.present() if entry.id == target.id), None)
    if online is not None:
        _continue(online, more)
        return online
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
    notice = f"it goes on from the offline sweep {sweep.id}, whose runs the server has"
    source = _OfflineSweep(paths, found)
    online, _ = launch(load(record.spec), settings, environment, source, notice)
    return online


@dataclass(frozen=True)
class _OfflineSweep:
    """The source of an online sweep that goes on from an offline one."""

    paths: SweepPaths
    remote: RemoteSweep

    def write_bundle(self, staging: SweepPaths) -> Contents:
        make_folder(staging.folder)
        shutil.copytree(self.paths.bundle, staging.bundle)
        return Contents(())

    def create_remote(self) -> RemoteSweep:
        return self.remote


def _continue(paths: SweepPaths, more: int | None) -> None:
    """Let an online sweep that this machine has go on, with `more` runs."""
    online = Results(paths)
    with closing(StoreReader(paths.store)) as reader:
        if more is not None:
            count = online.status().ended + more
            ask(paths, reader, "set_count", {"count": count}, revive=True)
        ask(paths, reader, "resume", {}, revive=True)
