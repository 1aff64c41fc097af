"""Batch systems: programs stand in for Slurm's, and start the job scripts."""

from __future__ import annotations

import os
import signal
import textwrap
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests import sweeps
from tests.launchers.conftest import wait_until
from wandb_magic.api import Sweep
from wandb_magic.arguments import ArgumentError
from wandb_magic.errors import SpecError
from wandb_magic.launchers.batch_systems import SYSTEMS, batch_address, cluster_arguments
from wandb_magic.records import RunState

OPTIONS = "partition=gpu,gres=gpu:a100:1,cpus=3,mem=2G,walltime=01:00:00,account=lab"

PROGRAMS = {
    # A job is a process group, whose leader's id is the job's.
    "sbatch": """
        cp "$1" "$JOBS/script"  # as Slurm does: the file is removed afterwards
        setsid bash -c "$(cat "$1")" > "$JOBS/out" 2>&1 < /dev/null &
        echo $! >> "$JOBS/ids"
        echo "Submitted batch job $!"
    """,
    "scancel": """
        kill -TERM -- "-$1"
        echo "$1" >> "$JOBS/cancelled"
    """,
    "squeue": "cat $JOBS/ids",
}
EXPECTED = """
#!/usr/bin/env bash

#SBATCH -J wandb-sweep-SWEEP
#SBATCH -e CLUSTER/wandb-sweep-SWEEP-%J.err
#SBATCH -o CLUSTER/wandb-sweep-SWEEP-%J.out
#SBATCH -p gpu
#SBATCH -A lab
#SBATCH -n 1
#SBATCH --cpus-per-task=3
#SBATCH --mem=2G
#SBATCH -t 01:00:00
#SBATCH --gres=gpu:a100:1
export OMP_NUM_THREADS=3
export DASK_DISTRIBUTED__WORKER__HTTP__ROUTES='[]'
"""

CELL = """
import os, time, wandb
with wandb.init() as run:
    run.log({"loss": run.config.lr})
    run.summary["threads"] = os.environ["OMP_NUM_THREADS"]
    print("begun", flush=True)
    while not os.path.exists(GO):
        time.sleep(0.05)
"""


@pytest.fixture
def jobs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Put programs in the place of Slurm's; the folder in which they note what they did."""
    folder = tmp_path / "slurm"
    folder.mkdir()
    for name, text in PROGRAMS.items():
        program = folder / name
        program.write_text(f"#!/bin/bash\n{textwrap.dedent(text)}")
        program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    monkeypatch.setenv("JOBS", str(folder))
    yield folder
    for job in lines(folder / "ids"):
        try:
            os.killpg(int(job), signal.SIGKILL)
        except ProcessLookupError:
            continue


def lines(file: Path) -> list[str]:
    return file.read_text().split() if file.exists() else []


def active(sweep: Sweep) -> int:
    return sum(run.state is RunState.RUNNING for run in sweep.records())


@pytest.mark.slow(40)
def test_a_sweep_runs_in_jobs_and_survives_its_supervisor(jobs: Path, tmp_path: Path) -> None:
    sweep = sweeps.start(
        CELL,
        namespace={"GO": str(tmp_path / "go")},
        launcher="slurm",
        launcher_options=OPTIONS,
        count=3,
        agents=2,
    )
    wait_until(lambda: "Slurm to start a job" in sweep.status().cause or active(sweep))
    wait_until(lambda: active(sweep) == 2)
    assert len(lines(jobs / "ids")) == 2
    cluster = sweep.path / "cluster"
    script = (jobs / "script").read_text()
    known = script.replace(str(cluster), "CLUSTER").replace(sweep.id, "SWEEP")
    assert known.startswith(EXPECTED.lstrip())
    command = known[len(EXPECTED.lstrip()) :].split()
    assert command[1:3] == ["-m", "distributed.cli.dask_worker"]
    assert command[3].startswith("tls://")
    assert "--nthreads 1 --memory-limit 0" in known
    assert "--no-nanny" in known
    assert "--lifetime 3480s" in known
    assert "PRIVATE KEY" not in script
    for file in cluster.glob("*.pem"):
        assert file.stat().st_mode & 0o077 == 0

    supervisor = sweep.status().sweep.supervisor
    assert supervisor is not None
    before = {run.id for run in sweep.records()}
    os.kill(supervisor.pid, signal.SIGKILL)
    wait_until(lambda: sweep.state == "died")
    sweep.resume()
    wait_until(lambda: sweep.state == "running" and active(sweep) == 2)
    (tmp_path / "go").touch()
    sweep.wait(timeout=120)
    runs = sweep.records()
    assert Counter(run.state for run in runs) == {RunState.FINISHED: 3}
    assert before < {run.id for run in runs}
    assert set(sweep.runs()["summary.threads"]) == {"3"}
    assert "begun" in sweep.logs(runs[0].id)
    # No job and no process of the cluster is left.
    wait_until(lambda: not any(psutil.pid_exists(int(job)) for job in lines(jobs / "ids")))
    assert not [each for each in psutil.process_iter() if has_words(each, str(cluster))]


def has_words(process: psutil.Process, words: str) -> bool:
    try:
        return words in " ".join(process.cmdline())
    except psutil.Error:
        return False


def test_jobs_that_cannot_be_submitted_are_said(jobs: Path) -> None:
    failing = "#!/bin/bash\necho 'invalid partition specified: gpu' >&2\nexit 1\n"
    (jobs / "sbatch").write_text(failing)
    sweep = sweeps.start("pass", launcher="slurm", launcher_options=OPTIONS, count=1)
    wait_until(
        lambda: sweep.status().cause == "Slurm refuses jobs: invalid partition specified: gpu"
    )
    sweep.stop()
    sweep.wait(timeout=60)
    assert sweep.state == "stopped"


@pytest.mark.parametrize("name", SYSTEMS)
def test_each_system_has_a_class_that_takes_its_arguments(name: str) -> None:
    import dask_jobqueue  # noqa: PLC0415 - slow

    options = {"mem": "4GB", "walltime": "02:00:00", "cpus": 2, "directive": ["-x 1", "-y 2"]}
    if name in ("lsf", "htcondor"):
        options.pop("walltime")
    if name == "htcondor":
        options |= {"disk": "1GB"}
        options.pop("directive")
    system, arguments = cluster_arguments(batch_address(name, options))
    job_class = getattr(dask_jobqueue, system.cluster_class).job_cls
    job = job_class("tcp://127.0.0.1:1", name="job", **arguments)
    script = job.job_script()
    assert "export OMP_NUM_THREADS" in script
    assert "--nthreads 1" in script
    if "directive" in options:
        assert "-x 1" in script
        assert "-y 2" in script


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({}, "mem is missing"),
        ("mem=1G,colour=red", "Slurm has no option 'colour' here: use one of"),
        ("gpu", "'gpu' is not an option"),
        ("=1", "'=1' is not an option"),
        ("mem=1G,cpus=many", "cpus must be a number of cores, and is 'many'"),
        ("mem=1G,cpus=0", "cpus must be a number of cores"),
    ],
)
def test_odd_options_are_refused_in_a_sentence(options: object, said: str) -> None:
    with pytest.raises(ArgumentError, match="launcher_options: ") as caught:
        cluster_arguments(batch_address("slurm", options))  # type: ignore[arg-type]
    assert said in str(caught.value)


def test_values_may_have_commas() -> None:
    _, arguments = cluster_arguments(batch_address("slurm", "gres=gpu:1,shard:2,mem=1G"))
    assert arguments["job_extra_directives"] == ["--gres=gpu:1,shard:2"]


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"launcher": "slurm", "launcher_options": "mem=1G"}, "sbatch is not on this machine's"),
        ({"launcher": "slurm"}, "launcher_options: mem is missing"),
        ({"launcher_options": "mem=1G"}, "launcher_options: name a launcher as well"),
        (
            {"launcher": "dask://127.0.0.1:1", "launcher_options": "mem=1G"},
            "launcher_options: only batch systems have options: htcondor, lsf, pbs, sge, slurm",
        ),
        ({"launcher": "kubernetes"}, "the name of a batch system"),
    ],
)
def test_what_cannot_be_submitted_is_refused_at_the_start(
    settings: dict[str, object], said: str
) -> None:
    with pytest.raises(SpecError) as caught:
        sweeps.start("pass", **settings)  # type: ignore[arg-type]
    assert said in str(caught.value)
