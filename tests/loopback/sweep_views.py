"""Sweeps and their agents as the clients see them."""

from __future__ import annotations

from loopback import accounts, run_views
from loopback.graphql import Args, Node
from loopback.paging import connection
from loopback.site import Site, global_id, timestamp
from loopback.state import Agent, Run, Sweep


def sweep_node(site: Site, sweep: Sweep) -> Node:
    """Return a sweep as the clients see it."""
    found = [
        run for name in sweep.runs if (run := site.find_run(sweep.entity, sweep.project, name))
    ]

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
            "bestLoss": best_loss(sweep, found),
            "config": sweep.config_text,
            "controller": sweep.controller,
            "scheduler": sweep.scheduler,
            "controllerRunName": None,
            "createdAt": timestamp(sweep.created),
            "updatedAt": timestamp(sweep.updated),
            "heartbeatAt": timestamp(sweep.updated or sweep.created),
            "earlyStopJobRunning": False,
            "runCount": len(found),
            "runCountExpected": sweep.config.get("run_cap"),
            "runs": lambda args: connection(
                [run_views.run_node(site, run) for run in found], args
            ),
            "agents": lambda args: connection(
                [agent_node(site, each) for each in agents_of(site, sweep)], args
            ),
            "agent": agent,
            "project": project,
        },
    )


def agents_of(site: Site, sweep: Sweep) -> list[Agent]:
    return [site.agents[identifier] for identifier in sweep.agents]


def agent_node(site: Site, agent: Agent) -> Node:
    sweep = sweep_of(site, agent)
    found = [
        run for name in agent.runs if (run := site.find_run(sweep.entity, sweep.project, name))
    ]
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
            "runs": lambda args: connection(
                [run_views.run_node(site, run) for run in found], args
            ),
        },
    )


def best_loss(sweep: Sweep, found: list[Run]) -> float | None:
    metric = sweep.config.get("metric") or {}
    values = [
        value
        for run in found
        if isinstance(value := run.summary.get(metric.get("name", "")), int | float)
    ]
    if not values:
        return None
    return max(values) if metric.get("goal") == "maximize" else min(values)


def sweep_of(site: Site, agent: Agent) -> Sweep:
    return next(sweep for sweep in site.sweeps.values() if agent.id in sweep.agents)
