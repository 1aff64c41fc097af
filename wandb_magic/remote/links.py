"""The pages of sweeps and runs at W&B."""

from __future__ import annotations

from urllib.parse import quote


def sweep_page(app_url: str, entity: str, project: str, sweep: str) -> str:
    """Return the page of a sweep."""
    return "/".join([app_url, quote(entity), quote(project), "sweeps", quote(sweep)])


def run_page(sweep_url: str, run: str) -> str:
    """Return the page of a run whose sweep's page is `sweep_url`; "" if that has none."""
    project, found, _ = sweep_url.rpartition("/sweeps/")
    return f"{project}/runs/{quote(run)}" if found else ""
