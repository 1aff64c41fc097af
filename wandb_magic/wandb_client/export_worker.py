"""The child process that exports a sweep and its runs, read through W&B's public API.

It reads one request from stdin and writes one JSON object per line to stdout; see
`wandb_magic.wandb_client.export`.
"""

from __future__ import annotations

import inspect
import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime, timezone
from itertools import islice
from typing import Any, TextIO

import wandb
import yaml

from wandb_magic.errors import RemoteError
from wandb_magic.wandb_client import wandb_internals
from wandb_magic.wandb_client.client import WandbClient
from wandb_magic.wandb_client.links import sweep_page
from wandb_magic.wandb_client.sweeps import DEFAULT_PROJECT, query_sweep

LINE = 500  # rows per line
SAMPLES = 10_000  # of the system metrics of a run, at most
PAGE = 50


def main() -> None:
    """Export the requested sweep."""
    stream = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # wandb prints
    request = json.load(sys.stdin)
    try:
        for line in _export(request):
            _write_message(stream, line)
    except RemoteError as error:
        _write_message(stream, {"error": str(error), "lasting": error.lasting})
    except Exception as error:  # noqa: BLE001 - the public API raises whatever happens below it
        reason = " ".join((str(error) or type(error).__name__).split())[:300]
        _write_message(stream, {"error": f"W&B cannot be read: {reason}", "lasting": False})
    stream.close()


def _write_message(stream: TextIO, line: Mapping[str, Any]) -> None:
    stream.write(json.dumps(line, default=str))
    stream.write("\n")
    stream.flush()


def _export(request: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the messages; our own client looks for the sweep first, to report errors quickly."""
    account = wandb_internals.account()
    client = WandbClient(account["base_url"], account["key"], account["source"])
    try:
        entity = request["entity"] or account["entity"] or client.entity()
        project = request["project"] or account["project"] or DEFAULT_PROJECT
        sweep = query_sweep(client, entity, project, request["sweep"])
    finally:
        client.close()
    yield {
        "sweep": {
            "entity": entity,
            "project": project,
            "id": request["sweep"],
            "url": sweep_page(account["app_url"], entity, project, request["sweep"]),
            "config": yaml.safe_load(sweep["config"]) or {},
            "state": str(sweep["state"]).upper(),
            "base_url": account["base_url"],
        }
    }
    for run in _runs(f"{entity}/{project}", request["sweep"]):
        message = _run_message(run)
        mark, step = request["known"].get(message["id"], ("", 0))
        if message["mark"] == mark:
            continue
        yield {"run": message}
        for rows in _batches(run.scan_history(page_size=1000, min_step=step)):
            yield {"rows": rows, "system": False}
        samples = run.history(samples=SAMPLES, stream="system", pandas=False)
        for rows in _batches(samples):
            yield {"rows": rows, "system": True}
    yield {"end": True}


def _runs(path: str, sweep: str) -> Iterable[Any]:
    api: Any = wandb.Api()
    runs: Callable[..., Iterable[Any]] = api.runs
    parameters = inspect.signature(runs).parameters
    # Newer clients fetch config and summary one run at a time unless this is disabled.
    options = {"lazy": False} if "lazy" in parameters else {}
    return runs(
        path,
        filters={"sweep": sweep},
        order="+created_at",
        per_page=PAGE,
        include_sweeps=False,
        **options,
    )


def _run_message(run: Any) -> dict[str, Any]:  # noqa: ANN401 - W&B's class differs from version to version
    heartbeat = getattr(run, "heartbeatAt", None) or run.created_at
    return {
        "id": run.id,
        "name": run.name or run.id,
        "state": run.state,
        "mark": f"{run.state} {heartbeat}",
        "created": _seconds(run.created_at),
        "heartbeat": _seconds(heartbeat),
        "config": {key: value for key, value in run.config.items() if not key.startswith("_")},
        "summary": dict(run.summary_metrics or {}),
        "tags": list(run.tags or ()),
        "notes": getattr(run, "notes", None) or "",
        "group": getattr(run, "group", None) or "",
        "job_type": getattr(run, "jobType", None) or "",
        "commit": getattr(run, "commit", None) or "",
    }


def _batches(rows: Iterable[Any]) -> Iterator[list[Any]]:
    iterator = (row for row in rows)  # W&B's own iterator restarts with each `iter()`
    while batch := list(islice(iterator, LINE)):
        yield batch


def _seconds(text: str) -> float:
    moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    return (moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)).timestamp()


if __name__ == "__main__":
    main()
