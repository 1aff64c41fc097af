"""Artifacts as the clients see them: versions, and the collections that they are in."""

from __future__ import annotations

import base64
from typing import Any

from fake_wandb_server import accounts, run_views
from fake_wandb_server.artifact_files import entries, entry_files, files, manifest_node
from fake_wandb_server.graphql import Args, Node
from fake_wandb_server.paging import connection
from fake_wandb_server.site import Site, global_id, timestamp
from fake_wandb_server.state import Artifact, Run

INHERITED = -2  # the clients' value for a time to live that the project determines


def sequence(site: Site, entity: str, project: str, name: str) -> list[Artifact]:
    """Return all versions of one artifact in order, including pending ones."""
    return [
        each
        for each in site.artifacts.values()
        if (each.entity, each.project, each.name) == (entity, project, name)
        and each.state != "DELETED"
    ]


def latest(versions: list[Artifact]) -> Artifact | None:
    committed = [each for each in versions if each.state == "COMMITTED"]
    return max(committed, key=lambda each: each.version, default=None)


def find(site: Site, identifier: str) -> Artifact | None:
    return site.artifacts.get(site.client_ids.get(identifier, identifier))


def by_name(site: Site, entity: str, project: str, name: str) -> Artifact | None:
    """Return the version that ``name:alias`` or ``name:v0`` refers to."""
    name, _, alias = name.partition(":")
    for artifact in sequence(site, entity, project, name):
        names = {*artifact.aliases, f"v{artifact.version}", artifact.digest, artifact.id}
        if artifact.state == "COMMITTED" and (alias or "latest") in names:
            return artifact
    return None


def artifact_node(site: Site, artifact: Artifact) -> Node:
    """Return one version."""
    versions = sequence(site, artifact.entity, artifact.project, artifact.name)
    collection = lambda _args=None: collection_node(site, versions or [artifact])  # noqa: E731 - lazy: it leads back

    def created_by(_args: Args) -> Node | None:
        run = site.find_run(artifact.entity, artifact.project, artifact.run)
        return run_views.run_node(site, run) if run else None

    def used_by(_args: Args) -> Node:
        runs = [run for path in artifact.used_by if (run := site.find_run(*path.split("/")))]
        return connection([run_views.run_node(site, run) for run in runs])

    aliases = [
        Node(
            "ArtifactAlias",
            {
                "id": global_id("ArtifactAlias", artifact.id, alias),
                "alias": alias,
                "artifactCollection": collection,
            },
        )
        for alias in artifact.aliases
    ]
    return Node(
        "Artifact",
        {
            "id": artifact.id,
            "artifactSequence": collection,
            "artifactType": Node("ArtifactType", {"name": artifact.type}),
            "versionIndex": artifact.version if artifact.state == "COMMITTED" else None,
            "description": artifact.description,
            "metadata": artifact.metadata,
            "ttlDurationSeconds": artifact.ttl or INHERITED,
            "ttlIsInherited": artifact.ttl is None,
            "tags": [tag_node(tag) for tag in artifact.tags],
            "historyStep": artifact.history_step,
            "state": artifact.state,
            "size": artifact.size,
            "digest": artifact.digest,
            "digestAlgorithm": "MANIFEST_MD5",
            "commitHash": base64.b64encode(artifact.id.encode()).decode()[:20],
            "fileCount": len(entries(artifact)),
            "createdAt": timestamp(artifact.created),
            "updatedAt": timestamp(artifact.created),
            "aliases": aliases,
            "currentManifest": lambda _: (
                manifest_node(site, artifact.manifest_id) if artifact.manifest_id else None
            ),
            "files": lambda args: files(site, artifact, args),
            "filesByManifestEntries": lambda args: entry_files(site, artifact, args["entries"]),
            "artifactMemberships": lambda _: connection([membership(site, artifact)]),
            "createdBy": created_by,
            "usedBy": used_by,
        },
    )


def tag_node(tag: str) -> Node:
    return Node("Tag", {"id": global_id("Tag", tag), "name": tag})


def collection_node(site: Site, versions: list[Artifact]) -> Node:
    """Return all versions of one artifact."""
    first, last = versions[0], latest(versions)

    def project(_args: Args) -> Node | None:
        return accounts.project(site, first.entity, first.project)

    def listed(args: Args) -> Node:
        committed = [each for each in versions if each.state == "COMMITTED"]
        nodes = [artifact_node(site, each) for each in reversed(committed)]
        return connection(
            nodes, args, edge=lambda node: {"version": f"v{node.fields['versionIndex']}"}
        )

    def member(args: Args) -> Node | None:
        version = by_name(site, first.entity, first.project, f"{first.name}:{args['aliasName']}")
        return membership(site, version) if version else None

    return Node(
        "ArtifactSequence",
        {
            "id": global_id("ArtifactSequence", first.entity, first.project, first.name),
            "name": first.name,
            "description": None,
            "createdAt": timestamp(first.created),
            "updatedAt": timestamp(first.created),
            "state": "READY",
            "digestAlgorithm": "MANIFEST_MD5",
            "defaultArtifactType": Node("ArtifactType", {"name": first.type}),
            "tags": connection([]),
            "latestArtifact": lambda _: artifact_node(site, last) if last else None,
            "artifacts": listed,
            "artifactMembership": member,
            "aliases": lambda args: connection(
                [
                    Node(
                        "ArtifactAlias",
                        {"id": global_id("ArtifactAlias", each.id, alias), "alias": alias},
                    )
                    for each in versions
                    for alias in each.aliases
                ],
                args,
            ),
            "project": project,
        },
    )


def membership(site: Site, artifact: Artifact) -> Node:
    node = artifact_node(site, artifact)
    return Node(
        "ArtifactCollectionMembership",
        {
            "id": global_id("ArtifactCollectionMembership", artifact.id),
            "versionIndex": artifact.version,
            "createdAt": timestamp(artifact.created),
            "aliases": node.fields["aliases"],
            "artifactCollection": node.fields["artifactSequence"],
            "artifact": node,
            "files": node.fields["files"],
        },
    )


def named(
    site: Site, entity: str | None = None, project: str | None = None, kind: str | None = None
) -> list[Node]:
    """Return the collections of a project, or of all projects."""
    versions_by_name: dict[tuple[str, str, str], list[Artifact]] = {}
    for artifact in site.artifacts.values():
        if (
            artifact.state != "DELETED"
            and entity in {None, artifact.entity}
            and project in {None, artifact.project}
            and kind in {None, artifact.type}
        ):
            versions_by_name.setdefault(
                (artifact.entity, artifact.project, artifact.name), []
            ).append(artifact)
    return [collection_node(site, versions) for versions in versions_by_name.values()]


def of_project(site: Site, entity: str, project: str) -> dict[str, Any]:
    """Return the fields of a project that concern artifacts."""

    def artifact(args: Args) -> Node | None:
        version = by_name(site, entity, project, args["name"])
        return artifact_node(site, version) if version else None

    def member(args: Args) -> Node | None:
        version = by_name(site, entity, project, args["name"])
        return membership(site, version) if version else None

    def collections(kind: str | None) -> dict[str, Any]:
        def one(args: Args) -> Node | None:
            nodes = named(site, entity, project, kind)
            return next((node for node in nodes if node.fields["name"] == args["name"]), None)

        return {
            "artifactCollections": lambda args: connection(
                named(site, entity, project, kind), args
            ),
            "artifactCollection": one,
            "artifactSequence": one,
        }

    def kind_node(kind: str) -> Node:
        identifier = global_id("ArtifactType", entity, project, kind)
        about = {"id": identifier, "name": kind, "description": None, "createdAt": timestamp(0)}
        return Node("ArtifactType", {**about, "artifact": artifact, **collections(kind)})

    def kinds() -> list[str]:
        artifacts = [
            each
            for each in site.artifacts.values()
            if (each.entity, each.project) == (entity, project)
        ]
        return list(dict.fromkeys(each.type for each in artifacts))

    return {
        "artifact": artifact,
        "artifactCollectionMembership": member,
        "artifactType": lambda args: kind_node(args["name"]) if args["name"] in kinds() else None,
        "artifactTypes": lambda args: connection([kind_node(kind) for kind in kinds()], args),
        **collections(None),
    }


def of_run(site: Site, run: Run) -> dict[str, Any]:
    """Return the fields of a run that concern artifacts."""

    def some(identifiers: list[str], args: Args) -> Node:
        artifacts = [site.artifacts[each] for each in identifiers]
        committed = [each for each in artifacts if each.state == "COMMITTED"]
        return connection([artifact_node(site, each) for each in committed], args)

    return {
        "outputArtifacts": lambda args: some(run.logged_ids, args),
        "inputArtifacts": lambda args: some(run.used_ids, args),
    }
