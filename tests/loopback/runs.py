"""Runs: how clients make, change and read them."""

from __future__ import annotations

import fnmatch
import hashlib
import json
from typing import Any
from urllib.parse import quote

from loopback import artifact_views, history, sweeps
from loopback.filters import matches, sort_key
from loopback.graphql import Args, GraphQLError, Node
from loopback.paging import connection
from loopback.site import ENTITY, USER, Site, global_id, parts_of, timestamp
from loopback.state import CONSOLE, EVENTS, HISTORY, Run


def node(site: Site, run: Run) -> Node:
    """Return a run as the clients see it."""
    ended = run.declared != "running"
    console = run.stream(CONSOLE)

    def log_lines(_args: Args) -> Node:
        lines = [
            Node("LogLine", {"number": n, "line": text, "level": None, "label": None, "timestamp": None})
            for n, text in sorted(console.lines.items())
        ]
        return connection(lines, _args)

    def project(_args: Args) -> Node | None:
        from loopback import accounts  # noqa: PLC0415 - a project knows its runs, too

        return accounts.project(site, run.entity, run.project)

    def sweep(_args: Args) -> Node | None:
        found = site.find_sweep(run.entity, run.project, run.sweep) if run.sweep else None
        return sweeps.node(site, found) if found else None

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
                {key: run.raw_config.get("_wandb", {}).get("value", {}).get(key) for key in args["keys"]}
            ),
            "summaryMetrics": run.summary_metrics,
            "systemMetrics": lambda _: json.dumps(history.system_metrics(run)),
            "historyLineCount": run.stream(HISTORY).count,
            "eventsLineCount": run.stream(EVENTS).count,
            "logLineCount": console.count,
            "historyTail": json.dumps(run.stream(HISTORY).all()[-1:]),
            "eventsTail": json.dumps(run.stream(EVENTS).all()[-1:]),
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


def files(site: Site, run: Run, args: Args) -> Node:
    """Return the files of a run, those by name even before they exist."""
    names = args.get("names") or []
    pattern = args.get("pattern")
    found = sorted(run.files)
    if names:
        found = list(names)
    elif pattern:
        found = [name for name in found if fnmatch.fnmatchcase(name, pattern.replace("%", "*"))]
    page = connection([file_node(site, run, name) for name in found], args)
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
    """Return the runs of a project that a filter in MongoDB's language chooses, in an order."""
    found = site.runs_of(entity, project)
    if filters:
        found = [run for run in found if matches(run, json.loads(filters))]
    for name in reversed((order or "").split(",")):
        if name:
            found.sort(key=lambda run, name=name: sort_key(run, name), reverse=name[0] == "-")
    return found


def upsert(site: Site, given: Args) -> Node:
    """Make a run, or change what a client says of it."""
    run = None
    if given.get("id"):
        _, name, project, entity = parts_of(given["id"])
        run = site.find_run(entity, project, name)
    else:
        entity, project = site.project(given.get("entityName"), given.get("modelName"), "upsertBucket")
        name = given.get("name") or f"run{site.count():05}"
        run = site.find_run(entity, project, name)
    inserted = run is None
    if run is None:
        site.make_project(entity, project)
        number = len(site.runs) + 1
        run = Run(name, project, entity, site.now, number, f"loopback-{number}")
        run.heartbeat = site.now
        run.should_stop = name in site.stopped
        site.runs[entity, project, name] = run
    change(run, given)
    if not given.get("id"):  # the public API changes runs by their id, whatever their state
        run.upserts += 1
        run.heartbeat = site.now
        if run.exit_code is not None:
            run.resumed += 1
            run.exit_code = run.finished = None
        run.declared = given.get("state") or "running"
    if given.get("sweep"):
        sweeps.attach(site, run, given["sweep"])
    return Node("UpsertBucketPayload", {"bucket": node(site, run), "inserted": inserted})


def change(run: Run, given: Args) -> None:
    """Take over what was given; what was not stays."""
    for name, key in {
        "display_name": "displayName",
        "description": "description",
        "notes": "notes",
        "group": "groupName",
        "job_type": "jobType",
        "host": "host",
        "commit": "commit",
        "program": "jobProgram",
        "tags": "tags",
    }.items():
        if given.get(key) is not None:
            setattr(run, name, given[key])
    if given.get("config"):
        run.raw_config = json.loads(given["config"])
    if given.get("summaryMetrics"):
        run.summary_metrics = given["summaryMetrics"]


def create_files(site: Site, given: Args) -> Node:
    """Say where a run's files go."""
    run = existing(site, given, "createRunFiles")
    return Node(
        "CreateRunFilesPayload",
        {
            "runID": global_id("Run", run.name, run.project, run.entity),
            "uploadHeaders": [],
            "files": [file_node(site, run, name) for name in given["files"]],
        },
    )


def existing(site: Site, given: Args, during: str) -> Run:
    entity, project = given.get("entityName") or ENTITY, given.get("projectName")
    run = site.find_run(entity, project, given["runName"])
    if run is None:
        raise GraphQLError(f"run {entity}/{project}/{given['runName']} not found during {during}", 404)
    return run


def by_id(site: Site, identifier: str, during: str) -> Run:
    _, name, project, entity = parts_of(identifier)
    run = site.find_run(entity, project, name)
    if run is None:
        raise GraphQLError(f"run {name} not found during {during}", 404)
    return run


def mutations(site: Site) -> dict[str, Any]:
    """Return what can be done to runs."""
    done = Node("Payload", {"success": True, "clientMutationId": None})

    def stop(given: Args) -> Node:
        by_id(site, given["id"], "stopRun").should_stop = True
        return done

    def delete(given: Args) -> Node:
        run = by_id(site, given["id"], "deleteRun")
        del site.runs[run.entity, run.project, run.name]
        return done

    def delete_files(given: Args) -> Node:
        for identifier in given["files"]:
            _, entity, project, name, file = parts_of(identifier)
            if run := site.find_run(entity, project, name):
                run.files.pop(file, None)
        return done

    def alert(given: Args) -> Node:
        existing(site, given, "notifyScriptableRunAlert").alerts.append(given)
        return done

    return {
        "upsertBucket": lambda given: upsert(site, given),
        "createRunFiles": lambda given: create_files(site, given),
        "markRunFilesUploaded": lambda _: done,
        "stopRun": stop,
        "deleteRun": delete,
        "deleteFiles": delete_files,
        "notifyScriptableRunAlert": alert,
    }
