"""The file stream: what a run logs while it is running, by line and offset."""

from __future__ import annotations

from typing import Any

from fake_wandb_server import sweeps
from fake_wandb_server.document import GraphQLError
from fake_wandb_server.site import Site
from fake_wandb_server.state import SUMMARY, Run

INTERRUPTED = 255  # the clients' exit code after Ctrl-C


def receive(site: Site, path: list[str], body: dict[str, Any]) -> dict[str, Any]:
    """Store a chunk for the run at entity, project and name.

    Raises
    ------
    GraphQLError
        404 if there is no such run: the clients then stop sending for good.
    """
    run = site.find_run(*path)
    if run is None:
        raise GraphQLError(f"run {'/'.join(path)} not found", 404)
    run.heartbeat = site.now
    for file, chunk in (body.get("files") or {}).items():
        content = chunk.get("content") or []
        if file == SUMMARY:
            run.summary_metrics = content[-1] if content else run.summary_metrics
        else:
            run.stream(file).store(int(chunk.get("offset") or 0), content)
    run.dropped += int(body.get("dropped") or 0)
    if body.get("complete"):
        complete(site, run, int(body.get("exitcode") or 0))
    elif body.get("preempting"):
        run.declared = "preempting"
    return {"exitcode": run.exit_code, "stopped": run.should_stop, "limits": {}}


def complete(site: Site, run: Run, exit_code: int) -> None:
    """Record how a run ended."""
    run.exit_code = exit_code
    run.finished = site.now
    stopped = exit_code and (run.should_stop or exit_code == INTERRUPTED)
    run.declared = "killed" if stopped else "failed" if exit_code else "finished"
    if run.sweep and (sweep := site.find_sweep(run.entity, run.project, run.sweep)):
        sweeps.settle(site, sweep)
