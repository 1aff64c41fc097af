"""Artifacts: how they are made, kept by their content, named and used.

Their content lies by its MD5, as on the real server, so the same file is uploaded once.
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


def create(site: Site, given: Args) -> Node:
    """Make a version, or return the one with the same content."""
    entity, project = site.project(
        given.get("entityName"), given.get("projectName"), "createArtifact"
    )
    site.make_project(entity, project)
    names = given.get("artifactCollectionNames") or [given.get("artifactCollectionName")]
    name = names[0] or f"artifact-{given.get('runName')}"
    versions = sequence(site, entity, project, name)
    if versions and versions[0].type != given["artifactTypeName"]:
        raise GraphQLError(
            f"artifact {name} has type {versions[0].type}, not {given['artifactTypeName']}"
        )
    if (
        known := site.artifacts.get(site.client_ids.get(given.get("clientID") or "", ""))
    ) is not None:
        log(site, known, given.get("runName"))  # the same request again, its answer was lost
        return Node("CreateArtifactPayload", {"artifact": artifact_node(site, known)})
    same = [
        each for each in versions if each.digest == given["digest"] and each.state == "COMMITTED"
    ]
    if same and given.get("enableDigestDeduplication"):
        artifact = same[-1]
        site.client_ids[given.get("clientID") or ""] = artifact.id
        name_it(site, artifact, given.get("aliases") or [])
    else:
        artifact = new(site, given, entity, project, name)
    log(site, artifact, given.get("runName"))
    return Node("CreateArtifactPayload", {"artifact": artifact_node(site, artifact)})


def new(site: Site, given: Args, entity: str, project: str, name: str) -> Artifact:
    artifact = Artifact(
        id=global_id("Artifact", site.count()),
        name=name,
        type=given["artifactTypeName"],
        entity=entity,
        project=project,
        digest=given["digest"],
        created=site.now,
        client_id=given.get("clientID") or "",
        sequence_client_id=given.get("sequenceClientID") or "",
        run=given.get("runName"),
        description=given.get("description"),
        metadata=given.get("metadata") or "{}",
        asked_aliases=[each["alias"] for each in given.get("aliases") or []],
        tags=[each["tagName"] for each in given.get("tags") or []],
        ttl=given.get("ttlDurationSeconds"),
        history_step=given.get("historyStep"),
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


def create_manifest(site: Site, given: Args) -> Node:
    artifact = existing(site, given["artifactID"])
    identifier = global_id("ArtifactManifest", site.count())
    site.manifests[identifier] = artifact.id
    if given.get("type", "FULL") != "PATCH":
        artifact.manifest_id = identifier
    return Node(
        "CreateArtifactManifestPayload", {"artifactManifest": manifest_node(site, identifier)}
    )


def update_manifest(site: Site, given: Args) -> Node:
    identifier = given["artifactManifestID"]
    if identifier not in site.manifests:
        raise GraphQLError(f"manifest {identifier} not found during updateArtifactManifest", 404)
    return Node(
        "UpdateArtifactManifestPayload", {"artifactManifest": manifest_node(site, identifier)}
    )


def create_files(site: Site, given: Args) -> Node:
    """Say where files go; those that are there already need not be sent."""
    edges = []
    for spec in given["artifactFiles"]:
        artifact = existing(site, spec["artifactID"])
        path = content_path(artifact.entity, spec["md5"])
        known = path in site.blobs
        birth = site.births.setdefault(path, artifact.id)
        node = Node(
            "File",
            {
                "id": global_id("File", artifact.id, spec["name"]),
                "name": spec["name"],
                "displayName": spec["name"],
                "storagePath": path,
                "uploadUrl": None if known else f"{site.url}/storage/{quote(path)}",
                "uploadHeaders": [],
                "uploadMultipartUrls": None,
                "artifact": Node("Artifact", {"id": birth}),
            },
        )
        edges.append(Node("Edge", {"node": node}))
    return Node("CreateArtifactFilesPayload", {"files": Node("FileConnection", {"edges": edges})})


def commit(site: Site, given: Args) -> Node:
    """Make a version known: from now on it has a number and its names."""
    artifact = existing(site, given["artifactID"])
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


def use(site: Site, given: Args) -> Node:
    artifact = existing(site, given["artifactID"])
    run = site.find_run(
        given.get("entityName") or ENTITY, given.get("projectName"), given["runName"]
    )
    if run is None:
        raise GraphQLError(f"run {given['runName']} not found during useArtifact", 404)
    if artifact.id not in run.used_ids:
        run.used_ids.append(artifact.id)
        run.used.append(artifact.version_name)
        artifact.used_by.append(run.path)
    return Node("UseArtifactPayload", {"artifact": artifact_node(site, artifact)})


def update(site: Site, given: Args) -> Node:
    artifact = existing(site, given["artifactID"])
    if given.get("description") is not None:
        artifact.description = given["description"]
    if given.get("metadata") is not None:
        artifact.metadata = given["metadata"]
    if given.get("aliases") is not None:
        artifact.aliases = []
        name_it(site, artifact, given["aliases"])
    added = [each["tagName"] for each in given.get("tagsToAdd") or []]
    removed = [each["tagName"] for each in given.get("tagsToDelete") or []]
    artifact.tags = [tag for tag in dict.fromkeys([*artifact.tags, *added]) if tag not in removed]
    return Node("UpdateArtifactPayload", {"artifact": artifact_node(site, artifact)})


def existing(site: Site, identifier: str) -> Artifact:
    artifact = site.artifacts.get(site.client_ids.get(identifier, identifier))
    if artifact is None or artifact.state == "DELETED":
        raise GraphQLError(f"artifact {identifier} not found", 404)
    return artifact


def content_path(entity: str, digest: str) -> str:
    """Return where content with this MD5, in base 64, lies."""
    return f"artifacts/{entity}/{base64.b64decode(digest).hex()}"


def blob_path(route: list[str]) -> str:
    """Return which blob a request is about; clients build two kinds of address by themselves."""
    if route[0] == "artifacts":
        return "/".join(route[:3])
    if route[0] == "artifactsV2":  # region, entity, id of birth, MD5, perhaps a name
        return f"artifacts/{route[2]}/{route[4]}"
    return "/".join(route[1:])


def queries(site: Site) -> dict[str, Any]:
    """Return what queries about artifacts begin with."""

    def artifact(args: Args) -> Node | None:
        found = find(site, args["id"])
        return artifact_node(site, found) if found else None

    def mapping(args: Args) -> Node | None:
        found = site.client_ids.get(args["clientID"])
        return Node("ClientIDMapping", {"serverID": found}) if found else None

    def collection(args: Args) -> Node | None:
        return next((node for node in named(site) if node.fields["id"] == args["id"]), None)

    return {"artifact": artifact, "clientIDMapping": mapping, "artifactCollection": collection}


def mutations(site: Site) -> dict[str, Any]:
    """Return what can be done to artifacts."""
    done = Node("Payload", {"success": True})

    def add_aliases(given: Args) -> Node:
        name_it(site, existing(site, given["artifactID"]), given["aliases"])
        return done

    def delete_aliases(given: Args) -> Node:
        artifact = existing(site, given["artifactID"])
        gone = {each["alias"] for each in given["aliases"]}
        artifact.aliases = [alias for alias in artifact.aliases if alias not in gone]
        return done

    def delete(given: Args) -> Node:
        artifact = existing(site, given["artifactID"])
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
