"""Serializes sweeps and runs as JSON, for the command line's ``--json``."""

from __future__ import annotations

from typing import Any

from wandb_magic.api._sweep import Sweep
from wandb_magic.nonfinite import encode_nonfinite, finite_or_none
from wandb_magic.postmortem.failure import Failure
from wandb_magic.records import RunRecord


def sweep_to_json(sweep: Sweep) -> dict[str, Any]:
    """Return the status of a sweep; times are in seconds, since the epoch or remaining."""
    status = sweep.status()
    record = status.sweep
    return {
        "id": record.id,
        "name": record.name,
        "project": record.project,
        "entity": record.entity,
        "mode": record.mode,
        "state": status.state,
        "cause": status.cause,
        "notices": list(record.notices),
        "folder": str(sweep.path),
        "created": record.created,
        "agents": record.agents,
        "count": record.budget,
        "ended": status.ended,
        "running": status.running,
        "failed": status.failed,
        "remaining": status.remaining,
        "remaining_range": None if status.eta is None else [status.eta.low, status.eta.high],
        "elapsed": record.elapsed,
        "cost": status.cost,
        "version": record.version,
        "metric": status.metric or None,
        "best": None
        if status.best is None
        else {
            **run_to_json(status.best),
            "runs": status.best_runs,
            "spread": finite_or_none(status.best_spread),
        },
    }


def run_to_json(run: RunRecord) -> dict[str, Any]:
    """Return a run in standard JSON; a value that is not finite is None."""
    return {
        "id": run.id,
        "number": run.number,
        "attempt": run.attempt,
        "agent": run.agent,
        "state": run.state.value,
        "cause": run.cause,
        "error": run.error,
        "exit_code": run.exit_code,
        "created": run.created,
        "started": run.started,
        "ended": run.ended,
        "value": finite_or_none(run.value),
        "params": encode_nonfinite(run.params),
        "proposer": run.proposer.value,
        "version": run.version,
        "repeat_group": run.repeat_group,
        "parent": run.parent,
        "folder": run.directory,
    }


def failure_to_json(failure: Failure) -> dict[str, Any]:
    """Return why a run failed, with the variables of each frame as text."""
    return {
        "run": failure.run,
        "cause": failure.cause,
        "type": failure.type,
        "message": failure.message,
        "frames": [
            {
                "filename": frame.filename,
                "line": frame.line,
                "function": frame.function,
                "text": frame.text,
                "process": frame.process,
                "locals": frame.locals.reprs,
            }
            for frame in failure.frames
        ],
        "stack": failure.stack,
        "log": failure.log,
    }
