"""The pages of sweeps and runs at W&B."""

from __future__ import annotations

import re
from urllib.parse import quote, urlsplit

# Browsers skip blanks and control characters before and inside a scheme.
_WEB = re.compile(r"https?://[^/?#\\\x00-\x20\x7f][^\x00-\x20\x7f]*", re.IGNORECASE)


def sweep_page(app_url: str, entity: str, project: str, sweep: str) -> str:
    """Return the page of a sweep."""
    return "/".join([app_url, quote(entity), quote(project), "sweeps", quote(sweep)])


def web_address(address: object) -> str | None:
    """Return an address that may become a link, or None; a sweep's folder may say anything."""
    if not isinstance(address, str) or _WEB.fullmatch(address) is None:
        return None
    try:
        urlsplit(address)
    except ValueError:  # the brackets of an IPv6 address, and nothing between
        return None
    return address


def run_page(sweep_url: str, run: str) -> str:
    """Return the page of a run whose sweep's page is `sweep_url`; "" if that has none."""
    project, found, _ = sweep_url.rpartition("/sweeps/")
    return f"{project}/runs/{quote(run)}" if found else ""
