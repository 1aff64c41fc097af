"""Runs as the clients see them, with their files."""

from __future__ import annotations

import fnmatch
import hashlib
import json
from functools import partial
from urllib.parse import quote

from fake_wandb_server import accounts, artifact_views, history, sweep_views
from fake_wandb_server.filters import matches, sort_key
from fake_wandb_server.graphql import Args, Node
from fake_wandb_server.paging import connection
from fake_wandb_server.site import USER, Site, global_id, timestamp
from fake_wandb_server.state import CONSOLE, EVENTS, HISTORY, Run


def run_node(site: Site, run: Run) -> Node:
    """Return a run as the clients see it."""
    ended = run.declared != "running"
    console = run.stream(CONSOLE)

    def log_lines(_args: Args) -> Node:
        lines = [
            Node(
                "LogLine",
                {"number": n, "line": text, "level": None, "label": None, "timestamp": None},
            )
            for n, text in sorted(console.lines.items())
        ]
        return connection(lines, _args)

    def project(_args: Args) -> Node | None:
        return accounts.project(site, run.entity, run.project)

    def sweep(_args: Args) -> Node | None:
        record = site.find_sweep(run.entity, run.project, run.sweep) if run.sweep else None
        return sweep_views.sweep_node(site, record) if record else None

    return Node(
        "Run",
        {
            "id": global_id("Run", run.name, run.project, run.entity),
            "name": run.name,
            "projectId": str(site.entities[run.entity].index(run.project) + 1),
            "internalId": str(run.number),
            "displayName": run.display_name,
            "description": run.description,
            "notes": run.notes,
            "tags": run.tags,
            "group": run.group,
            "groupName": run.group,
            "jobType": run.job_type,
            "commit": run.commit,
            "host": run.host,
            "readOnly": False,
            "state": run.state,
            "exitcode": run.exit_code,
            "shouldStop": run.should_stop,
            "stopped": run.should_stop,
            "failed": run.state in {"failed", "crashed"},
            "running": not ended,
            "createdAt": timestamp(run.created),
            "heartbeatAt": timestamp(run.heartbeat),
            "updatedAt": timestamp(run.heartbeat),
            "duration": int(run.heartbeat - run.created),
            "config": lambda _: json.dumps(run.raw_config),
            "wandbConfig": lambda args: json.dumps(
                {
                    key: run.raw_config.get("_wandb", {}).get("value", {}).get(key)
                    for key in args["keys"]
                }
            ),
            "summaryMetrics": run.summary_metrics,
            "systemMetrics": lambda _: json.dumps(history.system_metrics(run)),
            "historyLineCount": run.stream(HISTORY).count,
            "eventsLineCount": run.stream(EVENTS).count,
            "logLineCount": console.count,
            "historyTail": lambda _: json.dumps(run.stream(HISTORY).all()[-1:]),
            "eventsTail": lambda _: json.dumps(run.stream(EVENTS).all()[-1:]),
            "logLines": log_lines,
            "sweepName": run.sweep,
            "sweep": sweep,
            "project": project,
            "user": Node("User", {"name": USER, "username": USER, "id": global_id("User", USER)}),
            "fileCount": len(run.files),
            "files": lambda args: files(site, run, args),
            "runInfo": None,
            **history.fields(run),
            **artifact_views.of_run(site, run),
        },
    )


def runs_page(site: Site, runs: list[Run], args: Args) -> Node:
    """Return a page of runs."""
    return connection([run_node(site, run) for run in runs], args)


def files(site: Site, run: Run, args: Args) -> Node:
    """Return the files of a run; those requested by name even if they do not exist yet."""
    names = args.get("names") or []
    pattern = args.get("pattern")
    listed_names = sorted(run.files)
    if names:
        listed_names = list(names)
    elif pattern:
        listed_names = [
            name for name in listed_names if fnmatch.fnmatchcase(name, pattern.replace("%", "*"))
        ]
    page = connection([file_node(site, run, name) for name in listed_names], args)
    return Node("FileConnection", {**page.fields, "uploadHeaders": []})


def file_node(site: Site, run: Run, name: str) -> Node:
    stored = run.files.get(name)
    content = stored.content if stored else b""
    url = file_url(site, run, name)
    return Node(
        "File",
        {
            "id": global_id("File", run.entity, run.project, run.name, name),
            "name": name,
            "url": url,
            "directUrl": url,
            "uploadUrl": url,
            "uploadHeaders": [],
            "sizeBytes": str(len(content)),
            "mimetype": None,
            "updatedAt": timestamp(stored.updated) if stored else None,
            "md5": hashlib.md5(content).hexdigest(),
        },
    )


def file_url(site: Site, run: Run, name: str) -> str:
    return f"{site.url}/storage/runs/{quote(run.path)}/{quote(name)}"


def matching(
    site: Site, entity: str, project: str, filters: str | None, order: str | None
) -> list[Run]:
    """Return the runs of a project that match a filter in MongoDB's language, in order."""
    runs = site.runs_of(entity, project)
    if filters:
        runs = [run for run in runs if matches(run, json.loads(filters))]
    for name in reversed(list(filter(None, (order or "").split(",")))):
        runs.sort(key=partial(sort_key, order=name), reverse=name[0] == "-")
    return runs
