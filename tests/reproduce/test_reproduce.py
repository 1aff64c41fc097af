"""Reproducing a run in the process that asks for it: an IPython shell, with its namespace."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.sweeps import run_record, sweep_record
from wandb_magic.api import Sweep
from wandb_magic.bundle import freeze, sign
from wandb_magic.errors import SweepStateError
from wandb_magic.paths import SweepPaths
from wandb_magic.records import SweepId
from wandb_magic.reproduce import SourceRun, reproduce

ROOT = Path(__file__).parents[2]
Finished = Callable[..., Sweep]
Logged = Callable[[Sweep, int], dict[str, list[float]]]
ReadBack = Callable[[Path], tuple[dict[str, Any], dict[str, list[float]]]]

CELL = """
import random
import torch
import wandb
import numpy as np

with wandb.init() as run:
    net = torch.nn.Linear(4, 1)
    for step in range(3):
        noise = random.random() + np.random.rand() + float(torch.rand(()))
        loss = float(net(batch).sum()) + weights.sum() + twice(noise)
        run.log({"loss": loss + run.config.lr})
"""
# A shell in which W&B has been at work already, as W&B is in most.
SHELL = """
import os, sys, json
from IPython.core.interactiveshell import InteractiveShell
import wandb

with wandb.init(mode="offline", dir=sys.argv[1], config={"lr": 7}) as other:
    pass
shell = InteractiveShell.instance()

def cell(text):
    result = shell.run_cell(text)
    if not result.success:
        sys.exit(3)

cell("weights, keep = 'other', 1")
cell("import wandb_magic; sweep = wandb_magic.attach(%(sweep)r); done = sweep.reproduce(%(run)r)")
for _ in range(%(times)d):
    cell(shell.rl_next_input)
left = [name for name in os.environ if name.startswith('WANDB_')]
names = shell.user_ns
with wandb.init(mode="offline", dir=sys.argv[1]) as later:
    assert "lr" not in later.config
print(json.dumps({
    "next": shell.rl_next_input,
    "names": names["done"].names,
    "replaced": names["done"].replaced,
    "left": left,
    "keep": names["keep"],
}))
"""


def namespace() -> dict[str, Any]:
    torch = pytest.importorskip("torch")
    names: dict[str, Any] = {
        "__name__": "__main__",
        "weights": np.arange(2000.0),
        "batch": torch.arange(8.0).reshape(2, 4),
        "factor": 2,
    }
    exec("def twice(x):\n    return factor * x\n", names)
    return names


@pytest.mark.slow
def test_a_run_in_a_shell_logs_what_the_original_did(
    finished: Finished, logged: Logged, read_back: ReadBack, tmp_path: Path
) -> None:
    sweep = finished(CELL, namespace=namespace())
    script = SHELL % {"sweep": sweep.id, "run": sweep.records()[1].id, "times": 1}
    place = tmp_path / "place"
    place.mkdir()
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", script, tmp_path / "home"],
        capture_output=True,
        text=True,
        cwd=place,
        env={**os.environ, "PYTHONPATH": str(ROOT), "WANDB_DIR": str(place)},
        timeout=200,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    config, curves = read_back(place)
    assert curves == logged(sweep, 1)
    assert config["lr"] == sweep.records()[1].params["lr"]
    assert told["replaced"] == {"weights": "other"}
    assert set(told["names"]) == {"batch", "factor", "twice", "weights"}
    assert told["keep"] == 1
    assert "WANDB_SWEEP_PARAM_PATH" not in told["left"]
    assert "had another value, which .replaced keeps: weights" in done.stdout
    assert told["next"].endswith(CELL.strip())
    assert len(sweep.records()) == 2
    assert sweep.state == "finished"


SMALL = """
import wandb, random
with wandb.init() as run:
    run.log({"loss": random.random() + run.config.lr + len(items)})
"""


# wandb leaves the file with the parameters open.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.slow
def test_without_a_notebook_the_cell_is_printed_and_a_block_replays(
    finished: Finished,
    logged: Logged,
    read_back: ReadBack,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sweep = finished(SMALL, namespace={"items": [1, 2, 3]}, count=1)
    file = sweep._reader.runs()[0].directory + "/files/requirements.txt"
    text = Path(file).read_text("utf-8")
    Path(file).write_text(text.replace("wandb==", "wandb==0.1+was-", 1), "utf-8")
    values: dict[str, Any] = {"items": [1, 2, 3]}
    same = sweep.reproduce(0, namespace=values)
    assert (same.names, same.replaced) == (("items",), {})
    printed = capsys.readouterr().out
    assert same.code in printed
    assert "other versions than in the sweep: wandb 0.1+was-0." in printed
    values["items"] = {"others": True}
    assert sweep.reproduce(0, namespace=values).replaced == {"items": {"others": True}}
    assert values["items"] == [1, 2, 3]

    monkeypatch.setenv("WANDB_DIR", str(tmp_path / "place"))
    (tmp_path / "place").mkdir()
    monkeypatch.setenv("WANDB_RUN_ID", "somebody")
    before = dict(os.environ)
    script = "\n".join(line for line in same.code.splitlines() if "wandb_magic" not in line)
    with sweep.replay(0):
        exec(script, values)
    after = {name: os.environ.get(name) for name in before if name != "WANDB_SERVICE"}
    assert after == {name: value for name, value in before.items() if name != "WANDB_SERVICE"}
    assert "WANDB_SWEEP_PARAM_PATH" not in os.environ
    assert read_back(tmp_path / "place")[1] == logged(sweep, 0)


@pytest.mark.slow
def test_a_program_has_no_cell(finished: Finished, tmp_path: Path) -> None:
    (tmp_path / "notebook").mkdir()
    (tmp_path / "notebook" / "train.py").write_text("import wandb\nwandb.init().log({'loss': 1})")
    config = {"method": "grid", "program": "train.py", "parameters": {"lr": {"values": [0.5]}}}
    sweep = finished(config=config, count=None)
    with pytest.raises(SweepStateError, match="executes a program, which has no cell"):
        sweep.reproduce(0)


def test_a_cell_with_a_form_feed_can_be_executed_again(tmp_path: Path) -> None:
    text = "# %%wandb_sweep c\n'''a\fb\u2028c'''\nfrom __future__ import annotations\nx = 1\n"
    paths = SweepPaths.of(tmp_path, SweepId("sweep000"))
    paths.folder.mkdir(parents=True)
    freeze(paths.bundle, cell=text, namespace={}, environment={})
    source_run = SourceRun(paths, sweep_record(), run_record(), {})
    code = reproduce(source_run, {}, "sweep000", sign(paths.bundle, {})).code
    compile(code, "cell", "exec", dont_inherit=True)
    first, _, rest = code.partition("# run 0")
    assert first == "'''a\fb\u2028c'''\nfrom __future__ import annotations\n"
    assert rest.endswith("\n\nx = 1")
