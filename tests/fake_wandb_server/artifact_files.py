"""The files of artifacts and their manifests as the clients see them, and where they lie."""

from __future__ import annotations

import base64
from typing import Any
from urllib.parse import quote

from fake_wandb_server.graphql import Args, Node
from fake_wandb_server.paging import connection
from fake_wandb_server.site import Site, global_id, timestamp
from fake_wandb_server.state import Artifact


def manifest_node(site: Site, identifier: str) -> Node:
    url = f"{site.url}/storage/manifests/{quote(identifier, safe='')}"
    file = {
        "id": global_id("File", identifier),
        "name": "wandb_manifest.json",
        "displayName": "wandb_manifest.json",
        "uploadUrl": url,
        "uploadHeaders": [],
        "directUrl": url,
    }
    return Node("ArtifactManifest", {"id": identifier, "file": Node("File", file)})


def entries(artifact: Artifact) -> dict[str, Any]:
    """Return the files by their path, without references."""
    contents = artifact.manifest.get("contents", {})
    return {path: entry for path, entry in contents.items() if "ref" not in entry}


def file_node(site: Site, artifact: Artifact, path: str, digest: str, size: int | None) -> Node:
    content = base64.b64decode(digest).hex()
    url = f"{site.url}/storage/artifacts/{quote(artifact.entity)}/{content}"
    return Node(
        "File",
        {
            "id": global_id("File", artifact.id, path),
            "name": path,
            "displayName": path,
            "url": url,
            "directUrl": url,
            "sizeBytes": size,
            "storagePath": f"artifacts/{artifact.entity}/{content}",
            "mimetype": None,
            "updatedAt": timestamp(artifact.created),
            "digest": digest,
            "md5": digest,
        },
    )


def files(site: Site, artifact: Artifact, args: Args) -> Node:
    names = args.get("names")
    nodes = [
        file_node(site, artifact, path, entry["digest"], entry.get("size"))
        for path, entry in sorted(entries(artifact).items())
        if not names or path in names
    ]
    return connection(nodes, args, "FileConnection")


def entry_files(site: Site, artifact: Artifact, wanted: list[dict[str, Any]]) -> Node:
    """Return where the content of entries of a client's own manifest lies."""
    return connection(
        [file_node(site, artifact, each["name"], each["digest"], None) for each in wanted]
    )
