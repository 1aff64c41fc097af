"""The verbs that conclude something from a sweep's results, and those that write it to files."""

from __future__ import annotations

import argparse
import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wandb_magic.commands.answer import Answer
from wandb_magic.display import tables, words
from wandb_magic.verbs.handle import Sweep

if TYPE_CHECKING:
    import pandas as pd


def importance(sweep: Sweep, _: argparse.Namespace) -> Answer:
    """Say how much each parameter matters."""
    frame = sweep.importance()
    about = frame.attrs
    rows = [
        (str(name), f"{share:.3f}", "-" if math.isnan(correlation) else f"{correlation:+.2f}")
        for name, share, correlation in frame.itertuples(index=False, name=None)
    ]
    told = tables.table(("parameter", "importance", "correlation"), rows)
    if not rows:
        told = f"Nothing can be said yet of {about['metric']}: too few runs differ."
    notes = [f"{about['evaluator']}, {about['runs']} runs", about["warning"]]
    data = {"parameters": _rows(frame), **about}
    return Answer("\n".join([told, *filter(None, notes)]), data, lambda: frame)


def compare(sweep: Sweep, options: argparse.Namespace) -> Answer:
    """Show sweeps beside each other."""
    found = sweep.compare(options.other)
    data = {
        "sweeps": _rows(found.table.reset_index()),
        "differences": _rows(found.differences.reset_index()),
        "progress": _rows(found.progress.reset_index()),
    }
    return Answer(repr(found), data, html=found._repr_html_())


def study(sweep: Sweep, options: argparse.Namespace) -> Answer:
    """Say what the sweep's study holds, and write it where that is wanted."""
    from wandb_magic.analysis import study_file  # noqa: PLC0415 - imports Optuna

    found = sweep.study(options.export, overwrite=options.overwrite)
    states = [trial.state.name.lower() for trial in found.get_trials(deepcopy=False)]
    counts = {state: states.count(state) for state in dict.fromkeys(states)}
    what = ", ".join(f"{count} {state}" for state, count in counts.items()) or "none yet"
    lines = [f"study {found.study_name}: {len(states)} trials ({what})"]
    file = None
    if "complete" in counts:
        lines[0] += f", best {words.number(found.best_value)}"
    if options.export is not None:
        file = Path(options.export).expanduser().absolute()
        lines += [f"{file} has it", f"to look at it: {study_file.command(file)}"]
    else:
        lines.append("--export FILE writes it for optuna-dashboard")
    data = {
        "name": found.study_name,
        "trials": counts,
        "best": found.best_value if "complete" in counts else None,
        "file": None if file is None else str(file),
    }
    return Answer("\n".join(lines), data)


def to_parquet(sweep: Sweep, options: argparse.Namespace) -> Answer:
    """Write the results into a folder."""
    folder = sweep.to_parquet(options.path, overwrite=options.overwrite)
    return Answer(f"the results of sweep {sweep.id} are in {folder}", {"folder": str(folder)})


def report(sweep: Sweep, options: argparse.Namespace) -> Answer:
    """Write the page."""
    page = sweep.report(options.file or "report.html")
    return Answer(f"the report of sweep {sweep.id} is {page}", {"file": str(page)})


def _rows(frame: pd.DataFrame) -> Any:  # noqa: ANN401 - JSON
    """Return a frame's rows as JSON values; what is missing is None."""
    return json.loads(frame.to_json(orient="records", double_precision=15))
