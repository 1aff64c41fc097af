"""Online or offline: what was asked for, what W&B's own settings say, and whether it has a key."""

from __future__ import annotations

from collections.abc import Mapping

from wandb_magic.errors import RemoteError
from wandb_magic.wandb_client import Account, account, has_credentials
from wandb_magic.wandb_client.account import OFFLINE_WORDS

MODE_HINT = "--mode online or offline decides otherwise"


def resolve_mode(mode: str, environment: Mapping[str, str]) -> tuple[Account | None, str]:
    """Return the account of an online sweep, None for an offline one, and one line that says why.

    Parameters
    ----------
    mode
        ``auto``, ``online`` or ``offline``.
    environment
        The environment of the sweep's runs.

    Raises
    ------
    RemoteError
        If the sweep has to be online, and there is no key.
    """
    if mode == "auto" and environment.get("WANDB_MODE") == "online":
        mode = "online"
    if mode == "offline":
        return None, ""
    who, why = _find_account(mode, environment)
    if mode == "online":
        if who is None:
            raise RemoteError(
                f"mode: online cannot be had, because {why}: run `wandb login` or set "
                "WANDB_API_KEY, or use --mode offline"
            )
        return who, ""
    return who, f"{'offline' if who is None else 'online'}, because {why} ({MODE_HINT})"


def _find_account(mode: str, environment: Mapping[str, str]) -> tuple[Account | None, str]:
    """Return the account, None if the sweep is to be offline; and why."""
    word = environment.get("WANDB_MODE", "")
    if mode == "auto" and word in OFFLINE_WORDS:
        return None, f"WANDB_MODE is {word}"
    if not has_credentials(environment):
        return None, "W&B finds no API key"
    who = account(environment)
    if mode == "auto" and who.mode in OFFLINE_WORDS:
        return None, f"W&B's settings say {who.mode}"
    if not who.key:
        return None, f"W&B finds no API key for {who.base_url}"
    return who, f"W&B finds an API key for {who.base_url}"
