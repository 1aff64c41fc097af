"""Reproducing a run in a real kernel: the next cell is offered, and logs what the run logged."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from wandb_magic import attach

Open = Callable[[], Any]
DEFINITIONS = """
%load_ext wandb_magic
import random
import numpy as np
import wandb

config = {
    "method": "random",
    "metric": {"name": "loss", "goal": "minimize"},
    "parameters": {"lr": {"min": 0.0, "max": 1.0}},
}
weights = np.arange(3000.0)

def noise():
    return np.random.rand() + random.random()
"""
CELL = """
with wandb.init() as run:
    for step in range(3):
        run.log({"loss": run.config.lr + noise() + weights.sum()})
"""
READ = """
import json, glob, os
from pathlib import Path
from wandb_magic.log_records import HistoryRecord
from wandb_magic.wandb_log import LogFollower
newest = max(glob.glob("wandb/offline-run-*"), key=os.path.getmtime)
rows = [each for each in LogFollower(Path(newest)).poll() if isinstance(each, HistoryRecord)]
left = sorted(set(os.environ) & {"WANDB_MODE", "WANDB_SWEEP_PARAM_PATH"})
print(json.dumps([[row.scalars["loss"] for row in rows], left]))
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    "ipykernel", [pytest.param("7.0.1", marks=pytest.mark.full("the newest ipykernel")), "newest"]
)
def test_the_next_cell_is_the_run(open_notebook: Open, tmp_path: Path) -> None:
    notebook = open_notebook()
    notebook.run(DEFINITIONS)
    notebook.run(f"%%wandb_sweep config --count 2 --mode offline --out sweep --wait\n{CELL}")
    (folder,) = tmp_path.glob("wandb/sweep-*")
    sweep = attach(str(folder))
    expected = {run.number: run.id for run in sweep.records()}
    curves = sweep._reader.history(["loss"], points=None)
    original = curves[expected[1]]["loss"].lows.tolist()

    notebook.run("weights = np.zeros(3)")
    done = notebook.run("%wandb_sweep reproduce sweep 1")
    assert "had another value, which .replaced keeps: weights" in done.text
    (offered,) = [each for each in done.content["payload"] if each["source"] == "set_next_input"]
    assert offered["text"].endswith(CELL.strip())
    notebook.run("kept = weights.sum()")
    for _ in range(2):
        notebook.run(offered["text"])
        values, left = json.loads(notebook.run(READ).text.splitlines()[-1])
        assert values == original
        assert left == []
    assert len(sweep.records()) == 2
