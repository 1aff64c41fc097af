"""Continues an offline sweep online, as the W&B sweep to which its runs were sent.

The server then chooses the parameters. The runs that were sent belong to the same sweep, so the
server learns from them. On this machine, the offline sweep is not changed, and the online sweep
has its own folder.
"""

from __future__ import annotations

import shutil
from contextlib import closing
from dataclasses import dataclass, replace

from wandb_magic import registry
from wandb_magic.api._control import send_request
from wandb_magic.api._launch import launch
from wandb_magic.api._options import LaunchOptions
from wandb_magic.api._reader import SweepReader
from wandb_magic.api._sync import sync
from wandb_magic.api._trust import authorize
from wandb_magic.bundle import CaptureSummary
from wandb_magic.errors import SweepStateError
from wandb_magic.paths import SweepPaths, make_folder
from wandb_magic.spec import load
from wandb_magic.store import StoreReader
from wandb_magic.wandb_client import RemoteSweep, WandbClient, account, get_sweep, set_state


def go_online(sweep: SweepReader, count: int | None = None, *, trust: bool = False) -> SweepPaths:
    """Send an offline sweep to W&B, and continue it there.

    Parameters
    ----------
    sweep
        An offline sweep that has ended.
    count
        How many more runs to start; the rest of its budget by default.
    trust
        Whether the user vouches for code that comes from elsewhere.

    Returns
    -------
    SweepPaths
        The paths of the online sweep.

    Raises
    ------
    SweepStateError
        If it is already online, is still running, or has used its budget.
    RemoteError
        If the server cannot be reached, or refuses the sweep.
    UntrustedError
        If its code was not written by this user.
    """
    status = sweep.status()
    record = status.sweep
    if record.mode == "online":
        raise SweepStateError(f"sweep {sweep.id} is already online: resume() continues it")
    if not record.state.has_ended:
        raise SweepStateError(f"sweep {sweep.id} is {status.state}: stop it before it goes online")
    remaining = None if record.budget is None else record.budget - status.ended
    more = count if count is not None else remaining
    if more is not None and more < 1:
        raise SweepStateError(
            f"sweep {sweep.id} has used its budget of {record.budget} runs: pass --count to add "
            "more"
        )
    paths = SweepPaths(sweep.path)
    _, manifest = authorize(paths, record.spec, trust=trust)
    target = sync(paths, record, None, None, once=False).wait().state.target
    environment = manifest.launch_environment()
    who = account(environment)
    environment["WANDB_BASE_URL"] = who.base_url
    client = WandbClient(who.base_url, who.key, who.source)
    try:
        set_state(client, target.entity, target.project, target.id, "RUNNING")
    finally:
        client.close()
    entry = registry.find_available(target.id)
    if entry is not None:
        _continue(entry.paths, more)
        return entry.paths
    remote = get_sweep(target.path, environment)
    settings = LaunchOptions(
        count=more,
        agents=record.agents,
        name=record.name if record.name != record.id else None,
        project=target.project,
        entity=target.entity,
        mode="online",
        options=replace(record.options, priors=(), repeat=1),
        env=None,
    )
    notice = f"continues the offline sweep {sweep.id}, whose runs are at the server"
    if record.options.repeat > 1:
        notice += ", without repeats, which W&B's server does not know"
    source = _OfflineSweep(paths, remote)
    online, _ = launch(load(record.spec), settings, environment, source, notice)
    return online


@dataclass(frozen=True)
class _OfflineSweep:
    """The source of an online sweep that continues an offline one."""

    paths: SweepPaths
    remote: RemoteSweep

    def write_bundle(self, staging: SweepPaths) -> CaptureSummary:
        make_folder(staging.folder)
        shutil.copytree(self.paths.bundle, staging.bundle)
        return CaptureSummary(())

    def create_remote(self) -> RemoteSweep:
        return self.remote


def _continue(paths: SweepPaths, more: int | None) -> None:
    """Continue an online sweep that this machine has, with `more` runs."""
    online = SweepReader(paths)
    with closing(StoreReader(paths.store)) as reader:
        if more is not None:
            count = online.status().ended + more
            send_request(paths, reader, "set_count", {"count": count})
        send_request(paths, reader, "resume", {})
