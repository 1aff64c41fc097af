"""Real sweeps on GPUs that exist only as a description: what each run sees and waits for."""

from __future__ import annotations

import json
import os
import signal
import textwrap
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from wandb_magic.api import Sweep
from wandb_magic.records import RunState
from wandb_magic.resources import Host
from wandb_magic.slots.circuit_breaker import FIRST_PAUSE_S
from wandb_magic.slots.devices import DEVICES_ENV

Start = Callable[..., Sweep]
Until = Callable[..., object]

HOLD = """
import os, pathlib, time, wandb
with wandb.init() as run:
    run.summary["gpu"] = os.environ.get("CUDA_VISIBLE_DEVICES", "all")
    while not pathlib.Path(GO).exists():
        time.sleep(0.02)
"""
# A pool of threads would hide what a run is told.
REPORT = """
import os, wandb
with wandb.init() as run:
    run.summary["gpu"] = os.environ.get("CUDA_VISIBLE_DEVICES", "all")
    run.summary["threads"] = os.environ.get("OMP_NUM_THREADS", "none")
"""


def gpus(count: int) -> dict[str, str]:
    described = [
        {"id": f"GPU-{number}", "index": number, "name": "A100", "memory": 16 * 2**30}
        for number in range(count)
    ]
    return {DEVICES_ENV: json.dumps(described)}


def leases() -> list[dict[str, Any]]:
    folder = Path(os.environ["WANDB_MAGIC_LEASES"])
    return [json.loads(path.read_text()) for path in folder.glob("lease-*.json")]


def own_host(sweep: Sweep) -> Host:
    """Return what executes the runs, as far as it has been recorded."""
    found = sweep._reader.resources()
    return found.hosts[0] if found is not None and found.hosts else Host("")


def running(sweep: Sweep) -> int:
    return sweep.status().running


def seen(sweep: Sweep) -> list[str]:
    return sorted(sweep.runs()["summary.gpu"])


def test_two_sweeps_never_share_a_gpu_and_what_waits_says_so(
    start: Start, until: Until, go: Callable[[], None]
) -> None:
    first = start(HOLD, count=2, agents=2, env=gpus(2), gpus_per_run=1.0)
    until(lambda: running(first) == 2)
    second = start(HOLD, count=2, agents=1, env=gpus(2), gpus_per_run=1.0)
    until(lambda: f"waiting for a GPU: 2 of 2 leased by sweep {first.id}" in second.status().cause)
    assert second.records() == []  # no parameters are chosen before they can run
    all_runs = {run.id for run in first.records()}
    until(lambda: [len(gpu.shares) for gpu in own_host(second).gpus] == [1, 1])
    own = own_host(second)
    assert (own.runs, own.slots, own.problem) == ((), None, "")
    assert [(gpu.id, gpu.label, gpu.name, gpu.memory) for gpu in own.gpus] == [
        (f"GPU-{number}", str(number), "A100", 16 * 2**30) for number in range(2)
    ]
    shares = [share for gpu in own.gpus for share in gpu.shares]
    assert [(each.sweep, each.fraction) for each in shares] == [(first.id, 1.0)] * 2
    assert {each.run for each in shares} == all_runs
    until(lambda: set(own_host(first).runs) == all_runs)
    second.pause()
    until(lambda: "waiting" not in second.status().cause)
    second.resume()
    go()
    for sweep in (first, second):
        sweep.wait(120)
        assert sweep.state == "finished"
    assert seen(first) == ["0", "1"]
    assert set(seen(second)) <= {"0", "1"}
    assert (first._reader.resources(), second._reader.resources()) == (None, None)
    until(lambda: leases() == [])


def test_a_sweep_that_waits_can_be_stopped(
    start: Start, until: Until, go: Callable[[], None]
) -> None:
    first = start(HOLD, env=gpus(1), gpu_memory=10 * 2**30)
    until(lambda: running(first) == 1)
    second = start(HOLD, env=gpus(1), gpu_memory=10 * 2**30)
    until(lambda: "waiting for 10 GiB of GPU memory" in second.status().cause)
    second.stop()
    second.wait(60)
    assert (second.state, second.records()) == ("stopped", [])
    go()
    first.wait(60)
    assert first.state == "finished"


def test_what_a_killed_supervisor_had_is_held_by_its_runs(
    start: Start, until: Until, go: Callable[[], None]
) -> None:
    first = start(HOLD, count=3, agents=1, env=gpus(1), gpus_per_run=1.0)
    until(lambda: running(first) == 1)
    (run,) = first.records()
    supervisor = first.status().sweep.supervisor
    assert supervisor is not None
    until(lambda: len(leases()[0]["holders"]) == 2)
    os.kill(supervisor.pid, signal.SIGKILL)
    second = start(HOLD, env=gpus(1), gpus_per_run=1.0)
    until(lambda: "waiting for a GPU" in second.status().cause)
    first.resume()
    until(lambda: first.status().sweep.supervisor not in (None, supervisor))
    assert run.process is not None
    os.killpg(run.process.pid, signal.SIGKILL)
    go()
    for sweep in (first, second):
        sweep.wait(120)
    assert [each.state for each in first.records()].count(RunState.FINISHED) == 2
    assert second.records()[0].state is RunState.FINISHED
    until(lambda: leases() == [])


def test_one_bad_gpu_of_four_hurts_two_runs_at_most(start: Start) -> None:
    cell = """
    import os, time, wandb
    with wandb.init() as run:
        run.log({"loss": 1.0})
        run.summary["gpu"] = os.environ["CUDA_VISIBLE_DEVICES"]
        time.sleep(0.1)
        if os.environ["CUDA_VISIBLE_DEVICES"] == "2":
            raise RuntimeError("CUDA error: uncorrectable ECC error encountered")
    """
    sweep = start(cell, count=12, agents=4, env=gpus(4), gpus_per_run=1.0)
    sweep.wait(180)
    assert sweep.state == "finished"
    runs = sweep.records()
    failed = [run for run in runs if run.state is RunState.FAILED]
    assert 1 <= len(failed) <= 2
    for run in failed:
        assert run.cause == (
            "device error on GPU 2 (A100): RuntimeError: CUDA error: uncorrectable ECC error "
            "encountered"
        )
    finished = {run.number for run in runs if run.state is RunState.FINISHED}
    assert finished == set(range(12))  # their parameters ran elsewhere
    if len(failed) == 2:
        assert any(
            "GPU 2 (A100): 2 runs in a row" in each for each in sweep.status().sweep.notices
        )


def test_code_that_fails_on_every_gpu_pauses_the_sweep(start: Start) -> None:
    cell = """
    import wandb
    with wandb.init() as run:
        raise RuntimeError("CUDA error: an illegal memory access was encountered")
    """
    sweep = start(cell, count=12, agents=2, env=gpus(2), failure_limit=4)
    sweep.wait(120)
    assert sweep.state == "paused"
    assert "illegal memory access" in sweep.status().cause
    sweep.stop()


def test_what_ran_out_of_memory_runs_again_alone(start: Start) -> None:
    cell = """
    import os, pathlib, time, wandb
    active, begun, over = (pathlib.Path(ROOT, name) for name in ("active", "begun", "over"))
    active.mkdir(exist_ok=True)
    with wandb.init() as run:
        mine = active / run.id
        mine.touch()
        is_first_time = run.config.lr < 0.5 and not begun.exists()
        if is_first_time:
            begun.touch()
        try:
            while is_first_time and len(list(active.iterdir())) < 2:
                time.sleep(0.02)
            while not is_first_time and not over.exists():
                time.sleep(0.02)
            if not is_first_time:
                time.sleep(0.5)  # another that is executed beside it would begin meanwhile
            others = len(list(active.iterdir())) - 1
            run.log({"loss": 1.0, "others": others})
            if run.config.lr < 0.5 and others:
                raise MemoryError("CUDA out of memory. Tried to allocate 20.00 GiB.")
        finally:
            mine.unlink()
            if is_first_time:
                over.touch()
    """
    config = {
        "method": "grid",
        "metric": {"name": "loss"},
        "parameters": {"lr": {"values": [0.1, 0.9, 0.8, 0.7, 0.6]}},
    }
    sweep = start(cell, config, count=None, agents=3)
    sweep.wait(120)
    assert sweep.state == "finished"
    failed, again = (run for run in sweep.records() if run.params["lr"] == 0.1)
    assert failed.cause == (
        "out of memory: MemoryError: CUDA out of memory. Tried to allocate 20.00 GiB."
    )
    assert again.state is RunState.FINISHED
    assert sweep.runs()["summary.others"][again.id] == 0
    assert len(sweep.records()) == 6


def test_it_runs_alone_once_and_with_one_agent_not_again(start: Start) -> None:
    cell = """
    import wandb
    with wandb.init() as run:
        raise RuntimeError("HIP out of memory. Tried to allocate 2.00 GiB")
    """
    two = start(cell, count=1, agents=2, failure_limit=2)
    two.wait(60)
    assert [run.attempt for run in two.records()] == [0, 1]
    assert two.state == "finished"  # the first says nothing about the code
    one = start(cell, count=1, agents=1, failure_limit=0)
    one.wait(60)
    assert [run.attempt for run in one.records()] == [0]


def test_a_request_that_no_gpu_satisfies_ends_the_sweep_with_a_sentence(start: Start) -> None:
    for env, options, cause in (
        (gpus(2), {"gpus_per_run": 3.0}, "gpus_per_run: must be at most 2, as many as there are"),
        (gpus(0), {"gpu_memory": 2**30}, "gpu_memory: no GPU was found on this machine"),
    ):
        sweep = start(REPORT, env=env, **options)
        sweep.wait(60)
        assert sweep.state == "failed"
        assert sweep.status().cause.startswith(f"no run can start: {cause}")
        assert sweep.records() == []


@pytest.mark.parametrize(
    "devices",
    ["not JSON", pytest.param("[]", marks=pytest.mark.full("sweeps without GPUs"))],
)
def test_without_a_list_of_gpus_sweeps_run_as_ever(start: Start, devices: str) -> None:
    sweep = start(REPORT, count=2, agents=2, env={DEVICES_ENV: devices})
    sweep.wait(60)
    assert seen(sweep) == ["all", "all"]
    notices = [each for each in sweep.status().sweep.notices if "list of GPUs" in each]
    assert len(notices) == (devices != "[]")


def test_cores_are_divided_and_what_the_user_sets_stays(start: Start) -> None:
    divided = start(REPORT, count=2, agents=2)
    chosen = start(REPORT, count=2, agents=2, env={"OMP_NUM_THREADS": "7"})
    alone = start(REPORT, count=1, agents=1)
    for sweep in (divided, chosen, alone):
        sweep.wait(90)
    assert set(chosen.runs()["summary.threads"]) == {"7"}
    assert set(alone.runs()["summary.threads"]) == {"none"}
    share = max(1, len(os.sched_getaffinity(0)) // 2)
    assert {int(each) for each in divided.runs()["summary.threads"]} <= set(range(1, share + 1))


DRIVER = """
import os, pathlib, time
root = pathlib.Path(os.environ["ROOT"])
(root / "asked.new").write_text(str(os.getpid()))
(root / "asked.new").rename(root / "asked")
time.sleep(600)
"""


def test_requests_are_carried_out_while_a_driver_hangs(
    start: Start, until: Until, tmp_path: Path
) -> None:
    """A module that hangs stands for the driver's bindings."""
    bindings = tmp_path / "bindings"
    bindings.mkdir()
    (bindings / "pynvml.py").write_text(DRIVER)
    (bindings / "sitecustomize.py").write_text(
        "from wandb_magic.slots import devices\n"
        "devices._DRIVER_FILES = ('/',)\n"
        "devices.TIMEOUT_S = 5.0\n"
    )
    env = {"PYTHONPATH": str(bindings), "ROOT": str(tmp_path)}
    sweep = start("print('run')", agents=2, count=2, env=env)
    until((tmp_path / "asked").exists)
    sweep.pause()
    assert psutil.pid_exists(int((tmp_path / "asked").read_text()))
    sweep.resume()
    sweep.wait(90)
    assert [run.state.value for run in sweep.records()] == ["finished"] * 2
    assert any("driver does not respond" in each for each in sweep.status().sweep.notices)


def test_a_bad_gpu_does_not_pause_a_sweep_whose_other_runs_take_long(
    start: Start, until: Until, go: Callable[[], None]
) -> None:
    cell = f"""
    {textwrap.indent(textwrap.dedent(HOLD).strip(), "    ").strip()}
        if os.environ["CUDA_VISIBLE_DEVICES"] == "1":
            raise RuntimeError("CUDA error: unspecified launch failure")
    """.replace("while not", 'while os.environ["CUDA_VISIBLE_DEVICES"] != "1" and not')
    sweep = start(cell, count=3, agents=2, env=gpus(2), gpus_per_run=1.0, failure_limit=1)
    until(lambda: [run.state for run in sweep.records()].count(RunState.FAILED) == 2)
    until(lambda: "1 of 2 taken out after errors" in sweep.status().cause)
    assert sweep.state == "running"
    until(
        lambda: (
            [(gpu.out_until is not None, len(gpu.shares)) for gpu in own_host(sweep).gpus]
            == [(False, 1), (True, 0)]
        )
    )
    bad = own_host(sweep).gpus[1]
    assert FIRST_PAUSE_S / 2 < (bad.out_until or 0.0) - time.time() <= FIRST_PAUSE_S
    go()
    sweep.wait(60)
    assert sweep.state == "finished"
    assert len(sweep.records()) == 5
