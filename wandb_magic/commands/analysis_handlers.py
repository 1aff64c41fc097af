"""The verbs that conclude something from a sweep's results, and those that write it to files."""

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


def importance(sweep: Sweep, _: argparse.Namespace) -> CommandResult:
    """Say how much each parameter matters."""
    frame = sweep.importance()
    about = frame.attrs
    rows = [
        (str(name), f"{share:.3f}", "-" if math.isnan(correlation) else f"{correlation:+.2f}")
        for name, share, correlation in frame.itertuples(index=False, name=None)
    ]
    text = tables.format_table(("parameter", "importance", "correlation"), rows)
    if not rows:
        text = f"Nothing can be said yet of {about['metric']}: too few runs differ."
    notes = [f"{about['evaluator']}, {about['runs']} runs", about["warning"]]
    data = {"parameters": _rows_to_json(frame), **about}
    return CommandResult("\n".join([text, *filter(None, notes)]), data, lambda: frame)


def compare(sweep: Sweep, options: argparse.Namespace) -> CommandResult:
    """Show sweeps beside each other."""
    comparison = sweep.compare(options.other)
    data = {
        "sweeps": _rows_to_json(comparison.table.reset_index()),
        "differences": _rows_to_json(comparison.differences.reset_index()),
        "progress": _rows_to_json(comparison.progress.reset_index()),
    }
    return CommandResult(repr(comparison), data, html=comparison._repr_html_())


def study(sweep: Sweep, options: argparse.Namespace) -> CommandResult:
    """Say what the sweep's study holds, and write it where that is wanted."""
    from wandb_magic.analysis import study_file  # noqa: PLC0415 - imports Optuna

    optuna_study = sweep.study(options.export, overwrite=options.overwrite)
    states = [trial.state.name.lower() for trial in optuna_study.get_trials(deepcopy=False)]
    counts = {state: states.count(state) for state in dict.fromkeys(states)}
    what = ", ".join(f"{count} {state}" for state, count in counts.items()) or "none yet"
    lines = [f"study {optuna_study.study_name}: {len(states)} trials ({what})"]
    file = None
    if "complete" in counts:
        lines[0] += f", best {formatting.number(optuna_study.best_value)}"
    if options.export is not None:
        file = Path(options.export).expanduser().absolute()
        lines += [f"{file} has it", f"to look at it: {study_file.dashboard_command(file)}"]
    else:
        lines.append("--export FILE writes it for optuna-dashboard")
    data = {
        "name": optuna_study.study_name,
        "trials": counts,
        "best": optuna_study.best_value if "complete" in counts else None,
        "file": None if file is None else str(file),
    }
    return CommandResult("\n".join(lines), data)


def to_parquet(sweep: Sweep, options: argparse.Namespace) -> CommandResult:
    """Write the results into a folder."""
    folder = sweep.to_parquet(options.path, overwrite=options.overwrite)
    return CommandResult(
        f"the results of sweep {sweep.id} are in {folder}", {"folder": str(folder)}
    )


def report(sweep: Sweep, options: argparse.Namespace) -> CommandResult:
    """Write the page."""
    page = sweep.report(options.file or "report.html")
    return CommandResult(f"the report of sweep {sweep.id} is {page}", {"file": str(page)})


def _rows_to_json(frame: pd.DataFrame) -> Any:  # noqa: ANN401 - JSON
    """Return a frame's rows as JSON values; what is missing is None."""
    return json.loads(frame.to_json(orient="records", double_precision=15))
