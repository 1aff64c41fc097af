"""Requests to a sweep: rows in its store, which its supervisor answers."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wandb_magic.store import serialization
from wandb_magic.store.connection import connect_to_read, connect_to_write, explain_errors


def insert_request(path: Path, verb: str, arguments: Mapping[str, Any]) -> int:
    """Insert a request and return its id.

    Parameters
    ----------
    path
        The sweep's store.
    verb, arguments
        The request; the arguments are JSON values.

    Raises
    ------
    StoreError
        If the store is missing, damaged, locked, or cannot be written.
    """
    row = {"verb": verb, "arguments": serialization.to_json(arguments), "created": time.time()}
    with explain_errors(path), closing(connect_to_write(path)) as connection:
        request = connection.execute(*serialization.insert("request", row)).lastrowid
    assert request is not None
    return request


def withdraw_request(path: Path, request: int) -> bool:
    """Withdraw a request that was not taken up yet; return whether that succeeded.

    Raises
    ------
    StoreError
        If the store is missing, damaged, locked, or cannot be written.
    """
    with explain_errors(path), closing(connect_to_write(path)) as connection:
        row_count = connection.execute(
            "UPDATE request SET answered = ?, error = 'withdrawn'"
            " WHERE id = ? AND answered IS NULL",
            (time.time(), request),
        ).rowcount
    return row_count > 0


@dataclass(frozen=True)
class Answer:
    """The answer to a request: why it was refused, or "" and its result (a JSON value)."""

    refusal: str
    result: Any = None


def read_answer(path: Path, request: int) -> Answer | None:
    """Return the answer to a request; None while it waits.

    Raises
    ------
    StoreError
        If the store is missing or damaged.
    """
    with explain_errors(path), closing(connect_to_read(path)) as connection:
        cursor = connection.execute("SELECT * FROM request WHERE id = ?", (request,))
        row = cursor.fetchone()
        names = [column[0] for column in cursor.description]
    if row is None:
        return None
    values = dict(zip(names, row, strict=True))
    if values["error"] is None:
        return None
    # A supervisor of an earlier version gives no results.
    return Answer(values["error"], json.loads(values.get("result", "null")))
