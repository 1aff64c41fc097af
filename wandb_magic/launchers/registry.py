"""Finds launchers by the scheme of an address: our own, and those of other packages."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from wandb_magic.arguments import ArgumentError, brief
from wandb_magic.launchers.batch_systems import SYSTEMS, batch_address
from wandb_magic.launchers.plugin import LauncherPlugin, SweepContext
from wandb_magic.launchers.target import LaunchTarget
from wandb_magic.runner.events import RunnerEvent
from wandb_magic.runner.launcher import Launcher

GROUP = "wandb_magic.launchers"
"""The group of entry points with which a package adds launchers."""

_OWN = {
    **{
        scheme: EntryPoint(scheme, "wandb_magic.launchers.dask:DaskPlugin", GROUP)
        for scheme in ("dask", "tcp", "tls")
    },
    **{
        scheme: EntryPoint(scheme, "wandb_magic.launchers.jobqueue:JobQueuePlugin", GROUP)
        for scheme in SYSTEMS
    },
}


def check_launcher(address: object) -> None:
    """Check the address of a launcher; see `LauncherPlugin.check`.

    Raises
    ------
    ArgumentError
        If no launcher has its scheme, or the launcher refuses it.
    """
    if not isinstance(address, str) or "://" not in address:
        raise ArgumentError(
            f"launcher: {brief(address)} is not an address: write one such as dask://host:8786, "
            f"the name of a batch system ({', '.join(sorted(SYSTEMS))}), or pass a "
            "distributed.Client"
        )
    _plugin(address).check(address)


def create_launcher(
    target: LaunchTarget, context: SweepContext, emit: Callable[[RunnerEvent], None]
) -> Launcher:
    """Return the launcher of an address; see `LauncherPlugin.create`.

    Raises
    ------
    ArgumentError
        If no launcher has its scheme, or a package is missing.
    """
    return _plugin(target.address).create(target.address, context, emit)


def resolve_client(
    launcher: object, options: Mapping[str, object] | str | None = None
) -> tuple[object, dict[str, str]]:
    """Return the address of a launcher, and the variables with which a supervisor reaches it.

    Parameters
    ----------
    launcher
        An address; or a Dask cluster or its client, whose address and certificates are used; or
        the name of a batch system.
    options
        The options of the batch system.

    Raises
    ------
    ArgumentError
        If the options are malformed, or the launcher has none.
    """
    if launcher in SYSTEMS:
        return batch_address(str(launcher), options), {}
    if options:
        raise ArgumentError(
            f"launcher_options: only batch systems have options: {', '.join(sorted(SYSTEMS))}"
        )
    modules = {base.__module__.partition(".")[0] for base in type(launcher).__mro__}
    if "distributed" not in modules:
        return launcher, {}
    from wandb_magic.launchers.dask_client import client_target  # noqa: PLC0415 - rarely needed

    return client_target(launcher)


def _plugin(address: str) -> LauncherPlugin:
    scheme = address.partition("://")[0]
    found = {**{each.name: each for each in entry_points(group=GROUP)}, **_OWN}
    if scheme not in found:
        raise ArgumentError(
            f"launcher: there is no launcher for {scheme}://; there are "
            f"{', '.join(f'{name}://' for name in sorted(found))}"
        )
    try:
        plugin: Any = found[scheme].load()
    except Exception as error:
        raise ArgumentError(
            f"launcher: the launcher for {scheme}:// cannot be loaded "
            f"({type(error).__name__}: {error}): update or remove the package that has it"
        ) from error
    checked: LauncherPlugin = plugin
    return checked
