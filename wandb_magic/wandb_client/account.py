"""Whether W&B would find a key, where, and which server it is for."""

from __future__ import annotations

import netrc
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from wandb_magic.wandb_client.subprocess_client import call

SHORTEST_KEY = 40  # what wandb itself refuses if it is shorter
OFFLINE_WORDS = frozenset({"offline", "dryrun", "disabled"})


@dataclass(frozen=True)
class Account:
    """Who wandb would be, and at which server.

    Attributes
    ----------
    base_url
        The server's API.
    app_url
        Its pages.
    source
        Where the key was found, in words; "" if there is none.
    key
        The API key; never shown or written.
    entity, project
        What W&B's own settings say, "" if nothing.
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
    """Return what wandb itself finds, in a process with this environment (about a second).

    Raises
    ------
    RemoteError
        If wandb cannot say.
    """
    return Account(**call({"deed": "account"}, environment))


def has_credentials(environment: Mapping[str, str]) -> bool:
    """Tell, in no time, whether it is worth asking wandb: it may find a key.

    Nobody who never logged in pays for the question.
    """
    if environment.get("WANDB_API_KEY") or environment.get("WANDB_IDENTITY_TOKEN_FILE"):
        return True
    return any(len(password) >= SHORTEST_KEY for password in _netrc_keys(environment))


def _netrc_keys(environment: Mapping[str, str]) -> list[str]:
    home = Path(environment.get("HOME") or Path.home())
    given = environment.get("NETRC")
    places = [Path(given).expanduser()] if given else [home / ".netrc", home / "_netrc"]
    for place in places:
        if not os.access(place, os.R_OK):
            continue
        try:
            hosts = netrc.netrc(place).hosts
        except (netrc.NetrcParseError, OSError):
            continue
        return [password for _, _, password in hosts.values() if password]
    return []
