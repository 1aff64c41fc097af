"""Passes requests to a sweep on to the public API; makes no decisions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, get_args

from wandb_magic.api._sweep import Sweep
from wandb_magic.arguments import brief, check_agent_count, check_flag, check_integer
from wandb_magic.server import request_body
from wandb_magic.server.http_errors import BadRequestError


def handle_request(sweep: Sweep, body: object) -> None:
    """Send the request of a body (`request_body.RequestBody`; unused fields may be missing).

    Raises
    ------
    BadRequestError
        If the body is not a valid request.
    SweepStateError
        If the sweep's state does not allow the request.
    RemoteError
        If the sweep cannot be sent to W&B.
    """
    if not isinstance(body, Mapping):
        raise BadRequestError("the body must be a JSON object with a verb")
    verb = body.get("verb")
    verbs: dict[str, Callable[[], object]] = {
        "stop": lambda: sweep.stop(drain=check_flag("drain", body.get("drain") or False)),
        "pause": sweep.pause,
        "resume": sweep.resume,
        "stop_run": lambda: sweep.stop_run(_text(body, "run")),
        "rerun": lambda: sweep.rerun(_text(body, "run")),
        "resume_run": lambda: sweep.resume_run(_text(body, "run")),
        "rerun_failed": lambda: sweep.rerun_failed(
            resume=check_flag("resume", body.get("resume") or False)
        ),
        "set_agents": lambda: sweep.set_agents(check_agent_count("agents", body.get("agents"))),
        "set_count": lambda: sweep.set_count(check_integer("count", body.get("count"))),
        "sync": sweep.sync,
    }
    if not isinstance(verb, str) or verb not in verbs:
        raise BadRequestError(
            f"verb: must be one of {', '.join(get_args(request_body.Verb))}, and is {brief(verb)}"
        )
    verbs[verb]()


def _text(body: Mapping[str, Any], name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str) or not value:
        raise BadRequestError(f"{name}: must be the id of a run, and is {brief(value)}")
    return value
