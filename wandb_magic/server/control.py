"""Passes requests to a sweep on to the public API; makes no decisions."""

from __future__ import annotations

from collections.abc import Mapping

from wandb_magic.api._sweep import Sweep
from wandb_magic.requests import validate_request
from wandb_magic.server.http_errors import BadRequestError


def handle_request(sweep: Sweep, body: object) -> None:
    """Send the request of a body: the verb, and beside it the arguments of its row in `REQUESTS`.

    Raises
    ------
    BadRequestError
        If the body is not a JSON object.
    ArgumentError
        If it is not a valid request.
    SweepStateError
        If the sweep's state does not allow the request.
    RemoteError
        If the sweep cannot be sent to W&B.
    """
    if not isinstance(body, Mapping):
        raise BadRequestError("the body must be a JSON object with a verb")
    arguments = {name: value for name, value in body.items() if name != "verb"}
    verb = body.get("verb")
    validated = validate_request(verb, arguments)
    getattr(sweep, str(verb))(**validated)
