"""What people do on W&B's page, and what tests do behind it.

Actions go the way of requests, so a journal remembers them, too.
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
    found = sweep_named(site, sweep)
    found.state = state
    found.updated = site.now


def stop_run(site: Site, run: str) -> None:
    """Press the page's button that stops a run, or end it early; it may begin later."""
    site.stopped.add(run)
    for each in site.runs.values():
        if run in {each.name, each.path}:
            each.should_stop = True


def queue(site: Site, sweep: str, params: list[dict[str, Any]]) -> None:
    """Let a sweep's next runs have these parameters instead of the search's."""
    found = sweep_named(site, sweep)
    found.queued += [{name: {"value": value} for name, value in each.items()} for each in params]


def command(site: Site, sweep: str, commands: list[dict[str, Any]], agent: str | None) -> None:
    """Send an agent, or all agents of a sweep, commands as they stand."""
    for identifier in [agent] if agent else sweep_named(site, sweep).agents:
        site.agents[identifier].pending += commands


def delete_sweep(site: Site, sweep: str) -> None:
    """Delete a sweep: its agents are unknown then."""
    found = sweep_named(site, sweep)
    for identifier in found.agents:
        del site.agents[identifier]
    del site.sweeps[found.entity, found.project, found.name]


def delete_run(site: Site, run: str) -> None:
    found = run_named(site, run)
    del site.runs[found.entity, found.project, found.name]


def crash_run(site: Site, run: str) -> None:
    """Give a run up, as the server does when it has not heard of it for minutes."""
    run_named(site, run).declared = "crashed"


def reject_keys(site: Site, reject: bool) -> None:  # noqa: FBT001 - the name of the action says it
    """Take no key from now on, or take the right one again."""
    site.rejects_keys = reject


def entity(site: Site, name: str, readable: bool) -> None:  # noqa: FBT001 - as above
    """Make an entity; one that is not readable answers every request with 403."""
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
