"""The clients' operations on runs: create, change, stop and delete."""

from __future__ import annotations

import json
from typing import Any

from fake_wandb_server import sweeps
from fake_wandb_server.document import GraphQLError
from fake_wandb_server.graphql import Args, Node
from fake_wandb_server.run_views import file_node, run_node
from fake_wandb_server.site import ENTITY, Site, global_id, parts_of
from fake_wandb_server.state import Run


def upsert(site: Site, args: Args) -> Node:
    """Create a run, or change what a client reports about it."""
    run = None
    if args.get("id"):
        _, name, project, entity = parts_of(args["id"])
        run = site.find_run(entity, project, name)
    else:
        entity, project = site.project(
            args.get("entityName"), args.get("modelName"), "upsertBucket"
        )
        name = args.get("name") or f"run{site.count():05}"
        run = site.find_run(entity, project, name)
    inserted = run is None
    if run is None:
        site.make_project(entity, project)
        number = len(site.runs) + 1
        run = Run(name, project, entity, site.now, number, f"fake_wandb_server-{number}")
        run.heartbeat = site.now
        run.should_stop = name in site.stopped
        site.runs[entity, project, name] = run
    change(run, args)
    if not args.get("id"):  # the public API changes runs by their id, whatever their state
        run.upserts += 1
        run.heartbeat = site.now
        if run.exit_code is not None:
            run.resumed += 1
            run.exit_code = run.finished = None
        run.declared = args.get("state") or "running"
    if args.get("sweep"):
        sweeps.attach(site, run, args["sweep"])
    return Node("UpsertBucketPayload", {"bucket": run_node(site, run), "inserted": inserted})


def change(run: Run, args: Args) -> None:
    """Update the given fields; others stay unchanged."""
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
        if args.get(key) is not None:
            setattr(run, name, args[key])
    if args.get("config"):
        run.raw_config = json.loads(args["config"])
    if args.get("summaryMetrics"):
        run.summary_metrics = args["summaryMetrics"]


def create_files(site: Site, args: Args) -> Node:
    """Return the upload addresses of a run's files."""
    run = existing(site, args, "createRunFiles")
    return Node(
        "CreateRunFilesPayload",
        {
            "runID": global_id("Run", run.name, run.project, run.entity),
            "uploadHeaders": [],
            "files": [file_node(site, run, name) for name in args["files"]],
        },
    )


def existing(site: Site, args: Args, during: str) -> Run:
    entity, project = args.get("entityName") or ENTITY, args.get("projectName")
    run = site.find_run(entity, project, args["runName"])
    if run is None:
        raise GraphQLError(
            f"run {entity}/{project}/{args['runName']} not found during {during}", 404
        )
    return run


def by_id(site: Site, identifier: str, during: str) -> Run:
    _, name, project, entity = parts_of(identifier)
    run = site.find_run(entity, project, name)
    if run is None:
        raise GraphQLError(f"run {name} not found during {during}", 404)
    return run


def mutations(site: Site) -> dict[str, Any]:
    """Return the mutations of runs."""
    done = Node("Payload", {"success": True, "clientMutationId": None})

    def stop(args: Args) -> Node:
        by_id(site, args["id"], "stopRun").should_stop = True
        return done

    def delete(args: Args) -> Node:
        run = by_id(site, args["id"], "deleteRun")
        del site.runs[run.entity, run.project, run.name]
        return done

    def delete_files(args: Args) -> Node:
        for identifier in args["files"]:
            _, entity, project, name, file = parts_of(identifier)
            if run := site.find_run(entity, project, name):
                run.files.pop(file, None)
        return done

    def alert(args: Args) -> Node:
        existing(site, args, "notifyScriptableRunAlert").alerts.append(args)
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
