"""What clients do to runs: make and change them, stop and delete them."""

from __future__ import annotations

import json
from typing import Any

from fake_wandb_server import sweeps
from fake_wandb_server.document import GraphQLError
from fake_wandb_server.graphql import Args, Node
from fake_wandb_server.run_views import file_node, run_node
from fake_wandb_server.site import ENTITY, Site, global_id, parts_of
from fake_wandb_server.state import Run


def upsert(site: Site, given: Args) -> Node:
    """Make a run, or change what a client says of it."""
    run = None
    if given.get("id"):
        _, name, project, entity = parts_of(given["id"])
        run = site.find_run(entity, project, name)
    else:
        entity, project = site.project(
            given.get("entityName"), given.get("modelName"), "upsertBucket"
        )
        name = given.get("name") or f"run{site.count():05}"
        run = site.find_run(entity, project, name)
    inserted = run is None
    if run is None:
        site.make_project(entity, project)
        number = len(site.runs) + 1
        run = Run(name, project, entity, site.now, number, f"fake_wandb_server-{number}")
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
    return Node("UpsertBucketPayload", {"bucket": run_node(site, run), "inserted": inserted})


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
        raise GraphQLError(
            f"run {entity}/{project}/{given['runName']} not found during {during}", 404
        )
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
