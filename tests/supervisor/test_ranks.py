"""Runs of several processes, each of which calls `wandb.init`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.sweeps import RANDOM
from wandb_magic.api import Sweep

Start = Callable[..., Sweep]

# What torchrun does: a process for each rank, told by variables.
CELL = """
import os, subprocess, sys, wandb
program = '''
import os, sys, wandb
with wandb.init(config={"more": 1}) as run:
    print(f"rank {sys.argv[1]}: {run.config.lr:.3f} {run.config.more} {run.disabled}", flush=True)
    for step in range(30):
        run.log({"loss": step, "rank": int(sys.argv[1])})
'''
ranks = [
    subprocess.Popen(
        [sys.executable, "-c", program, str(rank)],
        env={**os.environ, "RANK": str(rank), "LOCAL_RANK": "0", "WORLD_SIZE": "3"},
    )
    for rank in (2, 0, 1)
]
assert [rank.wait() for rank in ranks] == [0, 0, 0]
"""
FORKED = """
import multiprocessing, os, wandb
def work(rank):
    os.environ["LOCAL_RANK"] = str(rank)
    with wandb.init() as run:
        print(f"rank {rank}: {run.config.lr:.3f} - {run.disabled}", flush=True)
        for step in range(30):
            run.log({"loss": step, "rank": rank})
context = multiprocessing.get_context("fork")
ranks = [context.Process(target=work, args=(rank,)) for rank in (1, 0)]
for rank in ranks:
    rank.start()
for rank in ranks:
    rank.join()
    assert rank.exitcode == 0
"""


@pytest.mark.parametrize(("cell", "count"), [(CELL, 3), (FORKED, 2)], ids=["spawned", "forked"])
def test_all_ranks_have_the_config_and_the_first_is_the_run(
    start: Start, cell: str, count: int
) -> None:
    sweep = start(cell)
    sweep.wait(120)
    assert sweep.state == "finished"
    (run,) = sweep.records()
    assert list(sweep.history("rank").iloc[:, 0]) == [0.0] * 30
    said = sorted(line for line in sweep.logs(run.id).splitlines() if line.startswith("rank"))
    lr = f"{run.params['lr']:.3f}"
    more = "1" if cell == CELL else "-"
    assert said == [f"rank {rank}: {lr} {more} {rank > 0}" for rank in range(count)]
    assert len(list(sweep.path.parent.glob("offline-run-*"))) == 1


def test_a_rank_that_the_run_itself_has_makes_it_no_further_rank(start: Start) -> None:
    """As in the job of a cluster, whose tasks are counted."""
    cell = """
    import wandb
    with wandb.init() as run:
        run.log({"loss": 1.0})
    """
    sweep = start(cell, env={"SLURM_PROCID": "3", "RANK": "2"})
    sweep.wait(60)
    assert sweep.best().value == 1.0


def test_a_sitecustomize_of_the_users_is_executed_as_well(start: Start, tmp_path: Path) -> None:
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "sitecustomize.py").write_text("import os; os.environ['MINE'] = 'yes'")
    cell = """
    import subprocess, sys, wandb
    program = "import os; print('mine', os.environ.get('MINE'), flush=True)"
    subprocess.run([sys.executable, "-c", program], check=True)
    """
    sweep = start(cell, env={"PYTHONPATH": str(tmp_path / "site")})
    sweep.wait(60)
    assert "mine yes" in sweep.logs(sweep.records()[0].id)


PROGRAM = """
import argparse, torch, torch.distributed as dist, wandb
parser = argparse.ArgumentParser()
parser.add_argument("--lr", type=float)
lr = parser.parse_args().lr
dist.init_process_group("gloo")
run = wandb.init()
assert run.config.lr == lr
for step in range(10):
    total = torch.tensor([float(dist.get_rank())])
    dist.all_reduce(total)
    run.log({"loss": lr + total.item(), "rank": dist.get_rank()})
run.finish()
dist.destroy_process_group()
"""


@pytest.mark.slow(15)
def test_torchrun(start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("train.py").write_text(PROGRAM)
    command = ["${env}", "${interpreter}", "-m", "torch.distributed.run", "--standalone"]
    config = {
        **RANDOM,
        "program": "train.py",
        "command": [*command, "--nproc_per_node=2", "${program}", "${args}"],
    }
    sweep = start(None, config)
    sweep.wait(180)
    assert sweep.state == "finished"
    (run,) = sweep.records()
    assert run.value == pytest.approx(run.params["lr"] + 1)
    assert set(sweep.history("rank").iloc[:, 0]) == {0.0}
