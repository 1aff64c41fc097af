"""Resolves the mode, online or offline, from the option, W&B's settings and the API key."""

from __future__ import annotations

from collections.abc import Mapping

from wandb_magic.errors import RemoteError
from wandb_magic.wandb_client import Account, account, has_credentials
from wandb_magic.wandb_client.account import OFFLINE_WORDS

MODE_HINT = "--mode online or offline decides otherwise"


def resolve_mode(mode: str, environment: Mapping[str, str]) -> tuple[Account | None, str]:
    """Return the account of an online sweep (None for an offline one), and the reason in one line.

    Parameters
    ----------
    mode
        ``auto``, ``online`` or ``offline``.
    environment
        The environment of the sweep's runs.

    Raises
    ------
    RemoteError
        If the sweep must be online, but there is no key.
    """
    if mode == "auto" and environment.get("WANDB_MODE") == "online":
        mode = "online"
    if mode == "offline":
        return None, ""
    wandb_account, reason = _find_account(mode, environment)
    if mode == "online":
        if wandb_account is None:
            raise RemoteError(
                f"mode: online is unavailable, because {reason}: run `wandb login` or set "
                "WANDB_API_KEY, or use --mode offline"
            )
        return wandb_account, ""
    return (
        wandb_account,
        f"{'offline' if wandb_account is None else 'online'}, because {reason} ({MODE_HINT})",
    )


def _find_account(mode: str, environment: Mapping[str, str]) -> tuple[Account | None, str]:
    """Return the account, None for an offline sweep; and the reason."""
    wandb_mode = environment.get("WANDB_MODE", "")
    if mode == "auto" and wandb_mode in OFFLINE_WORDS:
        return None, f"WANDB_MODE is {wandb_mode}"
    if not has_credentials(environment):
        return None, "W&B finds no API key"
    wandb_account = account(environment)
    if mode == "auto" and wandb_account.mode in OFFLINE_WORDS:
        return None, f"W&B's settings say {wandb_account.mode}"
    if not wandb_account.key:
        return None, f"W&B finds no API key for {wandb_account.base_url}"
    return wandb_account, f"W&B finds an API key for {wandb_account.base_url}"
