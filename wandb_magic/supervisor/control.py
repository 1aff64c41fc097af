"""Requests: what users may ask of a running sweep, and why a request is refused."""

from __future__ import annotations

import logging
from typing import Protocol

from wandb_magic.arguments import ArgumentError, brief, validate_request
from wandb_magic.records import ControlRequest, RunId

log = logging.getLogger(__name__)


class ControlTarget(Protocol):
    """What requests act on, in its event loop: one method for each verb.

    Each returns why the request is refused, or "" if it was carried out.
    """

    def stop(self, *, drain: bool) -> str:
        """End the sweep; with `drain`, let its active runs finish."""

    def pause(self) -> str:
        """Start no more runs."""

    def resume(self) -> str:
        """Continue after a pause or an end."""

    def stop_run(self, run: RunId) -> str:
        """End one run."""

    def rerun(self, number: int) -> str:
        """Queue a new run with a set of parameters."""

    def resume_run(self, run: RunId) -> str:
        """Queue another execution of a run."""

    def rerun_failed(self, *, resume: bool) -> str:
        """Queue every failed run, as a new one or, with `resume`, as the same."""

    def set_agents(self, agents: int) -> str:
        """Change how many runs execute at a time."""

    def set_count(self, count: int | None) -> str:
        """Change the total number of runs."""


def handle_request(target: ControlTarget, request: ControlRequest) -> str:
    """Carry out a request; return why it was refused, or "".

    The store outlives supervisors, and anything may have been written into it: every request is
    answered, whatever it contains, and never blocks the others.
    """
    try:
        arguments = validate_request(request.verb, request.arguments)
        return str(getattr(target, request.verb)(**arguments))
    except ArgumentError as error:
        return str(error)
    except Exception as error:
        log.exception("request %s: %s", request.id, brief(request.verb))
        return f"{request.verb} failed: {type(error).__name__}: {error}"
