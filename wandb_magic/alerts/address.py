"""Where alerts are sent to: a secret, which is read when it is needed, and kept nowhere.

It comes from the environment, or from a private file in Jupyter's data folder.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

from wandb_magic.alert_rules import ADDRESS_VARIABLE
from wandb_magic.paths import user_data_dir

_TIMEOUT_S = 15.0


class SendError(Exception):
    """An alert could not be sent; the message says why, without the address."""


def address_path() -> Path:
    """Return the path of the file that may hold the address."""
    return user_data_dir() / "notify"


def read_address(environment: Mapping[str, str]) -> str:
    """Return the address; "" if there is none.

    Raises
    ------
    SendError
        If others can read the file that holds it.
    """
    if address := environment.get(ADDRESS_VARIABLE, "").strip():
        return address
    try:
        file = os.open(address_path(), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return ""
    with os.fdopen(file, "rb") as stream:
        status = os.fstat(file)
        if not stat.S_ISREG(status.st_mode) or status.st_uid != os.geteuid():
            return ""
        if status.st_mode & 0o077:
            raise SendError(f"others can read {address_path()}: chmod 600 {address_path()}")
        return stream.read(10_000).decode("utf-8", "replace").strip()


def require_address(environment: Mapping[str, str]) -> str:
    """Return the address; see `read_address`.

    Raises
    ------
    SendError
        If there is none.
    """
    address = read_address(environment)
    if not address:
        raise SendError(f"there is no address: set {ADDRESS_VARIABLE}")
    return address


def send(address: str, title: str, text: str) -> None:
    """Send an alert.

    Parameters
    ----------
    address
        One or several addresses, separated by spaces: any of apprise's, or a web address, which
        receives a POST with JSON.
    title, text
        The alert.

    Raises
    ------
    SendError
        If it could not be delivered.
    """
    if find_spec("apprise") is not None:
        _send_by_apprise(address, title, text)
        return
    import requests  # noqa: PLC0415 - rarely needed

    for each in address.split():
        if not each.startswith(("http://", "https://")):
            raise SendError("this address needs apprise: pip install 'wandb-magic[notify]'")
        try:
            answer = requests.post(each, json={"title": title, "text": text}, timeout=_TIMEOUT_S)
        except requests.RequestException as error:
            raise SendError(f"the receiver cannot be reached ({type(error).__name__})") from None
        if not answer.ok:
            raise SendError(f"the receiver answers with status {answer.status_code}")


def _send_by_apprise(address: str, title: str, text: str) -> None:
    import apprise  # noqa: PLC0415 - an extra

    # Its own form of a plain web address, so that the same address works with and without it.
    addresses = [
        f"json{each.removeprefix('http')}" if each.startswith(("http://", "https://")) else each
        for each in address.split()
    ]
    receivers = apprise.Apprise()
    if not receivers.add(addresses):
        raise SendError("apprise does not know this kind of address")
    if not receivers.notify(title=title, body=text):
        raise SendError("apprise could not deliver it")
