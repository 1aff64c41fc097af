"""The account that W&B would use: whether it finds a key, where, and for which server."""

from __future__ import annotations

import netrc
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from wandb_magic.wandb_client.subprocess_client import call

SHORTEST_KEY = 40  # wandb itself refuses shorter keys
OFFLINE_WORDS = frozenset({"offline", "dryrun", "disabled"})


@dataclass(frozen=True)
class Account:
    """The account that wandb would use, and its server.

    Attributes
    ----------
    base_url
        The server's API.
    app_url
        The address of its web pages.
    source
        Where the key was found, as text; "" if there is none.
    key
        The API key; never shown or written.
    entity, project
        The values in W&B's own settings; "" if not set.
    mode
        W&B's own mode.
    """

    base_url: str
    app_url: str
    source: str
    key: str = field(repr=False)
    entity: str
    project: str
    mode: str


def account(environment: Mapping[str, str]) -> Account:
    """Return the account that wandb itself finds with this environment (takes about a second).

    Raises
    ------
    RemoteError
        If wandb cannot determine it.
    """
    return Account(**call({"command": "account"}, environment))


def has_credentials(environment: Mapping[str, str]) -> bool:
    """Return quickly whether wandb might find a key, so that `account` is worth calling.

    Users who never logged in do not pay for starting a process.
    """
    if environment.get("WANDB_API_KEY") or environment.get("WANDB_IDENTITY_TOKEN_FILE"):
        return True
    return any(len(password) >= SHORTEST_KEY for password in _netrc_keys(environment))


def _netrc_keys(environment: Mapping[str, str]) -> list[str]:
    home = Path(environment.get("HOME") or Path.home())
    netrc_path = environment.get("NETRC")
    paths = [Path(netrc_path).expanduser()] if netrc_path else [home / ".netrc", home / "_netrc"]
    for path in paths:
        if not os.access(path, os.R_OK):
            continue
        try:
            hosts = netrc.netrc(path).hosts
        except (netrc.NetrcParseError, OSError):
            continue
        return [password for _, _, password in hosts.values() if password]
    return []
