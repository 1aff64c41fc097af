"""Sweeps and their agents as the clients see them."""

from __future__ import annotations

from fake_wandb_server import accounts, run_views
from fake_wandb_server.graphql import Args, Node
from fake_wandb_server.paging import connection
from fake_wandb_server.site import Site, global_id, timestamp
from fake_wandb_server.state import Agent, Run, Sweep


def sweep_node(site: Site, sweep: Sweep) -> Node:
    """Return a sweep as the clients see it."""

    def project(_args: Args) -> Node | None:
        return accounts.project(site, sweep.entity, sweep.project)

    def agent(args: Args) -> Node | None:
        return next(
            (
                agent_node(site, each)
                for each in agents_of(site, sweep)
                if args["agentName"] in {each.name, each.id}
            ),
            None,
        )

    return Node(
        "Sweep",
        {
            "id": global_id("Sweep", sweep.name, sweep.project, sweep.entity),
            "name": sweep.name,
            "displayName": sweep.display_name,
            "method": sweep.config.get("method", "random"),
            "state": sweep.state,
            "description": sweep.description,
            "bestLoss": lambda _: best_loss(site, sweep),
            "config": sweep.config_text,
            "controller": sweep.controller,
            "scheduler": sweep.scheduler,
            "controllerRunName": None,
            "createdAt": timestamp(sweep.created),
            "updatedAt": timestamp(sweep.updated),
            "heartbeatAt": timestamp(sweep.updated or sweep.created),
            "earlyStopJobRunning": False,
            "runCount": lambda _: len(runs_of(site, sweep, sweep.runs)),
            "runCountExpected": sweep.config.get("run_cap"),
            "runs": lambda args: runs_page(site, sweep, sweep.runs, args),
            "agents": lambda args: connection(
                [agent_node(site, each) for each in agents_of(site, sweep)], args
            ),
            "agent": agent,
            "project": project,
        },
    )


def runs_of(site: Site, sweep: Sweep, names: list[str]) -> list[Run]:
    """Return those of a sweep's runs that have started."""
    runs = (site.find_run(sweep.entity, sweep.project, name) for name in names)
    return [run for run in runs if run is not None]


def runs_page(site: Site, sweep: Sweep, names: list[str], args: Args) -> Node:
    runs = runs_of(site, sweep, names)
    return connection([run_views.run_node(site, run) for run in runs], args)


def agents_of(site: Site, sweep: Sweep) -> list[Agent]:
    return [site.agents[identifier] for identifier in sweep.agents]


def agent_node(site: Site, agent: Agent) -> Node:
    return Node(
        "Agent",
        {
            "id": agent.id,
            "name": agent.name,
            "host": agent.host,
            "state": "RUNNING",
            "totalRuns": len(agent.runs),
            "createdAt": timestamp(agent.created),
            "heartbeatAt": timestamp(agent.heartbeat),
            "runs": lambda args: runs_page(site, sweep_of(site, agent), agent.runs, args),
        },
    )


def best_loss(site: Site, sweep: Sweep) -> float | None:
    metric = sweep.config.get("metric") or {}
    values = [
        value
        for run in runs_of(site, sweep, sweep.runs)
        if isinstance(value := run.summary.get(metric.get("name", "")), int | float)
    ]
    if not values:
        return None
    return max(values) if metric.get("goal") == "maximize" else min(values)


def sweep_of(site: Site, agent: Agent) -> Sweep:
    return next(sweep for sweep in site.sweeps.values() if agent.id in sweep.agents)
