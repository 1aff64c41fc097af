"""Serializes sweeps and runs from a store as wire objects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from wandb_magic.analysis._downsample import downsample
from wandb_magic.analysis.ranking import (
    curve_values,
    improvement_curve,
    objective_kind,
    ranking_metric,
)
from wandb_magic.analysis.repeats import has_repeats
from wandb_magic.api._status import status_of
from wandb_magic.api._sync import synced_url
from wandb_magic.bundle import Manifest
from wandb_magic.bundle.library_state import STATE
from wandb_magic.bundle.manifest import ENTRY, cell_path, manifest_path, split_magic
from wandb_magic.errors import BundleError, StoreError
from wandb_magic.nonfinite import encode_nonfinite, finite_or_none
from wandb_magic.paths import SweepPaths
from wandb_magic.query.run_fields import INTERNAL_PREFIXES, failure_line
from wandb_magic.records import (
    TYPE_KEY,
    RunId,
    RunRecord,
    flatten_keys,
    sweep_constraints,
    sweep_metric,
    sweep_metrics,
)
from wandb_magic.resources import Resources
from wandb_magic.safe_open import read_inside
from wandb_magic.server import schemas
from wandb_magic.store import SWEEP, StoreReader
from wandb_magic.wandb_client import run_page, web_address

SPARKLINE_POINTS = 60  # points of a sparkline
MAX_TEXT = 500  # characters of a text in a row
MAX_MEDIA_STEPS = 200  # steps of one key


def sweep_summary(paths: SweepPaths, reader: StoreReader) -> schemas.SweepSummary:
    """Return the summary of a sweep."""
    status = status_of(reader, paths)
    record, metric, best = status.sweep, sweep_metric(status.sweep), status.best
    repeated = has_repeats(record)
    values = curve_values(reader.runs(), record) if repeated else reader.objective_values()
    labels = reader.annotations().get(SWEEP, {})
    curve, eta = improvement_curve(values, ranking_metric(record)), status.eta
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
        "all_failed": status.all_failed,
        "remaining": None if eta is None else round(eta.seconds),
        "remaining_range": None if eta is None else [round(eta.low), round(eta.high)],
        "elapsed": round(record.elapsed),
        "cost": status.cost,
        "limits": {
            "max_time": record.options.max_time,
            "max_cost": record.options.max_cost,
            "price_per_hour": record.options.price_per_hour,
            "until_flat": record.options.until_flat,
            "can_be_flat": metric is not None and ranking_metric(record) is not None,
        },
        "repeat": record.options.repeat if repeated else 1,
        "imported": record.options.copied,
        "version": record.version,
        "metric": status.metric or None,
        "goal": None if metric is None else "maximize" if metric.maximize else "minimize",
        "objective": objective_kind(reader, metric, best),  # type: ignore[typeddict-item]
        "best": None
        if best is None
        else {
            "id": best.id,
            "number": best.number,
            "value": finite_or_none(best.value),
            "params": encode_nonfinite(best.params),
            "runs": status.best_runs,
            "spread": finite_or_none(status.best_spread),
        },
        "spark": downsample(curve, SPARKLINE_POINTS),
        "notices": list(record.notices),
        "notes": labels.get("notes", ""),
        "tags": list(labels.get("tags", ())),
        "baseline": labels.get("baseline"),
    }


def sweep_detail(paths: SweepPaths, reader: StoreReader, root: Path) -> schemas.SweepDetail:
    """Return the part of a sweep that changes only if its spec is edited."""
    record = reader.sweep()
    manifest = _read_manifest(paths.bundle)
    line, code = split_magic(_read_text(paths, cell_path(paths.bundle)))
    options = record.options
    return {
        "id": record.id,
        "spec": encode_nonfinite(record.spec),
        "yaml": read_inside(paths.folder, paths.spec).decode("utf-8", "replace"),
        "kind": manifest.kind,
        "code": code or manifest.function_source,
        "line": line,
        "captured": [
            {"name": each.name, "kind": each.kind, "size": each.size}
            for each in manifest.variables
            if each.name not in (ENTRY, STATE)
        ],
        "imports": sorted(manifest.imports),
        "python": manifest.python,
        "directory": manifest.directory,
        "notebook": relative_notebook(manifest.notebook, root),
        "options": {
            "seed": options.seed,
            "sampler": options.sampler,
            "retries": options.retries,
            "run_timeout": options.run_timeout,
            "failure_limit": options.failure_limit,
            "grace": options.grace,
            "gpus_per_run": options.gpus_per_run,
            "gpu_memory": options.gpu_memory,
            "priors": len(options.priors),
            "repeat": options.repeat,
            "max_time": options.max_time,
            "max_cost": options.max_cost,
            "price_per_hour": options.price_per_hour,
            "until_flat": options.until_flat,
        },
    }


def resources(reader: StoreReader) -> schemas.Resources:
    """Return what executes the runs of a sweep."""
    recorded = reader.resources() or Resources()
    return recorded.to_document()  # type: ignore[return-value] # has the same form


def _read_manifest(bundle: Path) -> Manifest:
    try:
        return Manifest.read(bundle)
    except (BundleError, ValueError, TypeError, KeyError, AttributeError):
        path = manifest_path(bundle)
        raise StoreError(f"{path} is damaged: restore it, or delete the sweep") from None


def relative_notebook(path: str, root: Path) -> str | None:
    """Return a notebook's path relative to the server's root, if it exists below it."""
    if not path:
        return None
    absolute = Path(path) if Path(path).is_absolute() else root / path
    try:
        relative = absolute.resolve().relative_to(root.resolve())
    except ValueError:
        return None
    return relative.as_posix() if absolute.is_file() else None


def run_rows(reader: StoreReader, runs: Sequence[RunRecord]) -> list[schemas.RunRow]:
    """Return runs as rows of the table."""
    ids = [run.id for run in runs]
    summaries, infos = reader.summaries(ids), reader.infos(ids)
    marks, named = reader.annotations(), _named_keys(reader)
    return [
        run_row(
            run, infos.get(run.id, {}), summaries.get(run.id, {}), marks.get(run.id, {}), named
        )
        for run in runs
    ]


def _named_keys(reader: StoreReader) -> frozenset[str]:
    """Return the keys of a summary that the config names: ``_runtime`` may be bounded, too."""
    record = reader.sweep()
    goals, bounds = sweep_metrics(record), sweep_constraints(record)
    return frozenset([goal.name for goal in goals] + [bound.name for bound in bounds])


def run_row(
    run: RunRecord,
    info: Mapping[str, Any],
    logged: Mapping[str, Any],
    marks: Mapping[str, Any],
    named: frozenset[str],
) -> schemas.RunRow:
    """Return a run as a row of the table.

    `marks` says whether it is pinned or hidden; `named` are keys that the config names.
    """
    return {
        "id": run.id,
        "number": run.number,
        "attempt": run.attempt,
        "agent": run.agent,
        "name": info.get("name", ""),
        "group": info.get("group", ""),
        "tags": list(info.get("tags", ())),
        "notes": info.get("notes", ""),
        "pinned": bool(marks.get("pinned")),
        "hidden": bool(marks.get("hidden")),
        "host": info.get("host", ""),
        "state": run.state.value,
        "cause": run.cause,
        "failure": failure_line(run),
        "created": run.created,
        "started": run.started,
        "ended": run.ended,
        "value": finite_or_none(run.value),
        "proposer": run.proposer.value,
        "version": run.version,
        "repeat_group": run.repeat_group,
        "parent": run.parent,
        "params": {
            key: encode_nonfinite(value) for key, value in flatten_keys(run.params).items()
        },
        "summary": {
            key: value[:MAX_TEXT] if isinstance(value, str) else encode_nonfinite(value)
            for key, value in logged.items()
            if isinstance(value, (int, float, str, bool))
            and (key in named or not key.startswith(INTERNAL_PREFIXES))
        },
    }


def run_detail(paths: SweepPaths, reader: StoreReader, run: str) -> schemas.RunDetail:
    """Return one run with all documents that W&B keeps about it."""
    record = reader.run(RunId(run))
    config, logged = reader.configs([record.id]), reader.summaries([record.id])
    info = reader.infos([record.id]).get(record.id, {})
    marks = reader.annotations().get(record.id, {})
    return {
        "row": run_row(record, info, logged.get(record.id, {}), marks, _named_keys(reader)),
        "error": record.error,
        "exit_code": record.exit_code,
        "folder": record.directory,
        "url": _run_page(reader.sweep().url or synced_url(paths), run),
        "gpus": _read_text(paths, paths.run(record.id).devices),
        "info": encode_nonfinite(info),
        "config": encode_nonfinite(config.get(record.id, {})),
        "summary": {
            key: _summary_value(value) for key, value in logged.get(record.id, {}).items()
        },
        "charts": {
            table: {
                "key": chart.key,
                "kind": chart.kind,
                "fields": encode_nonfinite(chart.fields),
                "texts": encode_nonfinite(chart.texts),
            }
            for table, chart in reader.charts(record.id).items()
        },
    }


def _run_page(sweep_url: object, run: str) -> str | None:
    address = web_address(sweep_url)
    return run_page(address, run) or None if address else None


def _read_text(paths: SweepPaths, path: Path) -> str:
    """Return the text of a sweep's file; "" if there is no such file."""
    try:
        return read_inside(paths.folder, path).decode("utf-8", "replace")
    except FileNotFoundError:
        return ""


def _summary_value(value: Any) -> Any:  # noqa: ANN401 - a JSON value
    """Return a summary value; without the bins of a histogram, which are shown elsewhere."""
    if isinstance(value, Mapping) and value.get(TYPE_KEY) == "histogram":
        return {TYPE_KEY: "histogram"}
    return encode_nonfinite(value)


def run_media(reader: StoreReader, run: str, key: str | None) -> schemas.Media:
    """Return the media that a run logged; for one key, at most `MAX_MEDIA_STEPS` steps."""
    items = reader.media(reader.run(RunId(run)).id, key)
    if key is not None:
        items = downsample(items, MAX_MEDIA_STEPS)
    return {
        "items": [
            {
                "key": each.key,
                "step": each.step,
                "time": each.time,
                "value": encode_nonfinite(each.value),
            }
            for each in items
        ]
    }


def logged_keys(reader: StoreReader) -> schemas.Keys:
    """Return the keys that runs logged."""
    return {
        "history": reader.keys(),
        "system": reader.keys("system"),
        "media": reader.keys("media"),
    }
