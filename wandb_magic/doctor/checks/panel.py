"""Checks whether the panel is installed, enabled and loaded where the Jupyter server runs.

The server's environment may differ from the kernel's. Sweeps run without the panel, so its
diagnostics are never problems.

A server writes its address and token to Jupyter's runtime folder. The token is only sent to that
server.
"""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from wandb_magic.doctor.checks import extension_info
from wandb_magic.doctor.checks.extension_info import LAB_EXTENSION, PACKAGE, SERVER_EXTENSION
from wandb_magic.doctor.checks.versions import release
from wandb_magic.doctor.diagnostics import Diagnostic, note, ok
from wandb_magic.doctor.environment import Environment
from wandb_magic.version import __version__

SAFE_SERVER = (2, 18, 0)  # the first version without CVE-2026-40934
RESTART = "# then restart the Jupyter server"
PROBE_PATH = "wandb-magic/api/socket"  # a plain request to it is cheap for the server
TIMEOUT_S = 3.0
_MISSING = 404
_UNAUTHORIZED = (401, 403)


def check(env: Environment) -> Iterator[Diagnostic]:
    """Yield what prevents each server from showing the panel."""
    servers = servers_of(env)
    for server in servers:
        yield from _server_diagnostics(env, server)
    if not servers and env.kernel is not None:
        yield ok(
            "this kernel does not belong to a local Jupyter server: sweeps are shown under the "
            "cell"
        )
    elif not servers:
        yield ok("no Jupyter server of this user is running")
        info = extension_info.extension_info()
        yield from _vulnerability(env, {**info, "python": sys.executable})
        if info["lab"]:
            yield from _extension_diagnostics(env, {**info, "python": sys.executable})


@dataclass(frozen=True)
class Server:
    """One running Jupyter server.

    Attributes
    ----------
    url
        Its address, without a token.
    """

    pid: int
    url: str
    token: str = field(repr=False)

    def is_extension_loaded(self) -> bool | None:
        """Return whether it has loaded the extension; None if that is unknown."""
        address = f"{self.url}{PROBE_PATH}"
        if not address.startswith(("http://", "https://")):  # it may listen on a Unix socket
            return None
        headers = {"Authorization": f"token {self.token}"} if self.token else {}
        request = urllib.request.Request(address, headers=headers)  # noqa: S310 - checked above
        try:
            # The server is local: bypass any proxy.
            direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
            with direct.open(request, timeout=TIMEOUT_S):
                return True
        except urllib.error.HTTPError as answer:
            with answer:
                return None if answer.code in _UNAUTHORIZED else answer.code != _MISSING
        except OSError:
            return None


def servers_of(env: Environment) -> list[Server]:
    """Return the server of this kernel; in a terminal, all servers of this user."""
    from jupyter_core.paths import jupyter_runtime_dir  # noqa: PLC0415 - slow to import

    servers = []
    for file in sorted(Path(jupyter_runtime_dir()).glob("jpserver-*.json")):
        try:
            server_file = json.loads(file.read_text(encoding="utf-8"))
            server = Server(
                int(server_file["pid"]),
                str(server_file["url"]),
                str(server_file.get("token") or ""),
            )
        except (
            OSError,
            ValueError,
            KeyError,
            TypeError,
        ):  # it has just ended, or is not a server's file
            continue
        if _is_alive(server.pid):
            servers.append(server)
    if env.kernel is None:
        return servers
    parent = env.variables.get("JPY_PARENT_PID", "")
    return [server for server in servers if str(server.pid) == parent]


def extension_info_of(server: Server) -> Mapping[str, Any] | None:
    """Return `extension_info` of a server's environment; None if it cannot be inspected."""
    import psutil  # noqa: PLC0415 - slow to import

    try:
        process = psutil.Process(server.pid)
        # Not the executable behind a virtual environment's link, which lacks its packages.
        python, environment = process.cmdline()[0], process.environ()
        done = subprocess.run(
            [python, "-c", Path(extension_info.__file__).read_text(encoding="utf-8")],
            capture_output=True,
            text=True,
            check=True,
            stdin=subprocess.DEVNULL,
            timeout=TIMEOUT_S,
            cwd="/",
            env=environment,
        )
        info: Mapping[str, Any] = {**json.loads(done.stdout), "python": python}
    except (psutil.Error, OSError, subprocess.SubprocessError, ValueError, IndexError):
        return None
    return info


def _is_alive(pid: int) -> bool:
    import psutil  # noqa: PLC0415 - as above

    return psutil.pid_exists(pid)


def _server_diagnostics(env: Environment, server: Server) -> Iterator[Diagnostic]:
    server_info = extension_info_of(server)
    loaded = server.is_extension_loaded()
    if server_info is None:
        if loaded:
            yield ok(f"the server at {server.url} has loaded the extension")
        else:
            yield note(
                f"the environment of the server at {server.url} cannot be inspected",
                env.shell_command("jupyter labextension list"),
            )
        return
    yield from _vulnerability(env, server_info)
    diagnostics = list(_extension_diagnostics(env, server_info))
    if loaded is False and all(not diagnostic.remedy for diagnostic in diagnostics):
        yield note(
            f"the server at {server.url} has not loaded the panel's extension: it was started "
            "before the extension was installed, or is configured not to load it",
            RESTART.replace("then ", ""),
        )
    yield from diagnostics
    if Path(server_info["prefix"]).resolve() == Path(sys.prefix).resolve():
        yield ok("the kernel and its server share one environment")
        return
    text = f"the kernel's environment is {sys.prefix}, the server's is {server_info['prefix']}"
    if server_info["version"] in ("", __version__):
        yield ok(text)
    else:
        yield note(
            f"{text}, and wandb-magic is {__version__} here but {server_info['version']} on the "
            "server",
            f"{_pip(env, server_info)} -U {PACKAGE}=={__version__}  {RESTART}",
        )


def _vulnerability(env: Environment, info: Mapping[str, Any]) -> Iterator[Diagnostic]:
    installed = str(info.get("server") or "")
    if installed and release(installed) < SAFE_SERVER:
        safe = ".".join(map(str, SAFE_SERVER))
        yield note(
            f"jupyter_server {installed} has a known vulnerability (CVE-2026-40934), which {safe} "
            "fixes",
            f'{_pip(env, info)} -U "jupyter_server>={safe}"  {RESTART}',
        )


def _extension_diagnostics(env: Environment, info: Mapping[str, Any]) -> Iterator[Diagnostic]:
    python = shlex.quote(info["python"])
    where = f"where Jupyter runs ({info['prefix']})"
    if not info["version"]:
        yield note(
            f"no panel: wandb-magic is not installed {where}",
            f"{_pip(env, info)} {PACKAGE}  {RESTART}",
        )
    elif not info["front_end"]:
        yield note(
            f"no panel: the front end of wandb-magic is not installed {where}",
            f"{_pip(env, info)} --force-reinstall --no-deps {PACKAGE}  {RESTART}",
        )
    elif info["disabled"]:
        yield note(
            f"no panel: it is disabled in JupyterLab {where}",
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
