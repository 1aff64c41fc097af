"""The next supervisor completes what was requested and begun, and runs again what was lost."""

import asyncio
import errno
import os
import signal
import sqlite3
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.sweeps import sweep_record
from wandb_magic.api import Sweep, _control, _status
from wandb_magic.disk import WaitNote
from wandb_magic.errors import SweepStateError
from wandb_magic.log_records import HistoryRecord
from wandb_magic.paths import SweepPaths, read_json_object
from wandb_magic.processes import current_process
from wandb_magic.records import NO_AGENT, Options, RunId, RunRecord, RunState, SweepState
from wandb_magic.runner.events import RunExited, RunLogged, RunnerEvent, RunStarted
from wandb_magic.runner.run_process import Job
from wandb_magic.runner.wandb_preload import SHARED_CORE_SINCE, _release
from wandb_magic.search import make_searcher
from wandb_magic.spec import load
from wandb_magic.store import StoreReader, StoreWriter, create, insert_request
from wandb_magic.supervisor.backends import OfflineBackend
from wandb_magic.supervisor.disk_retry import DiskRetry
from wandb_magic.supervisor.job_factory import JobFactory
from wandb_magic.supervisor.run_table import LOST_RETRIES
from wandb_magic.supervisor.state import SchedulerState
from wandb_magic.supervisor.supervisor import Supervisor

SPEC = load(
    {
        "method": "random",
        "metric": {"name": "loss", "goal": "minimize", "target": 0.0},
        "parameters": {"lr": {"min": 0.0, "max": 1.0}},
        "early_terminate": {"type": "hyperband", "min_iter": 1, "eta": 3},
    }
)
RUNS = [RunId(f"run0000{number}") for number in range(4)]
Start = Callable[..., Sweep]
Until = Callable[..., Any]


class SilentHost:
    """Takes all, and says nothing."""

    def __init__(self, say: Callable[[RunnerEvent], None]) -> None:
        self.say = say
        self.signalled: list[tuple[str, int]] = []
        self.recovered: list[str] = []

    async def start(self) -> None: ...

    def reserve_slot(self, agent: int, agents: int, *, alone: bool = False) -> str:  # noqa: ARG002
        return ""

    def cancel_reservation(self) -> None: ...

    async def launch(self, job: Job, positions: Mapping[str, int]) -> None: ...

    async def recover(self, job: Job, positions: Mapping[str, int]) -> None:  # noqa: ARG002
        self.recovered.append(job.run)

    def signal(self, run: RunId, number: int, reason: str) -> None:
        assert reason
        self.signalled.append((run, number))

    async def close(self) -> None: ...


def new_sweep(folder: Path, **options: object) -> SweepPaths:
    """Return a sweep with four runs, of which the last has no process yet."""
    paths = SweepPaths(folder / "sweep-abcd1234")
    paths.folder.mkdir()
    sweep = sweep_record(
        "abcd1234",
        state=SweepState.RUNNING,
        started=None,
        ended=None,
        spec=SPEC.to_dict(),
        options=Options(**{"grace": 0.0, **options}),
        agents=4,
        budget=9,
    )
    create(paths.store, sweep)
    store = StoreWriter(paths.store)
    for number, run in enumerate(RUNS):
        living = RunState.PENDING if number == 3 else RunState.RUNNING
        store.add_run(RunRecord(run, number, 0, number, {"lr": 0.5}, living, 1.0))
    store.close()
    return paths


NOTE = WaitNote(os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC))


def take_over(paths: SweepPaths) -> tuple[Supervisor, SilentHost]:
    """Return a supervisor of the sweep as the next one begins, which has found three processes."""
    store = StoreWriter(paths.store)
    ledger = SchedulerState(store, SPEC.metric, keep_history=True)
    with closing(StoreReader(paths.store)) as reader:
        ledger.restore(reader)
    hosts: list[SilentHost] = []

    def make_host(say: Callable[[RunnerEvent], None]) -> SilentHost:
        hosts.append(SilentHost(say))
        return hosts[0]

    jobs = JobFactory(paths, ledger.sweep, SPEC, {}, commands=False)
    searcher = make_searcher(SPEC, seed=1, sampler="auto", priors=())
    made = Supervisor(
        ledger,
        SPEC,
        lambda _: OfflineBackend(SPEC, searcher),
        make_host,
        jobs,
        DiskRetry(paths, NOTE),
        NOTE,
    )
    for run in RUNS[:3]:
        if run in made.runs.active:
            hosts[0].say(RunStarted(run, current_process()))
    return made, hosts[0]


def die(supervisor: Supervisor) -> None:
    """Commit as at the end of a turn of the loop, and be gone."""
    supervisor.state.store.commit()
    supervisor.state.store._connection.close()


def asked(verb: str, **arguments: object) -> Callable[[Supervisor, SilentHost, SweepPaths], None]:
    def ask(supervisor: Supervisor, _host: SilentHost, paths: SweepPaths) -> None:
        insert_request(paths.store, verb, arguments)
        supervisor._handle_requests()

    return ask


def reach_target(_: Supervisor, host: SilentHost, __: SweepPaths) -> None:
    host.say(RunLogged(RUNS[0], "x", (HistoryRecord(0, None, {"loss": -1.0}),), 1))


def fall_behind(supervisor: Supervisor, host: SilentHost, _: SweepPaths) -> None:
    for run, loss in zip(RUNS[:3], (9.0, 1.0, 2.0), strict=True):
        host.say(RunLogged(run, "x", (HistoryRecord(0, None, {"loss": loss}),), 1))
    supervisor._prune()


def time_out(supervisor: Supervisor, _: SilentHost, __: SweepPaths) -> None:
    supervisor.state.sweep = replace(
        supervisor.state.sweep, options=replace(supervisor.state.sweep.options, run_timeout=1e-9)
    )
    supervisor._stop_late_runs()


@pytest.mark.parametrize(
    ("begin", "ended", "state", "cause"),
    [
        (asked("stop"), RUNS, RunState.STOPPED, "the sweep was stopped"),
        (asked("stop_run", run=RUNS[1]), RUNS[1:2], RunState.STOPPED, "stopped on request"),
        (reach_target, RUNS, RunState.STOPPED, "reached its target"),
        (fall_behind, RUNS[:1], RunState.PRUNED, "hyperband"),
        (time_out, RUNS[:3], RunState.STOPPED, "run timeout"),
        (asked("stop", drain=True), [], None, ""),
        (asked("pause"), [], None, ""),
    ],
    ids=["stop", "stop_run", "target", "pruning", "timeout", "drain", "pause"],
)
def test_the_next_supervisor_carries_on_what_was_begun(
    tmp_path: Path,
    begin: Callable[[Supervisor, SilentHost, SweepPaths], None],
    ended: list[RunId],
    state: RunState,
    cause: str,
) -> None:
    paths = new_sweep(tmp_path)
    first, host = take_over(paths)
    begin(first, host, paths)
    before = first.state.sweep.state
    die(first)
    second, host = take_over(paths)
    assert second.state.sweep.state is before
    asyncio.run(second._recover_runs())
    for _ in range(3):
        second._terminator.tick()
    for run in RUNS[:3]:
        sent = [number for whom, number in host.signalled if whom == run]
        assert sent == ([signal.SIGINT, signal.SIGTERM, signal.SIGKILL] if run in ended else [])
        host.say(RunExited(run, None, signal.SIGKILL, "", 3.0))
        record = second.runs.get_ended(run)
        assert record is not None
        if run in ended:
            assert (record.state, cause in record.cause) == (state, True)
        else:
            assert record.state is RunState.KILLED
    # The one without a process is never begun if it was to end.
    assert (RUNS[3] in host.recovered) is (RUNS[3] not in ended)
    assert (RUNS[3] in second.runs.active) is (RUNS[3] not in ended)
    die(second)
    assert StoreWriter(paths.store).stop_reasons() == {}


def test_a_run_that_heard_the_interrupt_is_not_interrupted_again(tmp_path: Path) -> None:
    paths = new_sweep(tmp_path)
    first, host = take_over(paths)
    asked("stop")(first, host, paths)
    die(first)
    heard = paths.run(RUNS[0])
    heard.folder.mkdir(parents=True)
    heard.stop.write_text("the sweep was stopped")
    second, host = take_over(paths)
    asyncio.run(second._recover_runs())
    second._terminator.tick()
    assert [number for run, number in host.signalled if run == RUNS[0]] == [signal.SIGTERM]
    assert [number for run, number in host.signalled if run == RUNS[1]] == [signal.SIGINT]
    die(second)


@pytest.mark.parametrize(
    ("verb", "arguments"),
    [("rerun", {"run": RUNS[0]}), ("resume_run", {"run": RUNS[0]}), ("rerun_failed", {})],
)
def test_a_run_that_is_to_go_again_is_not_forgotten(
    tmp_path: Path, verb: str, arguments: dict[str, object]
) -> None:
    paths = new_sweep(tmp_path)
    first, host = take_over(paths)
    host.say(RunExited(RUNS[0], 1, None, "", 3.0))
    asked(verb, **arguments)(first, host, paths)
    asked("set_agents", agents=7)(first, host, paths)
    asked("set_count", count=8)(first, host, paths)
    die(first)
    second, _ = take_over(paths)
    assert [second.runs.active[run].agent for run in second.runs.queued()] == [NO_AGENT]
    assert (second.state.sweep.agents, second.state.sweep.budget) == (7, 8)
    die(second)


def test_what_was_taken_up_and_not_answered_is_taken_up_again(tmp_path: Path) -> None:
    paths = new_sweep(tmp_path)
    insert_request(paths.store, "set_agents", {"agents": 7})
    first, _ = take_over(paths)
    first._handle_requests()
    first.state.store._connection.close()  # killed before it could commit
    second, _ = take_over(paths)
    assert second.state.sweep.agents == 4
    second._handle_requests()
    assert second.state.sweep.agents == 7
    die(second)


def test_lost_runs_go_again_within_their_own_budget_and_pause_nothing(tmp_path: Path) -> None:
    paths = new_sweep(tmp_path)
    supervisor, host = take_over(paths)
    for run in RUNS[:3]:
        host.say(RunExited(run, None, None, "", 3.0))
    assert supervisor.state.sweep.state is SweepState.RUNNING
    assert [number for number, _, _ in supervisor.runs.retries] == [0, 1, 2]
    die(supervisor)
    supervisor, _ = take_over(paths)
    assert [number for number, _, _ in supervisor.runs.retries] == [0, 1, 2]
    for _ in range(LOST_RETRIES):
        number, attempt, params = supervisor.runs.retries.pop(0)
        run = RunRecord(
            RunId(f"run1000{attempt}"), number, attempt, 0, params, RunState.PENDING, 1
        )
        supervisor.state.add_run(run)
        supervisor._on_run_exited(RunExited(run.id, None, None, "", 3.0))
        supervisor.runs.retries.sort()
    assert [number for number, _, _ in supervisor.runs.retries] == [1, 2]
    die(supervisor)


def test_failed_runs_pause_the_sweep_whatever_was_lost_between(tmp_path: Path) -> None:
    paths = new_sweep(tmp_path, failure_limit=2)
    supervisor, host = take_over(paths)
    host.say(RunExited(RUNS[0], 1, None, "", 3.0))
    host.say(RunExited(RUNS[1], None, None, "", 3.0))
    assert supervisor.state.sweep.state is SweepState.RUNNING
    host.say(RunExited(RUNS[2], 1, None, "", 3.0))
    assert supervisor.state.sweep.state is SweepState.PAUSED
    die(supervisor)


def test_a_clock_that_jumps_stops_no_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = new_sweep(tmp_path, run_timeout=86_400.0)
    supervisor, host = take_over(paths)
    for jump in (1e9, -1e9):
        with monkeypatch.context() as patch:
            patch.setattr(time, "time", lambda jump=jump, now=time.time: now() + jump)
            supervisor._stop_late_runs()
    assert host.signalled == []
    die(supervisor)


def test_a_run_waits_for_room_on_a_full_disk_and_does_not_fail(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = new_sweep(tmp_path)
    supervisor, host = take_over(paths)
    monkeypatch.setattr("wandb_magic.supervisor.disk_retry.RETRY_S", 0.0)
    tries: list[str] = []

    async def launch(job: Job, _positions: Mapping[str, int]) -> None:
        tries.append(job.run)
        if len(tries) < 3:
            raise OSError(errno.ENOSPC, "No space left on device")

    async def scene() -> None:
        host.launch = launch  # type: ignore[method-assign] # the disk that is played
        await supervisor._start_new(0, 4, 0, {"lr": 0.5})

    asyncio.run(scene())
    assert len(tries) == 3
    assert supervisor.runs.active[RunId(tries[0])].state is RunState.PENDING
    die(supervisor)


@pytest.mark.skipif(sys.platform != "linux", reason="looks at descriptors as Linux shows them")
def test_what_a_sweep_cannot_go_on_without_is_synced_before_it_is_handed_over(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[str] = []
    sync = os.fsync

    def note(descriptor: int) -> None:
        synced.append(Path(f"/proc/self/fd/{descriptor}").readlink().name)
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", note)
    sweep = start("print()")
    for name in (".manifest.json.", ".spec.yaml.", "bundle", sweep.path.name, "wandb"):
        assert any(each.startswith(name) for each in synced), (name, synced)


DEAF = """
import pathlib, signal, time, wandb
with wandb.init() as run:
    run.log({"loss": 1.0})
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    pathlib.Path(GO).touch()
    while True:
        time.sleep(0.02)
"""
STEPS = """
import pathlib, time, wandb
with wandb.init() as run:
    run.log({"loss": 1.0})
    while not pathlib.Path(GO).exists():
        time.sleep(0.02)
"""


def processes_of(sweep: Sweep) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            told = " ".join(process.cmdline())
            if str(sweep.path) in told or str(sweep.path) in process.environ().values():
                found.append(process)
    return found


def only_core_of(sweep: Sweep) -> psutil.Process | None:
    cores = [process for process in processes_of(sweep) if process.name() == "wandb-core"]
    return cores[0] if len(cores) == 1 else None


def supervisor_of(sweep: Sweep) -> int:
    process = sweep.status().sweep.supervisor
    assert process is not None
    return process.pid


def test_a_stop_is_carried_on_after_the_death_of_the_supervisor(
    start: Start, until: Until, tmp_path: Path
) -> None:
    sweep = start(DEAF, grace=0.5)
    until((tmp_path / "go").exists)
    (run,) = sweep.records()
    sweep.stop()
    until(sweep._paths.run(run.id).stop.exists)
    with suppress(ProcessLookupError):
        os.kill(supervisor_of(sweep), signal.SIGKILL)
    until(lambda: sweep.state in ("died", "stopped"))
    with suppress(SweepStateError):  # it is being stopped
        sweep.resume()
    sweep.wait(60)
    assert sweep.state == "stopped"
    (run,) = sweep.records()
    assert (run.state, run.cause) == (RunState.STOPPED, "the sweep was stopped")


def test_a_reboot_that_leaves_empty_files_costs_no_set_of_parameters(
    start: Start, until: Until, go: Callable[[], None]
) -> None:
    sweep = start(STEPS, count=4, agents=3)
    until(lambda: sum(run.state is RunState.RUNNING for run in sweep.records()) == 3)
    for process in processes_of(sweep):
        with suppress(psutil.NoSuchProcess):
            process.kill()
    until(lambda: sweep.state == "died")
    assert sweep.wait().state == "died", "waiting for a dead sweep ends at once"
    for run in sweep.records():
        for file in sweep._paths.run(run.id).folder.iterdir():
            if file.is_file():
                file.write_bytes(b"")  # what a machine leaves that loses its power
    go()
    sweep.resume().wait(120)
    assert sweep.state == "finished", sweep.status()
    records = sweep.records()
    assert {run.number for run in records if run.state is RunState.FINISHED} == {0, 1, 2, 3}
    assert sorted(run.state.value for run in records) == ["finished"] * 4 + ["lost"] * 3
    assert "failed" not in str(sweep.status())


def test_a_supervisor_killed_in_its_first_moment_is_missed_at_once(
    start: Start, until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    # After so long a supervisor of which nothing is known has died; of this one, much is known.
    monkeypatch.setattr(_status, "STARTUP_TIMEOUT_S", float("inf"))
    sweep = start(STEPS.replace("GO", "ROOT"))
    started = read_json_object(sweep._paths.supervisor_process)
    assert started is not None
    os.kill(started["pid"], signal.SIGKILL)
    until(lambda: sweep.state == "died")
    sweep.resume().wait(90)
    assert sweep.state == "finished"


def test_a_request_that_is_given_up_is_never_done(
    start: Start, until: Until, go: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    sweep = start(STEPS, count=2)
    until(lambda: sweep.records() and sweep.records()[0].state is RunState.RUNNING)
    monkeypatch.setattr(_control, "ANSWER_TIMEOUT_S", 0.2)
    os.kill(supervisor_of(sweep), signal.SIGSTOP)
    try:
        for _ in range(2):
            with pytest.raises(SweepStateError, match="does not answer"):
                sweep.rerun(0)
    finally:
        os.kill(supervisor_of(sweep), signal.SIGCONT)
    go()
    sweep.wait(90)
    assert [(run.number, run.attempt) for run in sweep.records()] == [(0, 0), (1, 0)]
    with closing(sqlite3.connect(sweep._paths.store)) as connection:
        errors = {error for (error,) in connection.execute("SELECT error FROM request")}
    assert errors == {"withdrawn"}


def test_supervisors_that_die_one_after_the_other_share_one_core(
    start: Start, until: Until, go: Callable[[], None]
) -> None:
    if _release() < SHARED_CORE_SINCE:
        pytest.skip("this wandb has no shared core")
    sweep = start(STEPS, count=2)
    until(lambda: [run.state for run in sweep.records()] == [RunState.RUNNING])
    for _ in range(2):
        os.kill(supervisor_of(sweep), signal.SIGKILL)
        until(lambda: sweep.state == "died")
        sweep.resume()
    sweep.set_agents(2)
    until(lambda: [run.state for run in sweep.records()] == [RunState.RUNNING] * 2)
    # A program that a core starts has its name until it executes.
    cores = until(lambda: [core] if (core := only_core_of(sweep)) else None)
    go()
    sweep.wait(90)
    assert [run.state for run in sweep.records()] == [RunState.FINISHED] * 2
    until(lambda: not any(process.is_running() for process in cores))
