"""Resolves ``--launcher NAME``: an address, or a client of a cluster in the user's namespace."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from wandb_magic.commands.parser import UsageError

ANY_CLIENT = "client"


def resolve_launcher(name: str, namespace: Mapping[str, Any]) -> object:
    """Return an address as it is, or the client that a name refers to.

    ``client`` that names no variable is the only client there is.

    Raises
    ------
    UsageError
        If there is no such client, or more than one.
    """
    from wandb_magic.launchers import SYSTEMS  # noqa: PLC0415 - not needed to load the extension

    if "://" in name or name in SYSTEMS:
        return name
    if _is_client(namespace.get(name)):
        return namespace[name]
    if name != ANY_CLIENT:
        raise UsageError(
            f"--launcher {name}: there is no variable {name!r} that holds a distributed.Client: "
            "name one, write an address such as dask://host:8786, or the name of a batch system "
            f"({', '.join(sorted(SYSTEMS))})"
        )
    clients = {id(value): value for value in namespace.values() if _is_client(value)}
    if not clients:
        client = _default_client()
        if client is None:
            raise UsageError(
                "--launcher client: there is no client: create one with distributed.Client(…), or "
                "write an address such as dask://host:8786"
            )
        return client
    if len(clients) > 1:
        names = sorted(key for key, value in namespace.items() if _is_client(value))
        raise UsageError(
            f"--launcher client: there are several clients: name one of {', '.join(names)}"
        )
    return next(iter(clients.values()))


def _is_client(value: object) -> bool:
    # Nothing of a library that was never imported can be in a namespace.
    library: Any = sys.modules.get("distributed")
    return library is not None and isinstance(value, library.Client)


def _default_client() -> object | None:
    library: Any = sys.modules.get("distributed")
    if library is None:
        return None
    try:
        client: object = library.default_client()
    except ValueError:
        return None
    return client
