"""Handlers of the analysis verbs, and of those that export results."""

from __future__ import annotations

import argparse
import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wandb_magic.api._sweep import Sweep
from wandb_magic.commands.result import CommandResult
from wandb_magic.display import formatting, tables

if TYPE_CHECKING:
    import pandas as pd


def importance(sweep: Sweep, options: argparse.Namespace) -> CommandResult:
    """Report how much each parameter matters."""
    from wandb_magic.analysis.importance import describe  # noqa: PLC0415 - imports NumPy

    frame = sweep.importance(options.evaluator, options.quantile)
    attributes = frame.attrs
    rows = [
        (
            str(name),
            f"{share:.3f}",
            f"± {deviation:.3f}",
            "-" if math.isnan(correlation) else f"{correlation:+.2f}",
        )
        for name, share, deviation, correlation in frame.itertuples(index=False, name=None)
    ]
    text = tables.format_table(("parameter", "importance", "uncertainty", "correlation"), rows)
    if not rows:
        text = f"There is no importance for {attributes['metric']} yet: too few runs differ."
    label = describe(options.evaluator, options.quantile)
    notes = [f"{label}, {attributes['runs']} runs", attributes["warning"]]
    data = {"parameters": _rows_to_json(frame), **attributes}
    return CommandResult("\n".join([text, *filter(None, notes)]), data, lambda: frame)


def compare(sweep: Sweep, options: argparse.Namespace) -> CommandResult:
    """Show two sweeps side by side."""
    comparison = sweep.compare(options.other)
    data = {
        "sweeps": _rows_to_json(comparison.table.reset_index()),
        "differences": _rows_to_json(comparison.differences.reset_index()),
        "progress": _rows_to_json(comparison.progress.reset_index()),
    }
    return CommandResult(repr(comparison), data, html=comparison._repr_html_())


def study(sweep: Sweep, options: argparse.Namespace) -> CommandResult:
    """Summarize the sweep's study, and write it to a file if requested."""
    from wandb_magic.analysis import study_file  # noqa: PLC0415 - imports Optuna

    optuna_study = sweep.study(options.export, overwrite=options.overwrite)
    states = [trial.state.name.lower() for trial in optuna_study.get_trials(deepcopy=False)]
    counts = {state: states.count(state) for state in dict.fromkeys(states)}
    summary = ", ".join(f"{count} {state}" for state, count in counts.items()) or "none yet"
    lines = [f"study {optuna_study.study_name}: {len(states)} trials ({summary})"]
    file = None
    has_best = "complete" in counts and len(optuna_study.directions) == 1
    if has_best:
        lines[0] += f", best {formatting.number(optuna_study.best_value)}"
    if options.export is not None:
        file = Path(options.export).expanduser().absolute()
        lines += [f"written to {file}", f"to view it: {study_file.dashboard_command(file)}"]
    else:
        lines.append("--export FILE writes it for optuna-dashboard")
    data = {
        "name": optuna_study.study_name,
        "trials": counts,
        "best": optuna_study.best_value if has_best else None,
        "file": None if file is None else str(file),
    }
    return CommandResult("\n".join(lines), data)


def to_parquet(sweep: Sweep, options: argparse.Namespace) -> CommandResult:
    """Write the results to a folder."""
    folder = sweep.to_parquet(options.path, overwrite=options.overwrite)
    return CommandResult(
        f"the results of sweep {sweep.id} are in {folder}", {"folder": str(folder)}
    )


def report(sweep: Sweep, options: argparse.Namespace) -> CommandResult:
    """Write the report."""
    page = sweep.report(options.file or "report.html")
    return CommandResult(f"the report of sweep {sweep.id} is {page}", {"file": str(page)})


def _rows_to_json(frame: pd.DataFrame) -> Any:  # noqa: ANN401 - JSON
    """Return a frame's rows as JSON values; missing values are None."""
    return json.loads(frame.to_json(orient="records", double_precision=15))
