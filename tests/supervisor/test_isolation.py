"""Nothing that is asked or logged, and no small file, leaves a sweep that no supervisor survives.

The store and the supervisor's own classes are real; only the host is played, since what it says
is what is tried here.
"""

import asyncio
import json
import os
import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.sweeps import run_record, sweep_record
from wandb_magic.api import Sweep
from wandb_magic.disk import WaitNote
from wandb_magic.errors import SpecError, SweepError
from wandb_magic.log_records import (
    ArtifactRecord,
    ConfigRecord,
    FilesRecord,
    HistoryRecord,
    LogRecord,
    OmittedRecord,
    SummaryRecord,
    SystemRecord,
)
from wandb_magic.paths import RunPaths, SweepPaths
from wandb_magic.processes import current_process
from wandb_magic.records import RunId, RunState, SweepState
from wandb_magic.requests import REQUESTS
from wandb_magic.runner.events import RunExited, RunLogged, RunnerEvent, RunStarted
from wandb_magic.runner.exit_cause import describe_exit
from wandb_magic.runner.run_monitor import RunParent, TrackedRun
from wandb_magic.runner.run_process import Job
from wandb_magic.search import make_searcher
from wandb_magic.spec import load
from wandb_magic.store import StoreReader, StoreWriter, create
from wandb_magic.supervisor.backends import OfflineBackend
from wandb_magic.supervisor.backends.pending_assignments import PendingAssignments
from wandb_magic.supervisor.disk_retry import DiskRetry
from wandb_magic.supervisor.job_factory import JobFactory
from wandb_magic.supervisor.state import SchedulerState
from wandb_magic.supervisor.supervisor import Supervisor

SPEC = load(
    {
        "method": "random",
        "metric": {"name": "loss", "goal": "minimize"},
        "parameters": {"lr": {"min": 0.0, "max": 1.0}},
        "early_terminate": {"type": "hyperband", "min_iter": 1},
    }
)
Start = Callable[..., Sweep]
JSON = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.sampled_from([10**20, -(2**63) - 1, 10**400, "\ud800", "", 1e999, [[]] * 3]),
        st.floats(),
        st.text(st.characters(), max_size=4),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=6,
)
KEYS = st.one_of(st.sampled_from(["loss", "_step", "\ud800", "a.b"]), st.text(max_size=3))
QUICK = settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


class SilentHost:
    """Takes all, and says nothing."""

    def __init__(self, say: Callable[[RunnerEvent], None]) -> None:
        self.say = say
        self.signalled: list[tuple[str, int]] = []

    async def start(self) -> None: ...

    def reserve_slot(self, agent: int, agents: int, *, alone: bool = False) -> str:  # noqa: ARG002
        return ""

    def cancel_reservation(self) -> None: ...

    async def launch(self, job: Job, positions: Mapping[str, int]) -> None: ...

    async def recover(self, job: Job, positions: Mapping[str, int]) -> None: ...

    def signal(self, run: RunId, number: int, reason: str) -> None:
        assert reason
        self.signalled.append((run, number))

    async def close(self) -> None: ...


def new_sweep(folder: Path, runs: int = 2) -> SweepPaths:
    paths = SweepPaths(folder / "sweep-abcd1234")
    paths.folder.mkdir()
    fields = {"state": SweepState.RUNNING, "spec": SPEC.to_dict(), "budget": 5, "ended": None}
    create(paths.store, sweep_record("abcd1234", **fields))
    store = StoreWriter(paths.store)
    for number in range(runs):
        store.add_run(run_record(number, agent=number, started=2.0))
    store.close()
    return paths


NOTE = WaitNote(os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC))


def take_over(paths: SweepPaths) -> tuple[Supervisor, SilentHost]:
    """Return a supervisor of the sweep, as the next one would begin."""
    store = StoreWriter(paths.store)
    state = SchedulerState(store, SPEC.metric, keep_history=True)
    with closing(StoreReader(paths.store)) as reader:
        state.restore(reader)
    hosts: list[SilentHost] = []

    def make_host(say: Callable[[RunnerEvent], None]) -> SilentHost:
        hosts.append(SilentHost(say))
        return hosts[0]

    jobs = JobFactory(paths, state.sweep, SPEC, {}, commands=False)
    searcher = make_searcher(SPEC, seed=1, sampler="auto", priors=())
    made = Supervisor(
        state,
        SPEC,
        lambda _: OfflineBackend(SPEC, searcher),
        make_host,
        jobs,
        DiskRetry(paths, NOTE),
        NOTE,
    )
    return made, hosts[0]


def post_raw(paths: SweepPaths, verb: object, arguments: object) -> None:
    with closing(sqlite3.connect(paths.store)) as connection, connection:
        connection.execute(
            "INSERT INTO request (verb, arguments, created) VALUES (?, ?, 0)", (verb, arguments)
        )


def answers(paths: SweepPaths) -> list[str | None]:
    with closing(sqlite3.connect(paths.store)) as connection:
        return [error for (error,) in connection.execute("SELECT error FROM request ORDER BY id")]


@QUICK
@given(
    st.lists(
        st.tuples(
            st.sampled_from([*REQUESTS, "fly"]),
            st.one_of(
                st.sampled_from(["", "{", "[" * 50_000, "null", '{"count": 1e999}']),
                st.dictionaries(
                    st.sampled_from(["run", "number", "agents", "count", "drain", "resume", "x"]),
                    st.one_of(JSON, st.sampled_from(["run00000", 0, 1, 3])),
                    max_size=2,
                ).map(json.dumps),
                JSON.map(json.dumps),
            ),
        ),
        min_size=1,
        max_size=3,
    )
)
def test_every_request_is_answered_and_the_next_supervisor_goes_on(
    tmp_path_factory: pytest.TempPathFactory, asked: list[tuple[str, str]]
) -> None:
    paths = new_sweep(tmp_path_factory.mktemp("sweep"))
    for verb, arguments in asked:
        post_raw(paths, verb, arguments)
    supervisor, _ = take_over(paths)
    supervisor._handle_requests()
    supervisor.state.store.commit()
    supervisor.state.store.close()
    told = answers(paths)
    assert None not in told
    assert all(" failed: " not in str(answer) for answer in told), told
    following, _ = take_over(paths)
    assert following.state.sweep == supervisor.state.sweep
    assert following.runs.active.keys() == supervisor.runs.active.keys()
    following.state.store.close()


ENTRIES: st.SearchStrategy[LogRecord] = st.one_of(
    st.builds(
        HistoryRecord,
        step=st.one_of(st.integers(), JSON),
        time=JSON,
        scalars=st.dictionaries(KEYS, st.one_of(st.floats(), JSON), max_size=2),
        media=st.dictionaries(KEYS, JSON, max_size=2),
    ),
    st.builds(SummaryRecord, update=st.dictionaries(KEYS, JSON, max_size=2)),
    st.builds(ConfigRecord, update=st.dictionaries(KEYS, JSON, max_size=2)),
    st.builds(SystemRecord, time=JSON, values=st.dictionaries(KEYS, JSON, max_size=2)),
    st.builds(FilesRecord, paths=st.tuples(KEYS)),
    st.builds(
        ArtifactRecord,
        name=KEYS,
        type=KEYS,
        aliases=st.tuples(KEYS),
        used=st.booleans(),
        metadata=st.dictionaries(KEYS, JSON, max_size=1),
    ),
    st.builds(OmittedRecord, key=KEYS, reason=st.just("it is odd")),
)


@QUICK
@given(st.lists(st.lists(ENTRIES, max_size=3), min_size=1, max_size=3))
def test_whatever_a_run_logs_the_other_runs_end_well(
    tmp_path_factory: pytest.TempPathFactory, logged: list[list[LogRecord]]
) -> None:
    paths = new_sweep(tmp_path_factory.mktemp("sweep"))
    supervisor, host = take_over(paths)
    odd, good = RunId("run00000"), RunId("run00001")
    for run in (odd, good):
        host.say(RunStarted(run, current_process()))
    for position, entries in enumerate(logged):
        host.say(RunLogged(odd, "offline-run-x", tuple(entries), position))
        supervisor._prune()
        supervisor.state.store.commit()
    host.say(RunLogged(good, "offline-run-y", (HistoryRecord(0, 1.0, {"loss": 0.25}),), 9))
    for run in (odd, good):
        host.say(RunExited(run, 0, None, "", 3.0))
    supervisor.state.store.close()
    with closing(StoreReader(paths.store)) as reader:
        records = {run.id: run for run in reader.runs()}
        assert (records[good].state, records[good].value) == (RunState.FINISHED, 0.25)
        assert records[odd].state.has_ended
        assert reader.history(["loss"], points=None)[good]["loss"].highs.tolist() == [0.25]
        assert len(reader.sweep().notices) <= 15
    following, _ = take_over(paths)
    assert following.runs.trials()[1].value == 0.25
    following.state.store.close()


def test_an_error_that_nobody_expected_ends_one_run_and_not_the_sweep(tmp_path: Path) -> None:
    paths = new_sweep(tmp_path)
    supervisor, host = take_over(paths)
    odd, good = RunId("run00000"), RunId("run00001")
    for run in (odd, good):
        host.say(RunStarted(run, current_process()))
    host.say(RunLogged(odd, "x", 5, 0))  # type: ignore[arg-type] # what nobody expects
    assert host.signalled == [(odd, 2)]
    host.say(RunExited(odd, None, 2, "", "soon"))  # type: ignore[arg-type] # as above
    host.say(RunExited(good, 0, None, "", 3.0))
    supervisor.state.store.commit()
    record = supervisor.runs.get_ended(odd)
    assert record is not None
    assert record.state is RunState.FAILED
    assert "could not be recorded" in record.cause
    assert supervisor.state.sweep.state is SweepState.RUNNING
    supervisor.state.store.close()


def test_a_run_that_cannot_be_started_fails_alone(tmp_path: Path) -> None:
    paths = new_sweep(tmp_path, runs=0)
    supervisor, host = take_over(paths)

    async def fail(_job: Job, _positions: Mapping[str, int]) -> None:
        raise ValueError("no room")

    async def scene() -> None:
        host.launch = fail  # type: ignore[method-assign] # the one fault
        await supervisor._start_new(0, 0, 0, {"lr": 0.5})

    asyncio.run(scene())
    (record,) = [supervisor.runs.get_ended(trial) for trial in supervisor.runs._ended]
    assert record is not None
    assert (record.state, record.cause) == (
        RunState.FAILED,
        "it could not be started: ValueError: no room",
    )
    supervisor.state.store.close()


def test_parameters_that_nothing_can_hold_fail_the_sweep_with_the_reason(tmp_path: Path) -> None:
    paths = new_sweep(tmp_path, runs=0)
    supervisor, _ = take_over(paths)

    async def scene() -> None:
        supervisor._scheduling = asyncio.create_task(
            supervisor._start_new(0, 0, 0, {"lr": object()})
        )
        await asyncio.wait([supervisor._scheduling])
        await supervisor._tick()

    asyncio.run(scene())
    assert supervisor.state.sweep.state is SweepState.FAILED
    assert supervisor.state.sweep.cause.startswith("no run can start: TypeError")
    supervisor.state.store.close()
    following, _ = take_over(paths)
    assert following.state.sweep.cause == supervisor.state.sweep.cause
    following.state.store.close()


OCTETS = st.one_of(
    st.sampled_from(
        [
            b"",
            b"\0" * 64,
            b"null",
            b"[]",
            b"{",
            b'{"pid": 1}',
            b'{"code": "x", "ended": []}',
            b"-1",
        ]
    ),
    st.binary(max_size=20),
)


@QUICK
@given(octets=OCTETS, execution=st.sampled_from([0, 1]))
def test_small_files_with_any_octets_count_as_not_yet_written(
    tmp_path_factory: pytest.TempPathFactory, octets: bytes, execution: int
) -> None:
    paths = SweepPaths(tmp_path_factory.mktemp("sweep-abcd1234"))
    run = RunPaths(paths.run(RunId("run00000")).folder, execution)
    run.folder.mkdir(parents=True)
    for path in (run.process, run.exit, run.stop, run.core, run.wandb, run._execution_file):
        path.write_bytes(octets)
    paths.agents.write_bytes(octets)
    paths.store_pointer.write_bytes(octets)
    environment = {"WANDB_DIR": str(paths.folder)}
    job = Job(RunId("run00000"), run.folder, paths.bundle, environment, 1, execution=execution)
    living = TrackedRun(job, RunParent.UNKNOWN, 0)
    claimant = living.claimed_by()
    assert claimant is None or isinstance(claimant.started, str)
    ending = living.read_exit()
    assert ending is None or all(name in ("code", "signal", "ended") for name in ending)
    assert list(living.logs.poll()) == []
    assert RunPaths(run.folder).latest_execution.execution >= 0
    assert paths.store == paths.folder / "sweep.db" or paths.store.is_absolute()
    assert describe_exit(KeyboardInterrupt(), run) is not None
    assert isinstance(PendingAssignments(paths.agents).agent_ids, dict)


@pytest.mark.parametrize(
    "wrong",
    [
        {"count": 10**20},
        {"count": 10**5000},
        {"agents": 10**20},
        {"agents": True},
        {"retries": 1.5},
        {"run_timeout": "60"},
        {"run_timeout": float("nan")},
        {"run_timeout": 10**400},
        {"grace": float("inf")},
        {"grace": -1},
        {"failure_limit": "3"},
        {"seed": 10**5000},
        {"env": {"A": 1}},
        {"env": {"A=B": "1"}},
    ],
    ids=lambda wrong: next(iter(wrong)),
)
def test_settings_that_make_no_sense_are_refused_before_anything_starts(
    start: Start, tmp_path: Path, wrong: dict[str, Any]
) -> None:
    with pytest.raises(SpecError, match=next(iter(wrong))):
        start("print()", **wrong)
    assert not list(tmp_path.glob("wandb/*"))


ODD_LOGS = """
import wandb
with wandb.init() as run:
    run.log({"loss": 0.5, "_timestamp": "now", "text": "\\ud800"})
    for time in ([1], float("nan"), float("inf"), 1e300):
        run.log({"loss": 1, "_timestamp": time})
    run.summary["loss"] = 10**400
    run.log({"big": 10**30, "loss": 10**400})
"""


def test_a_sweep_of_odd_logs_and_requests_goes_on_to_its_end(start: Start) -> None:
    sweep = start(ODD_LOGS, count=2)
    for wrong in (10**20, True, 1.5, "3", None):
        with pytest.raises(SweepError, match="count: must be"):
            sweep.set_count(wrong)  # type: ignore[arg-type] # on purpose
    post_raw(sweep._paths, "set_count", '{"count": 100000000000000000000}')
    post_raw(sweep._paths, "stop_run", '{"run": [1]}')
    post_raw(sweep._paths, "fly", "[")
    sweep.wait(120)
    assert sweep.state == "finished", sweep.status()
    assert [(run.state, run.value) for run in sweep.records()] == [(RunState.FINISHED, 0.5)] * 2
    assert all(answers(sweep._paths)), answers(sweep._paths)
    assert any("_timestamp" in notice for notice in sweep.status().sweep.notices)
    assert len(sweep.runs()) == 2
