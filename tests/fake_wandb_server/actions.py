"""Actions of users on W&B's page, and of tests behind it.

Actions are sent as requests, so a journal also stores them.
"""

from __future__ import annotations

from typing import Any

from fake_wandb_server.document import GraphQLError
from fake_wandb_server.site import Site
from fake_wandb_server.state import Run, Sweep


def run_named(site: Site, name: str) -> Run:
    for run in site.runs.values():
        if name in {run.name, run.path}:
            return run
    raise GraphQLError(f"no run {name}", 404)


def sweep_named(site: Site, name: str) -> Sweep:
    for sweep in site.sweeps.values():
        if sweep.name == name:
            return sweep
    raise GraphQLError(f"no sweep {name}", 404)


def sweep_state(site: Site, sweep: str, state: str) -> None:
    """Pause, resume, finish or cancel a sweep."""
    record = sweep_named(site, sweep)
    record.state = state
    record.updated = site.now


def stop_run(site: Site, run: str) -> None:
    """Stop a run, as the page's button or early termination does; it may start later."""
    site.stopped.add(run)
    for record in site.runs.values():
        if run in {record.name, record.path}:
            record.should_stop = True


def queue(site: Site, sweep: str, params: list[dict[str, Any]]) -> None:
    """Give a sweep's next runs these parameters instead of the search's."""
    record = sweep_named(site, sweep)
    record.queued += [{name: {"value": value} for name, value in each.items()} for each in params]


def command(site: Site, sweep: str, commands: list[dict[str, Any]], agent: str | None) -> None:
    """Send an agent, or all agents of a sweep, commands unchanged."""
    for identifier in [agent] if agent else sweep_named(site, sweep).agents:
        site.agents[identifier].pending += commands


def delete_sweep(site: Site, sweep: str) -> None:
    """Delete a sweep; its agents become unknown."""
    record = sweep_named(site, sweep)
    for identifier in record.agents:
        del site.agents[identifier]
    del site.sweeps[record.entity, record.project, record.name]


def delete_run(site: Site, run: str) -> None:
    record = run_named(site, run)
    del site.runs[record.entity, record.project, record.name]


def crash_run(site: Site, run: str) -> None:
    """Mark a run as crashed, as the server does after minutes without a message from it."""
    run_named(site, run).declared = "crashed"


def reject_keys(site: Site, reject: bool) -> None:  # noqa: FBT001 - the name of the action makes it clear
    """Reject all keys from now on, or accept the correct one again."""
    site.rejects_keys = reject


def entity(site: Site, name: str, readable: bool) -> None:  # noqa: FBT001 - as above
    """Create an entity; requests for one that is not readable are answered with 403."""
    site.entities.setdefault(name, [])
    site.forbidden.discard(name)
    if not readable:
        site.forbidden.add(name)


ACTIONS = {
    action.__name__: action
    for action in (
        sweep_state,
        stop_run,
        queue,
        command,
        delete_sweep,
        delete_run,
        crash_run,
        reject_keys,
        entity,
    )
}
