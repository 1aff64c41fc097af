"""Artifacts."""
from __future__ import annotations
from typing import Any
from loopback.site import Site
from loopback.state import Run
def of_project(site: Site, entity: str, project: str) -> dict[str, Any]:
    return {}
def of_run(site: Site, run: Run) -> dict[str, Any]:
    return {}
def queries(site: Site) -> dict[str, Any]:
    return {}
def mutations(site: Site) -> dict[str, Any]:
    return {}
