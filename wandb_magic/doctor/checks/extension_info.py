"""Inspects an environment's installation of the panel.

The source of this module is also executed in the environment of the Jupyter server, where this
package may be missing, so it only imports the standard library and `jupyter_core.paths`.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

PACKAGE, SERVER_EXTENSION, LAB_EXTENSION = "wandb-magic", "wandb_magic", "wandb-magic"


def extension_info() -> dict[str, Any]:
    """Return the state of this environment as a JSON value.

    `version` is that of this package ("" if it is missing), `lab` that of JupyterLab, `prefix` the
    environment's folder, `server` the version of its Jupyter server; `enabled` is whether a server
    that starts here loads the extension, `front_end` the folder of the panel's front end ("" if it
    is missing), and `disabled` whether the panel is disabled in JupyterLab.
    """
    from jupyter_core.paths import (  # noqa: PLC0415 - without Jupyter there is no panel
        jupyter_config_path,
        jupyter_path,
    )

    # Jupyter lists the folder with the highest precedence first.
    folders = [Path(folder) for folder in reversed(jupyter_config_path())]
    lab_folders = [Path(folder) / LAB_EXTENSION for folder in jupyter_path("labextensions")]
    built = [folder for folder in lab_folders if (folder / "package.json").exists()]
    return {
        "version": _version(PACKAGE),
        "lab": _version("jupyterlab"),
        "prefix": sys.prefix,
        "server": _version("jupyter_server"),
        "enabled": _last_setting(_extensions(folders), SERVER_EXTENSION),
        "front_end": str(built[0]) if built else "",
        "disabled": _last_setting(_disabled(folders), LAB_EXTENSION),
    }


def _extensions(folders: list[Path]) -> Iterator[Any]:
    for folder in folders:
        parts = sorted((folder / "jupyter_server_config.d").glob("*.json"))
        for file in (*parts, folder / "jupyter_server_config.json"):
            yield _read(file).get("ServerApp", {}).get("jpserver_extensions", {})


def _disabled(folders: list[Path]) -> Iterator[Any]:
    for folder in folders:
        disabled = _read(folder / "labconfig" / "page_config.json").get("disabledExtensions", {})
        yield dict.fromkeys(disabled, True) if isinstance(disabled, list) else disabled


def _last_setting(settings: Iterator[Any], name: str) -> bool:
    """Return the last setting of `name`."""
    values = [bool(each[name]) for each in settings if name in each]
    return values[-1] if values else False


def _read(file: Path) -> dict[str, Any]:
    try:
        data = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):  # missing, or not readable by Jupyter either
        return {}
    return data if isinstance(data, dict) else {}


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


if __name__ == "__main__":
    sys.stdout.write(json.dumps(extension_info()))
