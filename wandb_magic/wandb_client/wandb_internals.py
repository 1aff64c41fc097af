"""Reads the account from wandb's internals: the key, the server and the address of its pages.

The only module of this package that imports wandb when it is imported; only the child process
does so. A contract test checks it against the oldest and the newest supported wandb.
"""

from __future__ import annotations

import os
from importlib import import_module
from typing import Any

import wandb

from wandb_magic.errors import RemoteError


def account() -> dict[str, Any]:
    """Return the fields of an `Account`."""
    try:
        settings: Any = wandb.setup().settings
    except Exception as error:  # a settings file or variable that wandb refuses
        raise RemoteError(f"wandb refuses its settings: {error}") from error
    key, source = _key(settings)
    util: Any = import_module("wandb.util")
    return {
        "base_url": str(settings.base_url).rstrip("/"),
        "app_url": str(util.app_url(str(settings.base_url))).rstrip("/"),
        "key": key,
        "source": source,
        "entity": settings.entity or "",
        "project": settings.project or "",
        "mode": settings.mode or "online",
    }


def _key(settings: Any) -> tuple[str, str]:  # noqa: ANN401 - differs from version to version
    """Return the key that ``wandb.init`` would use, and where it comes from."""
    try:
        wbauth: Any = import_module("wandb.sdk.lib.wbauth.authenticate")
    except ImportError:
        return _older_key(settings)
    try:
        auth = wbauth.authenticate_session(
            host=settings.base_url, source="wandb_magic", prompt=False, update_session=False
        )
    except Exception as error:  # for example, a malformed key
        raise RemoteError(f"wandb refuses the login: {error}") from error
    if auth is None:
        return "", ""
    key = getattr(auth, "api_key", None)
    if key is None:
        raise RemoteError(
            "wandb is logged in with an identity token, and sweeps need an API key: set "
            "WANDB_API_KEY, or use --mode offline"
        )
    return str(key), _source()


def _older_key(settings: Any) -> tuple[str, str]:  # noqa: ANN401 - as above
    apikey: Any = import_module("wandb.sdk.lib.apikey")
    key = settings.api_key or apikey.api_key(settings)
    return (str(key), _source()) if key else ("", "")


def _source() -> str:
    """Return where the key comes from: wandb itself looks in this order."""
    return "WANDB_API_KEY" if os.environ.get("WANDB_API_KEY") else "wandb login"
