"""The sections of a report besides its plots, as HTML."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime, timezone
from typing import Any

import yaml

from wandb_magic.analysis.pareto import front_history
from wandb_magic.analysis.plots.plot_data import PlotData
from wandb_magic.analysis.plots.timeline import unit
from wandb_magic.analysis.report import markup, provenance
from wandb_magic.analysis.report.markup import number, text
from wandb_magic.records import RunRecord, flatten_keys

MOST_ROWS = 1000
MOST_COLUMNS = 40
NAMED = 12  # runs listed per failure
OWN = ("run", "id", "state", "value", "seconds", "agent")


def headline(plot_data: PlotData, code: provenance.Code, state: str, url: str) -> str:
    """Return a summary of the sweep and its results."""
    sweep, counts = plot_data.sweep, Counter(run.state.value for run in plot_data.runs)
    rows: list[tuple[str, object]] = [
        ("State", f"{state}: {sweep.cause}" if sweep.cause else state),
        ("Runs", ", ".join(f"{count} {name}" for name, count in counts.items()) or "none yet"),
        ("Method", sweep.spec.get("method", "")),
        ("Began", _format_time(plot_data.began)),
        (
            "Took",
            (
                f"{_format_duration(provenance.span_of(plot_data))}, "
                f"{_format_duration(_total(plot_data))} of runs"
            ),
        ),
    ]
    several = plot_data.objectives.are_several
    if plot_data.metric is not None:
        goals = [
            f"{'maximize' if metric.maximize else 'minimize'} {metric.name}"
            for metric in plot_data.objectives.metrics
        ]
        rows.insert(1, ("Metrics" if several else "Metric", ", ".join(goals)))
    if plot_data.objectives.constraints:
        rows.insert(2, ("Constraints", ", ".join(map(str, plot_data.objectives.constraints))))
    ranked = plot_data.ranked_runs()
    big = ""
    if ranked and plot_data.metric is not None and not several:
        best = ranked[0]
        big = (
            f'<p class="best"><span>Best {text(plot_data.metric.name, 80)}</span>'
            f"<strong>{number(best.value)}</strong><span>run {best.number}</span></p>"
        )
    if code.command:
        rows.append(("Command", code.command))
    if code.notebook:
        rows.append(("Notebook", code.notebook))
    if url:
        rows.append(("At W&B", url))
    return f"<header><h1>{text(sweep.name, 120)}</h1>{big}{markup.pairs(rows)}</header>"


def best(plot_data: PlotData) -> str:
    """Return the best run's parameters, next to those of the runner-up runs."""
    ranked = plot_data.ranked_runs()
    if plot_data.objectives.are_several:
        ranked = front_history(plot_data.reader).front()
    ranked = ranked[:5]
    if not ranked:
        return markup.section("best", "Best run", '<p class="quiet">No run has a value yet.</p>')
    title = "Runs on the front" if plot_data.objectives.are_several else "Best runs"
    names = list(dict.fromkeys(key for run in ranked for key in flatten_keys(run.params)))
    flat = [flatten_keys(run.params) for run in ranked]
    head = "".join(f'<th scope="col">run {run.number}</th>' for run in ranked)
    value = "".join(markup.cell(run.value) for run in ranked)
    rows = "".join(
        f'<tr><th scope="row">{text(name, 80)}</th>'
        f"{''.join(markup.cell(each.get(name)) for each in flat)}</tr>"
        for name in names
    )
    return markup.section(
        "best",
        title,
        '<div class="wide" tabindex="0"><table class="right"><thead><tr><th></th>',
        f'{head}</tr></thead><tbody><tr><th scope="row">value</th>{value}</tr>{rows}</tbody>',
        "</table></div>",
    )


def table(plot_data: PlotData) -> str:
    """Return the table of the runs: all of them, or the best."""
    ranked = plot_data.ranked_runs()
    ranked_ids = {run.id for run in ranked}
    ordered = [*ranked, *(run for run in plot_data.runs if run.id not in ranked_ids)]
    shown = ordered[:MOST_ROWS]
    summaries = plot_data.reader.summaries([run.id for run in shown])
    params = [flatten_keys(run.params) for run in shown]
    logged = [_numbers(summaries.get(run.id, {}), plot_data) for run in shown]
    names = list(dict.fromkeys(key for each in params for key in each))[:MOST_COLUMNS]
    keys = list(dict.fromkeys(key for each in logged for key in each))[:MOST_COLUMNS]
    rows = [
        list(_row(run, run_params, run_values, names, keys))
        for run, run_params, run_values in zip(shown, params, logged, strict=True)
    ]
    body = "".join(f"<tr>{''.join(map(markup.cell, row))}</tr>" for row in rows)
    note = f"{len(ordered):,} runs"
    if len(shown) < len(ordered):
        note = f"{len(shown):,} of {len(ordered):,} runs, the best first"
    value = plot_data.metric.name if plot_data.metric is not None else "value"
    columns = [*OWN, *names, *keys]
    columns[OWN.index("value")] = value
    numeric = [
        any(isinstance(row[index], (int, float)) for row in rows) for index in range(len(columns))
    ]
    return markup.section(
        "runs",
        "Runs",
        f'<p class="quiet">{note}. A click on a column sorts by it.</p>',
        '<div class="wide tall" tabindex="0"><table class="sorted">',
        f"<caption>Runs of the sweep</caption>{markup.heads(columns, numeric)}",
        f"<tbody>{body}</tbody>",
        "</table></div>",
    )


def failures(plot_data: PlotData) -> str:
    """Return the failed runs, with their causes; nothing if none failed."""
    groups = provenance.failures_of(plot_data.runs)
    if not groups:
        return ""
    parts = []
    for failure in groups:
        numbers = ", ".join(str(run.number) for run in failure.runs[:NAMED])
        more = f" and {len(failure.runs) - NAMED} more" if len(failure.runs) > NAMED else ""
        subject = "run" if len(failure.runs) == 1 else f"{len(failure.runs)} runs:"
        parts.append(f"<p><b>{text(failure.cause, 400)}</b> · {subject} {numbers}{more}</p>")
        if failure.error:
            number_ = failure.runs[-1].number
            parts.append(
                f"<details><summary>traceback of run {number_}</summary>"
                f"{markup.block(failure.error)}</details>"
            )
    return markup.section("failures", "Failed runs", *parts)


def spec(plot_data: PlotData) -> str:
    """Return the sweep config."""
    config = yaml.safe_dump(dict(plot_data.sweep.spec), sort_keys=False, allow_unicode=True)
    return markup.section("spec", "Config", markup.block(config))


def code(source: provenance.Code) -> str:
    """Return the code that the runs executed."""
    if not source.text:
        return ""
    return markup.section("code", "Code", markup.block(source.text))


def environment(code_info: provenance.Code, packages: Sequence[tuple[str, str]]) -> str:
    """Return the Python and the packages of the runs."""
    versions = {name.lower(): version for name, version in packages}
    rows = [("Python", code_info.python), ("wandb", versions.get("wandb", ""))]
    parts = [markup.pairs([row for row in rows if row[1]])]
    if packages:
        lines = "\n".join(f"{name}=={version}" for name, version in packages)
        parts.append(
            f"<details><summary>{len(packages)} packages</summary>{markup.block(lines)}</details>"
        )
    else:
        parts.append(
            '<p class="quiet">The folders of the runs, with their packages, are not here.</p>'
        )
    return markup.section("environment", "Environment", *parts)


def _row(
    run: RunRecord,
    params: dict[str, Any],
    logged: dict[str, Any],
    names: Sequence[str],
    keys: Sequence[str],
) -> Iterator[Any]:
    duration = (
        None if run.started is None or run.ended is None else round(run.ended - run.started, 1)
    )
    yield from (run.number, run.id, run.state.value, run.value, duration, run.agent)
    yield from (params.get(name) for name in names)
    yield from (logged.get(key) for key in keys)


def _numbers(summary: dict[str, Any], plot_data: PlotData) -> dict[str, Any]:
    """Return the values of a summary for the table: numbers that are not already in it."""
    objective = plot_data.metric.name if plot_data.metric is not None else ""
    return {
        key: value
        for key, value in flatten_keys(summary, keep_media=True).items()
        if isinstance(value, (int, float)) and not key.startswith("_") and key != objective
    }


def _total(plot_data: PlotData) -> float:
    return sum(
        run.ended - run.started
        for run in plot_data.runs
        if run.started is not None and run.ended is not None
    )


def _format_duration(seconds: float) -> str:
    scale, word = unit(seconds)
    return f"{seconds / scale:.3g} {word}"


def _format_time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%d %H:%M UTC")
