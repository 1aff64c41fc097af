"""The addresses of the pages of sweeps and runs at W&B."""

from __future__ import annotations

import re
from urllib.parse import quote, urlsplit

# Browsers skip blanks and control characters before and inside a scheme.
_WEB = re.compile(r"https?://[^/?#\\\x00-\x20\x7f][^\x00-\x20\x7f]*", re.IGNORECASE)


def sweep_page(app_url: str, entity: str, project: str, sweep: str) -> str:
    """Return the page of a sweep."""
    return "/".join([app_url, quote(entity), quote(project), "sweeps", quote(sweep)])


def web_address(address: object) -> str | None:
    """Return an address that is safe as a link, else None; a folder may contain anything."""
    if not isinstance(address, str) or _WEB.fullmatch(address) is None:
        return None
    try:
        urlsplit(address)
    except ValueError:  # empty brackets of an IPv6 address
        return None
    return address


def run_page(sweep_url: str, run: str) -> str:
    """Return the page of a run whose sweep's page is `sweep_url`; "" if that has none."""
    project, separator, _ = sweep_url.rpartition("/sweeps/")
    return f"{project}/runs/{quote(run)}" if separator else ""
