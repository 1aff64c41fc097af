"""Whether the panel can be seen: installed, enabled and loaded where the Jupyter server runs.

That may be another environment than the kernel's. Sweeps run without the panel, so what is
missing here is never a problem.
"""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from wandb_magic.doctor.diagnostics import Diagnostic, note, ok
from wandb_magic.doctor.environment import Environment
from wandb_magic.doctor.extension_info import (
    LAB_EXTENSION,
    PACKAGE,
    SERVER_EXTENSION,
    extension_info,
)
from wandb_magic.doctor.servers import Server, extension_info_of, servers_of
from wandb_magic.doctor.versions import release
from wandb_magic.version import __version__

SAFE_SERVER = (2, 18, 0)  # the first without CVE-2026-40934
RESTART = "# then end the Jupyter server, and start it again"


def check(env: Environment) -> Iterator[Diagnostic]:
    """Yield what stands between each server and its panel."""
    servers = servers_of(env)
    for server in servers:
        yield from _server_diagnostics(env, server)
    if not servers and env.kernel is not None:
        yield ok("this kernel belongs to no Jupyter server here: sweeps are shown under the cell")
    elif not servers:
        yield ok("no Jupyter server of this user is running")
        here = extension_info()
        yield from _vulnerability(env, {**here, "python": sys.executable})
        if here["lab"]:
            yield from _extension_diagnostics(env, {**here, "python": sys.executable})


def _server_diagnostics(env: Environment, server: Server) -> Iterator[Diagnostic]:
    there = extension_info_of(server)
    loaded = server.is_extension_loaded()
    if there is None:
        if loaded:
            yield ok(f"the server at {server.url} has loaded the extension")
        else:
            yield note(
                f"the environment of the server at {server.url} cannot be looked into",
                env.shell_command("jupyter labextension list"),
            )
        return
    yield from _vulnerability(env, there)
    faults = list(_extension_diagnostics(env, there))
    if loaded is False and all(not fault.remedy for fault in faults):
        yield note(
            f"the server at {server.url} has not loaded the panel's extension: it was started "
            "before that was installed, or told to leave it out",
            RESTART.replace("then ", ""),
        )
    yield from faults
    if Path(there["prefix"]).resolve() == Path(sys.prefix).resolve():
        yield ok("the kernel and its server share one environment")
        return
    text = f"the kernel's environment is {sys.prefix}, the server's is {there['prefix']}"
    if there["version"] in ("", __version__):
        yield ok(text)
    else:
        yield note(
            f"{text}, and wandb-magic is {__version__} here but {there['version']} there",
            f"{_pip(env, there)} -U {PACKAGE}=={__version__}  {RESTART}",
        )


def _vulnerability(env: Environment, info: Mapping[str, Any]) -> Iterator[Diagnostic]:
    installed = str(info.get("server") or "")
    if installed and release(installed) < SAFE_SERVER:
        safe = ".".join(map(str, SAFE_SERVER))
        yield note(
            f"jupyter_server {installed} has a known security hole (CVE-2026-40934), which {safe} "
            "closes",
            f'{_pip(env, info)} -U "jupyter_server>={safe}"  {RESTART}',
        )


def _extension_diagnostics(env: Environment, info: Mapping[str, Any]) -> Iterator[Diagnostic]:
    python = shlex.quote(info["python"])
    where = f"where Jupyter runs ({info['prefix']})"
    if not info["version"]:
        yield note(
            f"there is no panel: wandb-magic is not installed {where}",
            f"{_pip(env, info)} {PACKAGE}  {RESTART}",
        )
    elif not info["front_end"]:
        yield note(
            f"there is no panel: the front end of wandb-magic is not installed {where}",
            f"{_pip(env, info)} --force-reinstall --no-deps {PACKAGE}  {RESTART}",
        )
    elif info["disabled"]:
        yield note(
            f"there is no panel: JupyterLab is told to leave it out {where}",
            env.shell_command(f"{python} -m jupyter labextension enable {LAB_EXTENSION}")
            + "  # then reload the page",
        )
    elif not info["enabled"]:
        yield note(
            f"the panel cannot reach sweeps: its server extension is not enabled {where}",
            env.shell_command(f"{python} -m jupyter server extension enable {SERVER_EXTENSION}")
            + f"  {RESTART}",
        )
    else:
        yield ok(f"the panel is installed and enabled {where}")


def _pip(env: Environment, info: Mapping[str, Any]) -> str:
    return env.shell_command(f"{shlex.quote(info['python'])} -m pip install")
