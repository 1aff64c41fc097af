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

from wandb_magic.doctor.findings import Finding, note, ok
from wandb_magic.doctor.installed import LAB_EXTENSION, PACKAGE, SERVER_EXTENSION, look
from wandb_magic.doctor.place import Place
from wandb_magic.doctor.servers import Server, environment_of, servers_of
from wandb_magic.doctor.versions import release
from wandb_magic.version import __version__

SAFE_SERVER = (2, 18, 0)  # the first without CVE-2026-40934
RESTART = "# then end the Jupyter server, and start it again"


def findings(place: Place) -> Iterator[Finding]:
    """Yield what stands between each server and its panel."""
    servers = servers_of(place)
    for server in servers:
        yield from _of_server(place, server)
    if not servers and place.kernel is not None:
        yield ok("this kernel belongs to no Jupyter server here: sweeps are shown under the cell")
    elif not servers:
        yield ok("no Jupyter server of this user is running")
        here = look()
        yield from _unsafe(place, {**here, "python": sys.executable})
        if here["lab"]:
            yield from _of_environment(place, {**here, "python": sys.executable})


def _of_server(place: Place, server: Server) -> Iterator[Finding]:
    there = environment_of(server)
    loaded = server.loaded()
    if there is None:
        if loaded:
            yield ok(f"the server at {server.url} has loaded the extension")
        else:
            yield note(
                f"the environment of the server at {server.url} cannot be looked into",
                place.command("jupyter labextension list"),
            )
        return
    yield from _unsafe(place, there)
    faults = list(_of_environment(place, there))
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
            f"{_pip(place, there)} -U {PACKAGE}=={__version__}  {RESTART}",
        )


def _unsafe(place: Place, there: Mapping[str, Any]) -> Iterator[Finding]:
    installed = str(there.get("server") or "")
    if installed and release(installed) < SAFE_SERVER:
        safe = ".".join(map(str, SAFE_SERVER))
        yield note(
            f"jupyter_server {installed} has a known security hole (CVE-2026-40934), which {safe} "
            "closes",
            f'{_pip(place, there)} -U "jupyter_server>={safe}"  {RESTART}',
        )


def _of_environment(place: Place, there: Mapping[str, Any]) -> Iterator[Finding]:
    python = shlex.quote(there["python"])
    where = f"where Jupyter runs ({there['prefix']})"
    if not there["version"]:
        yield note(
            f"there is no panel: wandb-magic is not installed {where}",
            f"{_pip(place, there)} {PACKAGE}  {RESTART}",
        )
    elif not there["front_end"]:
        yield note(
            f"there is no panel: the front end of wandb-magic is not installed {where}",
            f"{_pip(place, there)} --force-reinstall --no-deps {PACKAGE}  {RESTART}",
        )
    elif there["disabled"]:
        yield note(
            f"there is no panel: JupyterLab is told to leave it out {where}",
            place.command(f"{python} -m jupyter labextension enable {LAB_EXTENSION}")
            + "  # then reload the page",
        )
    elif not there["enabled"]:
        yield note(
            f"the panel cannot reach sweeps: its server extension is not enabled {where}",
            place.command(f"{python} -m jupyter server extension enable {SERVER_EXTENSION}")
            + f"  {RESTART}",
        )
    else:
        yield ok(f"the panel is installed and enabled {where}")


def _pip(place: Place, there: Mapping[str, Any]) -> str:
    return place.command(f"{shlex.quote(there['python'])} -m pip install")
