"""Addresses of Dask clusters: ``dask://host:port``, ``tcp://host:port`` and ``tls://host:port``.

This module imports `distributed` only when it is needed, because it is an extra.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from importlib.util import find_spec
from urllib.parse import urlsplit

from wandb_magic.arguments import ArgumentError, brief
from wandb_magic.launchers.plugin import SweepContext
from wandb_magic.runner.events import RunnerEvent
from wandb_magic.runner.launcher import Launcher

DEFAULT_PORT = 8786
CONNECT_TIMEOUT_S = 5.0


class DaskPlugin:
    """Executes runs on a Dask cluster; see `wandb_magic.launchers.plugin.LauncherPlugin`."""

    @staticmethod
    def check(address: str) -> None:
        """Check that `distributed` is installed, and that something answers at the address."""
        host, port = _host_and_port(address)
        _require_distributed()
        try:
            socket.create_connection((host, port), CONNECT_TIMEOUT_S).close()
        except OSError as error:
            raise ArgumentError(
                f"launcher: no Dask scheduler answers at {address} ({error.strerror or error}): "
                "check the address, and that the scheduler is running"
            ) from error

    @staticmethod
    def create(
        address: str, context: SweepContext, emit: Callable[[RunnerEvent], None]
    ) -> Launcher:
        """Return the launcher."""
        _require_distributed()
        from wandb_magic.launchers.dask_launcher import DaskLauncher  # noqa: PLC0415 - an extra

        host, port = _host_and_port(address)
        scheme = "tls" if address.startswith("tls:") else "tcp"
        name = f"[{host}]" if ":" in host else host
        return DaskLauncher(f"{scheme}://{name}:{port}", context, emit)


def _host_and_port(address: str) -> tuple[str, int]:
    parts = urlsplit(address)
    try:
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if not host or parts.path.strip("/") or parts.query or parts.username:
        raise ArgumentError(
            f"launcher: {brief(address)} is not the address of a Dask scheduler: write it as "
            "dask://host:8786"
        )
    return host, port or DEFAULT_PORT


def _require_distributed() -> None:
    if find_spec("distributed") is None:
        raise ArgumentError(
            "launcher: Dask clusters need the package distributed: pip install distributed, here "
            "and on the workers"
        )
