"""Sweeps and their agents: the parameters that the server chooses, and the commands it sends.

The search itself is this package's own, which its own tests compare with W&B's: here only the
protocol matters. Only the client's side of the real server's protocol is known; where the server's
behaviour can only be guessed, a comment says so.
"""

from __future__ import annotations

import hashlib
import json
import string
from typing import Any

import yaml

from fake_wandb_server.document import GraphQLError
from fake_wandb_server.graphql import Args, Node
from fake_wandb_server.site import ENTITY, Site, global_id, parts_of
from fake_wandb_server.state import Agent, Assignment, Run, Sweep
from fake_wandb_server.sweep_views import agent_node, sweep_node, sweep_of
from wandb_magic.search import make_searcher
from wandb_magic.spec import load

GOING = frozenset({"RUNNING", "PENDING"})
ID_ALPHABET = string.digits + string.ascii_lowercase


def identifier(*parts: object) -> str:
    """Return eight letters and digits that look random, but are the same after a replay."""
    number = int.from_bytes(hashlib.sha256(repr(parts).encode()).digest()[:8], "big")
    return "".join(ID_ALPHABET[number // 36**place % 36] for place in range(8))


def upsert(site: Site, args: Args) -> Node:
    """Create a sweep, or change its state or config."""
    if args.get("id"):
        _, name, project, entity = parts_of(args["id"])
        sweep = site.find_sweep(entity, project, name)
        if sweep is None:
            raise GraphQLError(f"sweep {name} not found during upsertSweep", 404)
        sweep.updated = site.now
    else:
        entity, project = site.project(
            args.get("entityName"), args.get("projectName"), "upsertSweep"
        )
        config = checked(args.get("config"))
        site.make_project(entity, project)
        number = len(site.sweeps) + 1
        sweep = Sweep(
            identifier(number, args["config"]),
            project,
            entity,
            site.now,
            args["config"],
            config,
            number,
        )
        site.sweeps[entity, project, sweep.name] = sweep
    if args.get("id") and args.get("config"):
        sweep.config, sweep.config_text = checked(args["config"]), args["config"]
    if args.get("state"):
        sweep.state = args["state"].upper()
    sweep.display_name = args.get("displayName") or sweep.display_name or sweep.config.get("name")
    sweep.description = args.get("description") or sweep.description
    sweep.controller = args.get("controller") or sweep.controller
    sweep.scheduler = args.get("scheduler") or sweep.scheduler
    if args.get("priorRunsFilters"):
        filters = json.loads(args["priorRunsFilters"])
        sweep.prior_runs = [each["name"] for each in filters["$or"]]
        for name in sweep.prior_runs:
            if run := site.find_run(entity, project, name):
                attach(site, run, sweep.name)
    payload = {"sweep": sweep_node(site, sweep), "configValidationWarnings": []}
    return Node("UpsertSweepPayload", payload)


def checked(text: str | None) -> dict[str, Any]:
    """Return the parsed config of a sweep, if it is valid."""
    try:
        config = yaml.safe_load(text or "")
    except yaml.YAMLError as error:
        raise GraphQLError(f"Invalid sweep config: {error}") from error
    if not isinstance(config, dict) or "method" not in config or "parameters" not in config:
        raise GraphQLError("Invalid sweep config: invalid hyperparameter configuration")
    return config


def attach(site: Site, run: Run, name: str) -> None:
    """Add a run to a sweep."""
    sweep = site.find_sweep(run.entity, run.project, name)
    if sweep is None:
        # What the real server does with an unknown sweep is unknown.
        raise GraphQLError(
            f"sweep {run.entity}/{run.project}/{name} not found during upsertBucket", 404
        )
    run.sweep = name
    if run.name not in sweep.runs:
        sweep.runs.append(run.name)


def create_agent(site: Site, args: Args) -> Node:
    """Register an agent."""
    entity, project = args.get("entityName") or ENTITY, args.get("projectName")
    sweep = site.find_sweep(entity, project, args["sweep"])
    if sweep is None:
        path = f"{entity}/{project}/{args['sweep']}"
        raise GraphQLError(f"could not find sweep {path} during createAgent", 404)
    if sweep.state not in {"RUNNING", "PAUSED", "PENDING"}:
        raise GraphQLError(f"Sweep {sweep.name} is not running, it is {sweep.state}", 400)
    number = site.count()
    name = identifier("agent", number)
    agent = Agent(global_id("Agent", name), name, args["host"], sweep.name, site.now, site.now)
    site.agents[agent.id] = agent
    sweep.agents.append(agent.id)
    return Node("CreateAgentPayload", {"agent": agent_node(site, agent)})


def heartbeat(site: Site, args: Args) -> Node:
    """Receive which runs an agent has, and return commands for it."""
    agent = site.agents.get(args["id"])
    if agent is None:
        raise GraphQLError(f"could not find agent {args['id']} during agentHeartbeat", 404)
    agent.heartbeat = site.now
    agent.heartbeats += 1
    agent.run_state = json.loads(args.get("runState") or "{}")
    sweep = sweep_of(site, agent)
    for name in agent.run_state:
        if name in sweep.assignments:
            sweep.assignments[name].seen = True
    agent_commands = commands(site, sweep, agent)
    return Node(
        "AgentHeartbeatPayload",
        {"agent": agent_node(site, agent), "commands": json.dumps(agent_commands)},
    )


def commands(site: Site, sweep: Sweep, agent: Agent) -> list[dict[str, Any]]:
    """Return the commands for an agent, one at a time: the clients read only the first."""
    if agent.pending:
        return [agent.pending.pop(0)]
    for name in agent.run_state:
        stopped = name in site.stopped or sweep.state == "CANCELED"
        if stopped and name not in agent.stop_requested:
            agent.stop_requested.append(name)
            return [{"type": "stop", "run_id": name}]
    if agent.run_state or sweep.state == "PAUSED":
        return []
    if sweep.state not in GOING:
        return [{"type": "exit"}]
    return next_run(site, sweep, agent)


def next_run(site: Site, sweep: Sweep, agent: Agent) -> list[dict[str, Any]]:
    """Return the next run for an idle agent, or the command to exit."""
    for assignment in sweep.assignments.values():
        # An agent that has never reported a run that was assigned to it has not received it.
        # Whether the real server assigns it again is unknown.
        was_received = assignment.seen or site.find_run(
            sweep.entity, sweep.project, assignment.run
        )
        if assignment.agent == agent.id and not was_received:
            assignment.times += 1
            return [order(sweep, assignment)]
    args = sweep.queued.pop(0) if sweep.queued else choose(sweep)
    if args is None:
        sweep.exhausted = True
        settle(site, sweep)
        return [{"type": "exit"}]
    name = identifier("run", sweep.number, len(sweep.assignments))
    sweep.assignments[name] = Assignment(name, agent.id, args, site.now)
    agent.runs.append(name)
    return [order(sweep, sweep.assignments[name])]


def order(sweep: Sweep, assignment: Assignment) -> dict[str, Any]:
    """Return the command to run; `wandb agent` requires the program, if there is one."""
    program = {"program": sweep.config["program"]} if sweep.config.get("program") else {}
    return {"type": "run", "run_id": assignment.run, "args": assignment.args, **program}


def choose(sweep: Sweep) -> dict[str, Any] | None:
    """Return the next parameters of the search; None at its end."""
    cap = sweep.config.get("run_cap")
    if cap is not None and len(sweep.assignments) >= cap:
        return None
    method = sweep.config["method"] if sweep.config["method"] == "grid" else "random"
    spec = load({"method": method, "parameters": sweep.config["parameters"]})
    params = make_searcher(spec, seed=sweep.number).ask(sweep.asked, [])
    sweep.asked += 1
    return None if params is None else {name: {"value": value} for name, value in params.items()}


def settle(site: Site, sweep: Sweep) -> None:
    """Finish a sweep whose search is exhausted and whose runs have all ended."""
    if not sweep.exhausted or sweep.state not in GOING:
        return
    assigned_runs = [
        site.find_run(sweep.entity, sweep.project, name) for name in sweep.assignments
    ]
    if all(run is not None and run.state != "running" for run in assigned_runs):
        sweep.state = "FINISHED"
        sweep.updated = site.now


def mutations(site: Site) -> dict[str, Any]:
    """Return the mutations of sweeps."""
    return {
        "upsertSweep": lambda given: upsert(site, given),
        "createAgent": lambda given: create_agent(site, given),
        "agentHeartbeat": lambda given: heartbeat(site, given),
    }
