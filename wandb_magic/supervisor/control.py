"""Carries out requests: what users may ask of a running sweep, and why a request is refused."""

from __future__ import annotations

import logging
from typing import Protocol

from wandb_magic.arguments import ArgumentError, brief
from wandb_magic.errors import SpecError
from wandb_magic.records import ControlRequest, RunId, RunState, SweepState
from wandb_magic.requests import REQUESTS, validate_request
from wandb_magic.store import Answer
from wandb_magic.supervisor.asked_runs import DeferredAnswer

log = logging.getLogger(__name__)


class ControlTarget(Protocol):
    """What requests act on, in its event loop.

    Besides these methods it has one for each row of `REQUESTS`, with the row's name and arguments.
    It returns why the request is refused, "" if it was carried out, an answer with a result, or
    that it is answered later.
    """

    def sweep_state(self) -> SweepState:
        """Return the state of the sweep."""

    def run_state(self, run: RunId) -> RunState | None:
        """Return the state of a run; None if there is no such run."""


def handle_request(target: ControlTarget, request: ControlRequest) -> Answer | DeferredAnswer:
    """Carry out a request; return the answer.

    The store outlives supervisors, and anything may have been written into it: every request is
    answered, whatever it contains, and never blocks the others.
    """
    try:
        arguments = validate_request(request.verb, request.arguments)
        row = REQUESTS[request.verb]
        if not row.supervised:
            return Answer(f"{request.verb} is not for the supervisor")
        refusal = row.sweep_refusal(target.sweep_state())
        if not refusal and "run" in arguments:
            refusal = row.run_refusal(arguments["run"], target.run_state(arguments["run"]))
        if refusal:
            return Answer(refusal)
        answer = getattr(target, request.verb)(**arguments)
        is_answer = isinstance(answer, (Answer, DeferredAnswer))
        return answer if is_answer else Answer(str(answer))
    except (ArgumentError, SpecError) as error:
        return Answer(str(error))
    except Exception as error:
        log.exception("request %s: %s", request.id, brief(request.verb))
        return Answer(f"{request.verb} failed: {type(error).__name__}: {error}")
