"""Doing what people asked: each verb of a request, and why it may be refused."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from wandb_magic.records import Request, RunId, RunState, SweepState
from wandb_magic.supervisor import again
from wandb_magic.supervisor.endings import Intent
from wandb_magic.validation import ArgumentError, request_arguments, shown

if TYPE_CHECKING:
    from wandb_magic.supervisor.supervisor import Supervisor

PAUSED_ON_REQUEST = "paused on request"

log = logging.getLogger(__name__)


def carry_out(supervisor: Supervisor, request: Request) -> str:
    """Do what a request asks; return why it was refused, or "".

    The store outlives supervisors, and anybody may have written into it: whatever a request says,
    it is answered, and stands in nobody's way.
    """
    try:
        arguments = request_arguments(request.verb, request.arguments)
        return VERBS[request.verb](supervisor, arguments)
    except ArgumentError as error:
        return str(error)
    except Exception as error:
        log.exception("request %s: %s", request.id, shown(request.verb))
        return f"{request.verb} failed: {type(error).__name__}: {error}"


def _stop(supervisor: Supervisor, arguments: Mapping[str, Any]) -> str:
    if supervisor.ledger.sweep.state.ended:
        return ""
    supervisor.ledger.change(state=SweepState.STOPPING, cause="stopped on request")
    supervisor.backend.changed(SweepState.STOPPING, drain=arguments["drain"])
    if not arguments["drain"]:
        supervisor.stop_runs(Intent(RunState.STOPPED, "the sweep was stopped"))
    again.dismiss_all(supervisor.ledger, "the sweep was stopped")
    return ""


def _pause(supervisor: Supervisor, _arguments: Mapping[str, Any]) -> str:
    if supervisor.ledger.sweep.state is SweepState.PAUSED:
        return ""
    if supervisor.ledger.sweep.state is not SweepState.RUNNING:
        return (
            f"the sweep is {supervisor.ledger.sweep.state.value}: only a running one can be paused"
        )
    supervisor.ledger.change(state=SweepState.PAUSED, cause=PAUSED_ON_REQUEST)
    supervisor.backend.changed(SweepState.PAUSED)
    return ""


def _resume(supervisor: Supervisor, _arguments: Mapping[str, Any]) -> str:
    if supervisor.ledger.sweep.state is SweepState.STOPPING:
        return "the sweep is being stopped: resume it when it has stopped"
    if supervisor.ledger.sweep.state is not SweepState.RUNNING:
        supervisor.ledger.change(state=SweepState.RUNNING, cause="", ended=None)
        supervisor.backend.changed(SweepState.RUNNING)
    supervisor.reconsider()
    return ""


def _stop_run(supervisor: Supervisor, arguments: Mapping[str, Any]) -> str:
    run = RunId(arguments["run"])
    if run not in supervisor.roster.living:
        return f"run {run} is not running"
    again.end(supervisor, run, Intent(RunState.STOPPED, "stopped on request"))
    return ""


def _rerun(supervisor: Supervisor, arguments: Mapping[str, Any]) -> str:
    return again.rerun(supervisor, arguments["number"])


def _resume_run(supervisor: Supervisor, arguments: Mapping[str, Any]) -> str:
    return again.resume(supervisor, RunId(arguments["run"]))


def _rerun_failed(supervisor: Supervisor, arguments: Mapping[str, Any]) -> str:
    return again.again_failed(supervisor, same=arguments["resume"])


def _set_agents(supervisor: Supervisor, arguments: Mapping[str, Any]) -> str:
    supervisor.ledger.change(agents=arguments["agents"])
    return ""


def _set_count(supervisor: Supervisor, arguments: Mapping[str, Any]) -> str:
    supervisor.ledger.change(budget=arguments["count"])
    if supervisor.ledger.sweep.state is SweepState.FINISHED:
        supervisor.ledger.change(state=SweepState.RUNNING, cause="", ended=None)
    supervisor.reconsider()
    return ""


VERBS: Mapping[str, Callable[[Supervisor, Mapping[str, Any]], str]] = {
    "stop": _stop,
    "pause": _pause,
    "resume": _resume,
    "stop_run": _stop_run,
    "rerun": _rerun,
    "resume_run": _resume_run,
    "rerun_failed": _rerun_failed,
    "set_agents": _set_agents,
    "set_count": _set_count,
}
