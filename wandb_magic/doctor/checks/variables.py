"""Checks W&B's environment variables for stale ones, and for those that were set too late.

The values of variables are not shown, and nothing is imported. Only this check depends on wandb's
internals: the object behind ``wandb.setup()``, which keeps the environment from which its settings
were made.
"""

from __future__ import annotations

import os
import re
import socket
import sys
from collections.abc import Iterator, Mapping

from wandb_magic.bundle.manifest import STALE
from wandb_magic.doctor.diagnostics import Diagnostic, note, ok, problem
from wandb_magic.doctor.environment import Environment

SERVICE = "WANDB_SERVICE"
PREFIX = "WANDB_"
# wandb sets these itself while it works.
_INTERNAL = frozenset({SERVICE, "WANDB_KUBEFLOW_URL", "WANDB_ERROR_REPORTING"})
# Users set these on purpose, so they are not reported.
_INTENDED = frozenset({"WANDB_DIR", "WANDB_MODE", "WANDB_NOTEBOOK_NAME", "WANDB_JUPYTER", SERVICE})
_TOKEN = re.compile(r"\d+-(?P<pid>\d+)-(?:unix-(?P<path>.+)|tcp-localhost-(?P<port>\d+))")
TIMEOUT_S = 1.0


def check(env: Environment) -> Iterator[Diagnostic]:
    """Yield a diagnostic for each variable that has an effect here."""
    diagnostics = [*_service(env), *_naming_variables(env), *_late_changes(env)]
    yield from diagnostics
    names = sorted(name for name in env.variables if name.startswith(PREFIX))
    if not diagnostics:
        yield ok(f"{', '.join(names)}: as W&B has them" if names else "none is set")


def _service(env: Environment) -> Iterator[Diagnostic]:
    token = env.variables.get(SERVICE)
    if not token:
        return
    match = _TOKEN.fullmatch(token)
    if match is None:
        yield problem(
            f"{SERVICE} has a format that this wandb does not know, so wandb.init() fails here",
            env.unset_variables(SERVICE),
        )
    elif not _is_listening(match["path"], match["port"]):
        yield problem(
            f"{SERVICE} is stale: the wandb-core of process {match['pid']} has exited, so "
            "wandb.init() fails here (sweeps do not inherit it)",
            env.unset_variables(SERVICE),
        )
    elif int(match["pid"]) == os.getpid():
        yield ok(f"{SERVICE}: the wandb-core of this process (sweeps do not inherit it)")
    else:
        yield note(
            f"{SERVICE} refers to the wandb-core of process {match['pid']}, so logging here ends "
            "with that process (sweeps do not inherit it)",
            env.unset_variables(SERVICE),
        )


def _is_listening(path: str | None, port: str | None) -> bool:
    """Return whether a process listens on a Unix socket or a local port."""
    try:
        if path is None:
            assert port is not None
            socket.create_connection(("localhost", int(port)), timeout=TIMEOUT_S).close()
        else:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
                connection.settimeout(TIMEOUT_S)
                connection.connect(path)
    except (OSError, OverflowError):
        return False
    return True


def _naming_variables(env: Environment) -> Iterator[Diagnostic]:
    named = sorted((STALE - _INTENDED) & env.variables.keys())
    if named:
        name = "name" if len(named) > 1 else "names"
        yield note(
            f"{', '.join(named)} {name} one run or sweep, which each wandb.init() in this process "
            "would use (sweeps do not inherit it)",
            env.unset_variables(*named),
        )


def _late_changes(env: Environment) -> Iterator[Diagnostic]:
    read_settings = _settings_environment()
    if read_settings is None:
        return
    now = env.variables
    names = {name for name in {*read_settings, *now} if name.startswith(PREFIX)} - _INTERNAL
    late = sorted(name for name in names if read_settings.get(name) != now.get(name))
    if late:
        was = "were" if len(late) > 1 else "was"
        yield note(
            f"{', '.join(late)} {was} changed too late for wandb in this process, which had "
            "already read its settings (sweeps use the new value)",
            "import wandb; wandb.teardown()  # then wandb reads its settings again",
        )


def _settings_environment() -> Mapping[str, str] | None:
    """Return the environment variables from which wandb made its settings.

    None if wandb is not imported, or has not made its settings yet.
    """
    setup = sys.modules.get("wandb.sdk.wandb_setup")
    singleton = getattr(setup, "_singleton", None)
    if singleton is None or getattr(singleton, "_pid", None) != os.getpid():
        return None
    environ = getattr(singleton, "_settings_environ", None)
    return environ if isinstance(environ, Mapping) else None
