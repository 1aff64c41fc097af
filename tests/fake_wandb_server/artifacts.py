"""Artifacts: creation, content-addressed storage, names and use.

Content is stored by its MD5, as on the real server, so the same file is uploaded only once.
Portfolios, the registry, and digests other than MD5 are refused.
"""

from __future__ import annotations

import base64
import json
from typing import Any
from urllib.parse import quote

from fake_wandb_server.artifact_files import manifest_node
from fake_wandb_server.artifact_views import artifact_node, find, latest, named, sequence
from fake_wandb_server.document import GraphQLError
from fake_wandb_server.graphql import Args, Node
from fake_wandb_server.site import ENTITY, Site, global_id
from fake_wandb_server.state import Artifact

LATEST = "latest"


def create(site: Site, args: Args) -> Node:
    """Create a version, or return the one with the same content."""
    entity, project = site.project(
        args.get("entityName"), args.get("projectName"), "createArtifact"
    )
    site.make_project(entity, project)
    names = args.get("artifactCollectionNames") or [args.get("artifactCollectionName")]
    name = names[0] or f"artifact-{args.get('runName')}"
    versions = sequence(site, entity, project, name)
    if versions and versions[0].type != args["artifactTypeName"]:
        raise GraphQLError(
            f"artifact {name} has type {versions[0].type}, not {args['artifactTypeName']}"
        )
    if (
        existing_version := site.artifacts.get(site.client_ids.get(args.get("clientID") or "", ""))
    ) is not None:
        log(
            site, existing_version, args.get("runName")
        )  # the same request again, because its response was lost
        return Node("CreateArtifactPayload", {"artifact": artifact_node(site, existing_version)})
    same = [
        each for each in versions if each.digest == args["digest"] and each.state == "COMMITTED"
    ]
    if same and args.get("enableDigestDeduplication"):
        artifact = same[-1]
        site.client_ids[args.get("clientID") or ""] = artifact.id
        name_it(site, artifact, args.get("aliases") or [])
    else:
        artifact = new(site, args, entity, project, name)
    log(site, artifact, args.get("runName"))
    return Node("CreateArtifactPayload", {"artifact": artifact_node(site, artifact)})


def new(site: Site, args: Args, entity: str, project: str, name: str) -> Artifact:
    artifact = Artifact(
        id=global_id("Artifact", site.count()),
        name=name,
        type=args["artifactTypeName"],
        entity=entity,
        project=project,
        digest=args["digest"],
        created=site.now,
        client_id=args.get("clientID") or "",
        sequence_client_id=args.get("sequenceClientID") or "",
        run=args.get("runName"),
        description=args.get("description"),
        metadata=args.get("metadata") or "{}",
        asked_aliases=[each["alias"] for each in args.get("aliases") or []],
        tags=[each["tagName"] for each in args.get("tags") or []],
        ttl=args.get("ttlDurationSeconds"),
        history_step=args.get("historyStep"),
    )
    site.artifacts[artifact.id] = artifact
    site.client_ids[artifact.client_id] = artifact.id
    return artifact


def log(site: Site, artifact: Artifact, run_name: str | None) -> None:
    run = site.find_run(artifact.entity, artifact.project, run_name)
    if run is not None and artifact.id not in run.logged_ids:
        run.logged_ids.append(artifact.id)
        if artifact.state == "COMMITTED":
            run.logged.append(artifact.version_name)


def create_manifest(site: Site, args: Args) -> Node:
    artifact = existing(site, args["artifactID"])
    identifier = global_id("ArtifactManifest", site.count())
    site.manifests[identifier] = artifact.id
    if args.get("type", "FULL") != "PATCH":
        artifact.manifest_id = identifier
    return Node(
        "CreateArtifactManifestPayload", {"artifactManifest": manifest_node(site, identifier)}
    )


def update_manifest(site: Site, args: Args) -> Node:
    identifier = args["artifactManifestID"]
    if identifier not in site.manifests:
        raise GraphQLError(f"manifest {identifier} not found during updateArtifactManifest", 404)
    return Node(
        "UpdateArtifactManifestPayload", {"artifactManifest": manifest_node(site, identifier)}
    )


def create_files(site: Site, args: Args) -> Node:
    """Return the upload addresses of files; existing files need not be sent."""
    edges = []
    for spec in args["artifactFiles"]:
        artifact = existing(site, spec["artifactID"])
        path = content_path(artifact.entity, spec["md5"])
        exists = path in site.blobs
        birth = site.births.setdefault(path, artifact.id)
        node = Node(
            "File",
            {
                "id": global_id("File", artifact.id, spec["name"]),
                "name": spec["name"],
                "displayName": spec["name"],
                "storagePath": path,
                "uploadUrl": None if exists else f"{site.url}/storage/{quote(path)}",
                "uploadHeaders": [],
                "uploadMultipartUrls": None,
                "artifact": Node("Artifact", {"id": birth}),
            },
        )
        edges.append(Node("Edge", {"node": node}))
    return Node("CreateArtifactFilesPayload", {"files": Node("FileConnection", {"edges": edges})})


def commit(site: Site, args: Args) -> Node:
    """Make a version known: from now on it has a number and its names."""
    artifact = existing(site, args["artifactID"])
    if artifact.state != "COMMITTED":
        before = latest(sequence(site, artifact.entity, artifact.project, artifact.name))
        content = site.blobs.get(f"manifests/{artifact.manifest_id}")
        if content is None:
            raise GraphQLError(f"artifact {artifact.name} has no manifest during commitArtifact")
        artifact.manifest = json.loads(content)
        artifact.version = before.version + 1 if before else 0
        artifact.state = "COMMITTED"
        aliases = dict.fromkeys([*artifact.asked_aliases, LATEST])
        name_it(site, artifact, [{"alias": alias} for alias in aliases])
        if run := site.find_run(artifact.entity, artifact.project, artifact.run):
            run.logged.append(artifact.version_name)
    return Node("CommitArtifactPayload", {"artifact": artifact_node(site, artifact)})


def name_it(site: Site, artifact: Artifact, aliases: list[dict[str, Any]]) -> None:
    """Move aliases to a version."""
    for alias in (each["alias"] for each in aliases):
        for other in sequence(site, artifact.entity, artifact.project, artifact.name):
            if alias in other.aliases:
                other.aliases.remove(alias)
        artifact.aliases.append(alias)


def use(site: Site, args: Args) -> Node:
    artifact = existing(site, args["artifactID"])
    run = site.find_run(args.get("entityName") or ENTITY, args.get("projectName"), args["runName"])
    if run is None:
        raise GraphQLError(f"run {args['runName']} not found during useArtifact", 404)
    if artifact.id not in run.used_ids:
        run.used_ids.append(artifact.id)
        run.used.append(artifact.version_name)
        artifact.used_by.append(run.path)
    return Node("UseArtifactPayload", {"artifact": artifact_node(site, artifact)})


def update(site: Site, args: Args) -> Node:
    artifact = existing(site, args["artifactID"])
    if args.get("description") is not None:
        artifact.description = args["description"]
    if args.get("metadata") is not None:
        artifact.metadata = args["metadata"]
    if args.get("aliases") is not None:
        artifact.aliases = []
        name_it(site, artifact, args["aliases"])
    added = [each["tagName"] for each in args.get("tagsToAdd") or []]
    removed = [each["tagName"] for each in args.get("tagsToDelete") or []]
    artifact.tags = [tag for tag in dict.fromkeys([*artifact.tags, *added]) if tag not in removed]
    return Node("UpdateArtifactPayload", {"artifact": artifact_node(site, artifact)})


def existing(site: Site, identifier: str) -> Artifact:
    artifact = site.artifacts.get(site.client_ids.get(identifier, identifier))
    if artifact is None or artifact.state == "DELETED":
        raise GraphQLError(f"artifact {identifier} not found", 404)
    return artifact


def content_path(entity: str, digest: str) -> str:
    """Return the path of the content with this MD5, given in base 64."""
    return f"artifacts/{entity}/{base64.b64decode(digest).hex()}"


def blob_path(route: list[str]) -> str:
    """Return the path of the blob in a request; clients build two kinds of address themselves."""
    if route[0] == "artifacts":
        return "/".join(route[:3])
    if route[0] == "artifactsV2":  # region, entity, id of birth, MD5, perhaps a name
        return f"artifacts/{route[2]}/{route[4]}"
    return "/".join(route[1:])


def queries(site: Site) -> dict[str, Any]:
    """Return the top-level fields of queries about artifacts."""

    def artifact(args: Args) -> Node | None:
        version = find(site, args["id"])
        return artifact_node(site, version) if version else None

    def mapping(args: Args) -> Node | None:
        server_id = site.client_ids.get(args["clientID"])
        return Node("ClientIDMapping", {"serverID": server_id}) if server_id else None

    def collection(args: Args) -> Node | None:
        return next((node for node in named(site) if node.fields["id"] == args["id"]), None)

    return {"artifact": artifact, "clientIDMapping": mapping, "artifactCollection": collection}


def mutations(site: Site) -> dict[str, Any]:
    """Return the mutations of artifacts."""
    done = Node("Payload", {"success": True})

    def add_aliases(args: Args) -> Node:
        name_it(site, existing(site, args["artifactID"]), args["aliases"])
        return done

    def delete_aliases(args: Args) -> Node:
        artifact = existing(site, args["artifactID"])
        removed = {each["alias"] for each in args["aliases"]}
        artifact.aliases = [alias for alias in artifact.aliases if alias not in removed]
        return done

    def delete(args: Args) -> Node:
        artifact = existing(site, args["artifactID"])
        artifact.state = "DELETED"
        return Node("DeleteArtifactPayload", {"artifact": artifact_node(site, artifact)})

    return {
        "createArtifact": lambda given: create(site, given),
        "createArtifactManifest": lambda given: create_manifest(site, given),
        "updateArtifactManifest": lambda given: update_manifest(site, given),
        "createArtifactFiles": lambda given: create_files(site, given),
        "commitArtifact": lambda given: commit(site, given),
        "useArtifact": lambda given: use(site, given),
        "updateArtifact": lambda given: update(site, given),
        "addAliases": add_aliases,
        "deleteAliases": delete_aliases,
        "deleteArtifact": delete,
    }
