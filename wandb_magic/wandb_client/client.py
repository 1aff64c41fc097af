"""The GraphQL client: short time limits, and one sentence for everything that can go wrong.

It does not retry: the caller knows how long that makes sense.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from wandb_magic.errors import RemoteError
from wandb_magic.wandb_client import queries

CONNECT_S = 5.0
ANSWER_S = 20.0
BUSY = frozenset({408, 425, 429})
REJECTED = frozenset({401, 403})
MISSING = 404
BROKEN = 500
SHOWN = 300  # characters of an unexpected response


class WandbClient:
    """The server, for one account; several threads may use it at once.

    Parameters
    ----------
    base_url
        The server's API.
    key
        The API key.
    source
        Where the key comes from, for messages.
    """

    def __init__(self, base_url: str, key: str, source: str = "") -> None:
        import requests  # noqa: PLC0415 - only sweeps that are online need it

        if not key:
            raise RemoteError(
                "W&B has no API key here: run `wandb login` or set WANDB_API_KEY, or use "
                "--mode offline"
            )
        self.base_url = base_url.rstrip("/")
        self._source = source
        self._requests: Any = requests
        self._session = requests.Session()
        self._session.auth = ("api", key)
        self._session.headers["Content-Type"] = "application/json"

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def entity(self, requested: str = "") -> str:
        """Return the user or team under which this account creates sweeps.

        Raises
        ------
        RemoteError
            If the server cannot be reached or rejects the key, or the account does not belong to
            `requested`.
        """
        viewer = self.execute(queries.VIEWER).get("viewer")
        if not viewer:
            raise RemoteError(self._rejected_message())
        edges = (viewer.get("teams") or {}).get("edges") or []
        teams = [edge["node"]["name"] for edge in edges]
        entities = dict.fromkeys(
            name for name in (viewer.get("entity"), viewer.get("username"), *teams) if name
        )
        if not requested:
            return str(next(iter(entities)))
        if requested not in entities:
            raise RemoteError(
                f"entity: {requested!r} is neither you nor one of your teams at {self.base_url}: "
                f"use one of {', '.join(entities)}"
            )
        return requested

    def execute(self, statement: str, **variables: object) -> dict[str, Any]:
        """Return the data of a GraphQL response.

        Raises
        ------
        RemoteError
            If there is no data.
        """
        body = json.dumps({"query": statement, "variables": variables})
        try:
            response = self._session.post(
                f"{self.base_url}/graphql", data=body, timeout=(CONNECT_S, ANSWER_S)
            )
            status, text = response.status_code, response.text
        except self._requests.Timeout:
            raise RemoteError(
                self._unreachable_message("it does not answer"), lasting=False
            ) from None
        except self._requests.exceptions.SSLError as error:
            raise RemoteError(
                self._unreachable_message(f"its certificate is refused ({error})")
            ) from None
        except self._requests.exceptions.InvalidURL:
            raise RemoteError(
                f"{self.base_url!r} is not an address: correct WANDB_BASE_URL"
            ) from None
        except self._requests.RequestException as error:  # including a response that is cut off
            raise RemoteError(self._unreachable_message(_reason(error)), lasting=False) from None
        return self._data(status, text)

    def _data(self, status: int, text: str) -> dict[str, Any]:
        try:
            document = json.loads(text)
        except ValueError:
            document = None
        errors = document.get("errors") if isinstance(document, Mapping) else None
        messages = "; ".join(_message(each) for each in errors) if isinstance(errors, list) else ""
        if status in REJECTED:
            raise RemoteError(self._rejected_message())
        if status >= BROKEN or status in BUSY:
            raise RemoteError(
                f"W&B at {self.base_url} is in trouble (HTTP {status})", lasting=False
            )
        if status == MISSING:
            raise RemoteError(f"W&B at {self.base_url} does not find it: {messages or 'HTTP 404'}")
        data = document.get("data") if isinstance(document, Mapping) else None
        if messages or not isinstance(data, dict):
            raise RemoteError(f"W&B at {self.base_url} reports: {messages or text[:SHOWN]}")
        return data

    def _rejected_message(self) -> str:
        source = f" from {self._source}" if self._source else ""
        return (
            f"W&B at {self.base_url} rejects the API key{source}: log in again with "
            "`wandb login --relogin`, or use --mode offline"
        )

    def _unreachable_message(self, why: str) -> str:
        host = urlsplit(self.base_url).netloc or self.base_url
        return (
            f"W&B at {host} cannot be reached: {why} (is there a network, is WANDB_BASE_URL "
            "right? With --mode offline it is not needed)"
        )


def _message(error: object) -> str:
    return str(error.get("message", error)) if isinstance(error, Mapping) else str(error)


def _reason(error: Exception) -> str:
    """Return the system's own reason, which is below two layers of exceptions."""
    text = str(error)
    for pattern, reason in (
        ("Connection refused", "it refuses the connection"),
        ("Name or service not known", "no such host is known"),
        ("nodename nor servname", "no such host is known"),
        ("Temporary failure in name resolution", "host names cannot be resolved here"),
        ("No route to host", "there is no route to it"),
        ("Network is unreachable", "there is no network"),
        ("timed out", "it does not answer"),
    ):
        if pattern in text:
            return reason
    return "the connection broke"
