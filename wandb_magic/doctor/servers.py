"""Finds the running Jupyter servers, and inspects their environments.

A server writes its address and token to Jupyter's runtime folder. The token is only sent to that
server.
"""

from __future__ import annotations

import json
import subprocess
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from wandb_magic.doctor import extension_info
from wandb_magic.doctor.environment import Environment

PROBE_PATH = "wandb-magic/api/socket"  # a plain request to it is cheap for the server
TIMEOUT_S = 3.0
_MISSING = 404
_UNAUTHORIZED = (401, 403)


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
