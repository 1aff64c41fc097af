"""W&B's environment variables that lead astray: stale ones, and those that were set too late.

No value of a variable is shown.
"""

from __future__ import annotations

import os
import re
import socket
from collections.abc import Iterator

from wandb_magic.bundle.manifest import STALE
from wandb_magic.doctor.findings import Finding, note, ok, problem
from wandb_magic.doctor.imported import environment_read
from wandb_magic.doctor.place import Place

SERVICE = "WANDB_SERVICE"
PREFIX = "WANDB_"
# wandb sets these itself while it works.
_ITS_OWN = frozenset({SERVICE, "WANDB_KUBEFLOW_URL", "WANDB_ERROR_REPORTING"})
# These mean something to everybody who asks, and are no mistake.
_MEANT = frozenset({"WANDB_DIR", "WANDB_MODE", "WANDB_NOTEBOOK_NAME", "WANDB_JUPYTER", SERVICE})
_TOKEN = re.compile(r"\d+-(?P<pid>\d+)-(?:unix-(?P<path>.+)|tcp-localhost-(?P<port>\d+))")
PATIENCE_S = 1.0


def findings(place: Place) -> Iterator[Finding]:
    """Yield what each of the variables that matter does here."""
    found = [*_service(place), *_naming(place), *_late(place)]
    yield from found
    names = sorted(name for name in place.environment if name.startswith(PREFIX))
    if not found:
        yield ok(f"{', '.join(names)}: as W&B has them" if names else "none is set")


def _service(place: Place) -> Iterator[Finding]:
    token = place.environment.get(SERVICE)
    if not token:
        return
    match = _TOKEN.fullmatch(token)
    if match is None:
        yield problem(
            f"{SERVICE} leads to no wandb-core that this wandb knows, so wandb.init() fails here",
            place.forget(SERVICE),
        )
    elif not _answers(match["path"], match["port"]):
        yield problem(
            f"{SERVICE} is stale: the wandb-core of process {match['pid']} is gone, so "
            "wandb.init() fails here (sweeps do not inherit it)",
            place.forget(SERVICE),
        )
    elif int(match["pid"]) == os.getpid():
        yield ok(f"{SERVICE}: the wandb-core of this process (sweeps do not inherit it)")
    else:
        yield note(
            f"{SERVICE} leads to the wandb-core of process {match['pid']}, so what is logged here "
            "ends with that one (sweeps do not inherit it)",
            place.forget(SERVICE),
        )


def _answers(path: str | None, port: str | None) -> bool:
    """Tell whether somebody listens there."""
    try:
        if path is None:
            assert port is not None
            socket.create_connection(("localhost", int(port)), timeout=PATIENCE_S).close()
        else:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as asking:
                asking.settimeout(PATIENCE_S)
                asking.connect(path)
    except (OSError, OverflowError):
        return False
    return True


def _naming(place: Place) -> Iterator[Finding]:
    named = sorted((STALE - _MEANT) & place.environment.keys())
    if named:
        name = "name" if len(named) > 1 else "names"
        yield note(
            f"{', '.join(named)} {name} one run or sweep, and each wandb.init() in this process "
            "would take that for its own (sweeps do not inherit it)",
            place.forget(*named),
        )


def _late(place: Place) -> Iterator[Finding]:
    read = environment_read()
    if read is None:
        return
    now = place.environment
    names = {name for name in {*read, *now} if name.startswith(PREFIX)} - _ITS_OWN
    late = sorted(name for name in names if read.get(name) != now.get(name))
    if late:
        was = "were" if len(late) > 1 else "was"
        yield note(
            f"{', '.join(late)} {was} changed too late for wandb in this process, which had read "
            "its settings before (sweeps take the new value)",
            "import wandb; wandb.teardown()  # then wandb reads its settings anew",
        )
