"""The user, entities, projects, and the server's information about itself."""

from __future__ import annotations

from fake_wandb_server import artifact_views, artifacts, run_views, sweep_views
from fake_wandb_server.graphql import Args, Node
from fake_wandb_server.paging import connection
from fake_wandb_server.site import ENTITY, USER, Site, global_id, timestamp

# Parts of the schema that the old client queries, to do only what is supported.
SCHEMA: dict[str, list[str]] = {
    "Query": ["viewer", "serverInfo", "project", "model", "entity", "artifact", "clientIDMapping"],
    "Mutation": [
        "upsertBucket",
        "upsertSweep",
        "createAgent",
        "agentHeartbeat",
        "createRunFiles",
        "createArtifact",
        "createArtifactManifest",
        "createArtifactFiles",
        "commitArtifact",
        "useArtifact",
        "updateArtifact",
        "deleteRun",
        "deleteFiles",
    ],
    "ServerInfo": ["cliVersionInfo", "features", "latestLocalVersionInfo"],
    # The old `wandb sync` ends silently if this type is missing.
    "ServerSettings": [],
    "Project": ["internalId", "runs", "run", "artifactType", "sweeps", "artifactCollection"],
    "Run": ["projectId", "internalId", "historyKeys", "stopped", "state"],
    "Artifact": ["ttlDurationSeconds", "ttlIsInherited", "tags", "historyStep", "aliases"],
    "CreateArtifactInput": [
        "entityName",
        "projectName",
        "runName",
        "description",
        "artifactTypeName",
        "artifactCollectionName",
        "artifactCollectionNames",
        "digest",
        "digestAlgorithm",
        "aliases",
        "metadata",
        "clientID",
        "sequenceClientID",
        "enableDigestDeduplication",
        "distributedID",
        "historyStep",
        "ttlDurationSeconds",
        "tags",
        "storageRegion",
    ],
    "CreateArtifactFileSpecInput": [
        "artifactID",
        "name",
        "md5",
        "mimetype",
        "artifactManifestID",
        "uploadPartsInput",
        "storagePath",
    ],
    "UseArtifactInput": [
        "artifactID",
        "entityName",
        "projectName",
        "runName",
        "usedAs",
        "artifactEntityName",
        "artifactProjectName",
    ],
    "AddAliasesInput": ["artifactID", "aliases"],
    "DeleteFilesInput": ["files", "projectId"],
}


def user(site: Site) -> Node:
    return Node(
        "User",
        {
            "id": global_id("User", USER),
            "entity": ENTITY,
            "username": USER,
            "name": USER,
            "email": f"{USER}@example.org",
            "admin": False,
            "flags": "{}",
            "deletedAt": None,
            "apiKeys": {"edges": []},
            "teams": connection([Node("Entity", {"name": name}) for name in site.entities]),
        },
    )


def entity(site: Site, name: str) -> Node | None:
    if name not in site.entities:
        return None
    return Node(
        "Entity",
        {
            "id": global_id("Entity", name),
            "name": name,
            "available": False,
            "isTeam": True,
            "readOnly": False,
            "entityType": "team",
            "organization": None,
            "xxhashDigestsEnabled": False,
            "projects": lambda args: connection(
                [node for each in site.entities[name] if (node := project(site, name, each))], args
            ),
        },
    )


def project(site: Site, entity_name: str | None, name: str | None) -> Node | None:
    entity_name = entity_name or ENTITY
    name = name or "uncategorized"
    if name not in site.entities.get(entity_name, []):
        return None

    def run(args: Args) -> Node | None:
        record = site.find_run(entity_name, name, args.get("name"))
        return run_views.run_node(site, record) if record else None

    def chosen(args: Args) -> list[Node]:
        records = run_views.matching(
            site, entity_name, name, args.get("filters"), args.get("order")
        )
        return [run_views.run_node(site, each) for each in records]

    def sweep(args: Args) -> Node | None:
        record = site.find_sweep(entity_name, name, args["sweepName"])
        return sweep_views.sweep_node(site, record) if record else None

    all_sweeps = [
        each for each in site.sweeps.values() if (each.entity, each.project) == (entity_name, name)
    ]
    return Node(
        "Project",
        {
            "id": global_id("Project", name, entity_name),
            "internalId": global_id(
                "ProjectInternalId", site.entities[entity_name].index(name) + 1
            ),
            "name": name,
            "entityName": entity_name,
            "createdAt": timestamp(0),
            "isBenchmark": False,
            "readOnly": False,
            "description": None,
            "access": "PRIVATE",
            "views": None,
            "user": lambda _: user(site),
            "entity": lambda _: entity(site, entity_name),
            "run": run,
            "bucket": run,
            "runs": lambda args: connection(chosen(args), args),
            "runCount": lambda args: len(chosen(args)),
            "sweep": sweep,
            "sweeps": lambda args: connection(
                [sweep_views.sweep_node(site, each) for each in all_sweeps], args
            ),
            "totalSweeps": len(all_sweeps),
            **artifact_views.of_project(site, entity_name, name),
        },
    )


def server_info(_args: Args) -> Node:
    # No features are announced, so the clients use only what every server has.
    return Node(
        "ServerInfo",
        {
            "features": [],
            "cliVersionInfo": {"max_cli_version": "99.0.0", "min_cli_version": "0.10.0"},
            "latestLocalVersionInfo": None,
        },
    )


def type_info(args: Args) -> Node | None:
    names = SCHEMA.get(args["name"])
    if names is None:
        return None
    fields = [Node("__Field", {"name": name, "args": []}) for name in names]
    is_input = args["name"].endswith("Input")
    return Node(
        "__Type",
        {
            "name": args["name"],
            "fields": None if is_input else fields,
            "inputFields": fields if is_input else None,
        },
    )


def queries(site: Site) -> dict[str, object]:
    """Return the top-level fields of a query."""

    def by_name(args: Args) -> Node | None:
        return project(site, args.get("entityName") or args.get("entity"), args.get("name"))

    return {
        "viewer": lambda _: user(site),
        "serverInfo": server_info,
        "project": by_name,
        "model": by_name,
        "models": lambda args: connection(
            [
                node
                for each in site.entities.get(args.get("entityName") or ENTITY, [])
                if (node := project(site, args.get("entityName"), each))
            ],
            args,
        ),
        "entity": lambda args: entity(site, args.get("name") or ENTITY),
        "organization": None,
        "__type": type_info,
        **artifacts.queries(site),
    }
