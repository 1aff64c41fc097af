"""Sweeps and runs as wire objects, read from a store."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from wandb_magic.bundle import Manifest
from wandb_magic.bundle.library_state import STATE
from wandb_magic.bundle.manifest import ENTRY, cell_path, manifest_path
from wandb_magic.display.sparkline import best_so_far
from wandb_magic.errors import BundleError, StoreError
from wandb_magic.paths import SweepPaths
from wandb_magic.records import RunId, RunRecord, documents, metric_of
from wandb_magic.remote import run_page, web_address
from wandb_magic.safe_open import read_below
from wandb_magic.server import wire
from wandb_magic.store import StoreReader
from wandb_magic.verbs.status import status_of
from wandb_magic.verbs.syncing import synced_url

SPARK = 60  # points of a sparkline
LONGEST = 500  # characters of a text in a row
MOST_MEDIA = 200  # steps of one key
LINE_MARK = "# %%wandb_sweep"


def summary(paths: SweepPaths, reader: StoreReader) -> wire.SweepSummary:
    """Return how a sweep stands."""
    status = status_of(reader, paths)
    record, metric, best = status.sweep, metric_of(status.sweep), status.best
    spark = [] if metric is None else best_so_far(reader.values(), maximize=metric.maximize)
    return {
        "id": record.id,
        "name": record.name,
        "project": record.project,
        "entity": record.entity,
        "mode": record.mode,
        "state": status.state,  # type: ignore[typeddict-item] # a state, or died
        "cause": status.cause,
        "folder": str(paths.folder),
        "url": web_address(record.url or synced_url(paths)),
        "created": record.created,
        "started": record.started,
        "finished": record.ended,
        "agents": record.agents,
        "count": record.budget,
        "ended": status.ended,
        "running": status.running,
        "failed": status.failed,
        "remaining": None if status.remaining is None else round(status.remaining),
        "metric": status.metric or None,
        "goal": None if metric is None else "maximize" if metric.maximize else "minimize",
        "best": None
        if best is None
        else {
            "id": best.id,
            "number": best.number,
            "value": finite(best.value),
            "params": plain(best.params),
        },
        "spark": thinned(spark),
        "notices": list(record.notices),
    }


def detail(paths: SweepPaths, reader: StoreReader, root: Path) -> wire.SweepDetail:
    """Return what stays the same while a sweep goes on."""
    record = reader.sweep()
    manifest = _manifest(paths.bundle)
    code = _text(paths, cell_path(paths.bundle))
    line, _, rest = code.partition("\n")
    magic = line.startswith(LINE_MARK)
    options = record.options
    return {
        "id": record.id,
        "spec": plain(record.spec),
        "yaml": read_below(paths.folder, paths.spec).decode("utf-8", "replace"),
        "kind": manifest.kind,
        "code": rest if magic else code,
        "line": line.removeprefix("# ") if magic else "",
        "captured": [
            {"name": each.name, "kind": each.kind, "size": each.size}
            for each in manifest.variables
            if each.name not in (ENTRY, STATE)
        ],
        "imports": sorted(manifest.imports),
        "python": manifest.python,
        "directory": manifest.directory,
        "notebook": notebook(manifest.notebook, root),
        "options": {
            "seed": options.seed,
            "sampler": options.sampler,
            "retries": options.retries,
            "run_timeout": options.run_timeout,
            "failure_limit": options.failure_limit,
            "grace": options.grace,
            "priors": len(options.priors),
        },
    }


def _manifest(bundle: Path) -> Manifest:
    try:
        return Manifest.read(bundle)
    except (BundleError, ValueError, TypeError, KeyError, AttributeError):
        path = manifest_path(bundle)
        raise StoreError(f"{path} is damaged: restore it, or delete the sweep") from None


def notebook(path: str, root: Path) -> str | None:
    """Return a notebook's path relative to the server's root, if it is below it and there."""
    if not path:
        return None
    absolute = Path(path) if Path(path).is_absolute() else root / path
    try:
        relative = absolute.resolve().relative_to(root.resolve())
    except ValueError:
        return None
    return relative.as_posix() if absolute.is_file() else None


def rows(reader: StoreReader, runs: Sequence[RunRecord]) -> list[wire.RunRow]:
    """Return runs as the table shows them."""
    ids = [run.id for run in runs]
    summaries, infos = reader.summaries(ids), reader.infos(ids)
    return [row(run, infos.get(run.id, {}), summaries.get(run.id, {})) for run in runs]


def row(run: RunRecord, info: Mapping[str, Any], logged: Mapping[str, Any]) -> wire.RunRow:
    """Return a run as the table shows it."""
    return {
        "id": run.id,
        "number": run.number,
        "attempt": run.attempt,
        "agent": run.agent,
        "name": info.get("name", ""),
        "group": info.get("group", ""),
        "tags": list(info.get("tags", ())),
        "host": info.get("host", ""),
        "state": run.state.value,
        "cause": run.cause,
        "failure": last_line(run.error),
        "created": run.created,
        "started": run.started,
        "ended": run.ended,
        "value": finite(run.value),
        "params": {key: plain(value) for key, value in documents(run.params, "").items()},
        "summary": {
            key: value[:LONGEST] if isinstance(value, str) else plain(value)
            for key, value in logged.items()
            if isinstance(value, (int, float, str, bool)) and not key.startswith("_")
        },
    }


def run_detail(paths: SweepPaths, reader: StoreReader, run: str) -> wire.RunDetail:
    """Return one run with all documents that W&B keeps of it."""
    record = reader.run(RunId(run))
    config, logged = reader.configs([record.id]), reader.summaries([record.id])
    info = reader.infos([record.id]).get(record.id, {})
    return {
        "row": row(record, info, logged.get(record.id, {})),
        "error": record.error,
        "exit_code": record.exit_code,
        "folder": record.directory,
        "url": _run_page(reader.sweep().url or synced_url(paths), run),
        "gpus": _text(paths, paths.run(record.id).devices),
        "info": plain(info),
        "config": plain(config.get(record.id, {})),
        "summary": {key: _brief(value) for key, value in logged.get(record.id, {}).items()},
        "charts": {
            table: {
                "key": chart.key,
                "kind": chart.kind,
                "fields": plain(chart.fields),
                "texts": plain(chart.texts),
            }
            for table, chart in reader.charts(record.id).items()
        },
    }


def _run_page(sweep_url: object, run: str) -> str | None:
    address = web_address(sweep_url)
    return run_page(address, run) or None if address else None


def _text(paths: SweepPaths, path: Path) -> str:
    """Return the text of a file of a sweep's; "" if it has none."""
    try:
        return read_below(paths.folder, path).decode("utf-8", "replace")
    except FileNotFoundError:
        return ""


def _brief(value: Any) -> Any:  # noqa: ANN401 - a JSON value
    """Return a value without what a page shows elsewhere: the bins of a histogram."""
    if isinstance(value, Mapping) and value.get("_type") == "histogram":
        return {"_type": "histogram"}
    return plain(value)


def media(reader: StoreReader, run: str, key: str | None) -> wire.Media:
    """Return what a run logged besides numbers; of one key at most `MOST_MEDIA` steps."""
    found = reader.media(reader.run(RunId(run)).id, key)
    if key is not None:
        # The last one always, the others evenly.
        found = found[:: -math.ceil(len(found) / MOST_MEDIA) or -1][::-1]
    return {
        "items": [
            {"key": each.key, "step": each.step, "time": each.time, "value": plain(each.value)}
            for each in found
        ]
    }


def keys(reader: StoreReader) -> wire.Keys:
    """Return what runs logged."""
    return {
        "history": reader.keys(),
        "system": reader.keys("system"),
        "media": reader.keys("media"),
    }


def finite(value: float | None) -> float | None:
    """Return a number that JSON has, or None."""
    return value if value is not None and math.isfinite(value) else None


def plain(value: Any) -> Any:  # noqa: ANN401 - a JSON value
    """Return a value that a user wrote or logged in JSON that every reader takes."""
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, Mapping):
        return {key: plain(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(each) for each in value]
    return value


def thinned(values: Sequence[float]) -> list[float]:
    """Return at most about `SPARK` of the values, the last one among them."""
    if len(values) <= SPARK:
        return list(values)
    stride = math.ceil(len(values) / SPARK)
    return [*values[:-1:stride], values[-1]]


def last_line(error: str) -> str:
    """Return the line of a traceback that says what went wrong."""
    lines = [line for line in error.splitlines() if line.strip()]
    return lines[-1].strip()[:500] if lines else ""
