"""What a supervisor remembers of a sweep, rebuilt from nothing but the store."""

import time
from dataclasses import replace
from pathlib import Path

import pytest

from tests.sweeps import run_record, sweep_record
from wandb_magic.log_records import HistoryRecord, SummaryRecord
from wandb_magic.processes import current_process, process_age
from wandb_magic.records import NO_AGENT, Options, RunId, RunRecord, RunState, SweepState
from wandb_magic.runner.events import RunExited, RunStarted
from wandb_magic.spec import Metric
from wandb_magic.store import StoreReader, StoreWriter, create
from wandb_magic.supervisor.run_table import RunTable
from wandb_magic.supervisor.state import SchedulerState

LOSS = Metric(name="loss", goal="minimize")
SWEEP = sweep_record(
    state=SweepState.RUNNING, started=None, ended=None, options=Options(retries=1), budget=5
)


def run(number: int, state: RunState = RunState.PENDING, attempt: int = 0) -> RunRecord:
    fields = {"id": RunId(f"run{number:04d}{attempt}"), "params": {"lr": number}}
    return run_record(number, attempt=attempt, agent=number % 2, state=state, **fields)


def logged(*values: float) -> list[HistoryRecord]:
    return [HistoryRecord(step, None, {"loss": value}) for step, value in enumerate(values)]


def test_agents_are_busy_until_their_runs_have_ended() -> None:
    table = RunTable(LOSS, keep_history=False)
    assert table.free_agent(2) == 0
    table.add(run(0))
    assert table.free_agent(2) == 1
    table.add(run(1))
    assert table.free_agent(2) is None
    table.on_ended(replace(run(0), state=RunState.FINISHED))
    assert (table.free_agent(2), table.next_number) == (0, 2)


def test_without_early_termination_only_the_best_and_the_last_value_are_kept() -> None:
    table = RunTable(LOSS, keep_history=False)
    table.add(run(0))
    assert table.on_logged(run(0).id, logged(3.0, 1.0, 2.0))
    (trial,) = table.trials()
    assert (trial.value, trial.history) == (1.0, (1.0, 2.0))
    assert not table.on_logged(run(0).id, [HistoryRecord(3, None, {"other": 0.0})])


def test_a_summary_counts_only_where_nothing_was_logged() -> None:
    table = RunTable(LOSS, keep_history=True)
    table.add(run(0))
    table.on_logged(run(0).id, [SummaryRecord({"loss": 9.0})])
    assert table.objective(run(0).id) == 9.0
    table.on_logged(run(0).id, [*logged(1.0, 2.0), SummaryRecord({"loss": 2.0})])
    (trial,) = table.trials()
    assert (trial.value, trial.history) == (1.0, (1.0, 2.0))


@pytest.mark.parametrize("keep_history", [True, False])
@pytest.mark.parametrize(
    ("chosen", "value"), [(None, 1.0), ("best", 1.0), ("last", 2.0), ("min", 1.0), ("max", 3.0)]
)
def test_the_config_chooses_which_value_counts(
    chosen: str | None, value: float, *, keep_history: bool
) -> None:
    metric = Metric.model_validate({"name": "loss", "summary": chosen})
    table = RunTable(metric, keep_history=keep_history)
    table.add(run(0))
    for logs in ([3.0], [1.0], [2.0]):
        table.on_logged(run(0).id, logged(*logs))
    table.on_logged(run(0).id, [SummaryRecord({"loss.mean": 2.0})])
    defined = 2.0 if chosen is None else value
    assert table.objective(run(0).id) == defined
    table.on_ended(replace(run(0), state=RunState.FINISHED))
    assert [trial.value for trial in table.trials()] == [defined]


@pytest.mark.parametrize(
    ("defined", "value"),
    [
        ({"loss.max": 3.0}, 3.0),
        ({"loss.last": 2.0}, 2.0),
        ({"loss.min": 1.0, "loss.last": 2.0}, 1.0),
        ({"loss.max": 3.0, "loss.last": 2.0}, 1.0),
        ({"other.max": 3.0}, 1.0),
        ({}, 1.0),
    ],
)
def test_a_run_defines_which_value_counts(defined: dict[str, float], value: float) -> None:
    table = RunTable(LOSS, keep_history=False)
    table.add(run(0))
    table.on_logged(run(0).id, [*logged(3.0, 1.0, 2.0), SummaryRecord(defined)])
    assert table.objective(run(0).id) == value
    again = RunTable(LOSS, keep_history=False)  # as after a restart
    again.add(run(0), [3.0, 1.0, 2.0], {"loss": 2.0, **defined})
    assert again.objective(run(0).id) == value


def test_a_last_value_that_is_not_finite_is_none() -> None:
    table = RunTable(Metric(name="loss", summary="last"), keep_history=False)
    table.add(run(0))
    table.on_logged(run(0).id, logged(3.0, float("nan")))
    assert table.objective(run(0).id) is None


def test_a_run_that_is_revived_waits_with_what_it_has_logged() -> None:
    table = RunTable(LOSS, keep_history=True)
    table.add(run(0))
    table.on_logged(run(0).id, logged(3.0, 1.0))
    failed = replace(run(0), state=RunState.FAILED, started=1.0, ended=2.0, cause="why", value=1.0)
    table.on_ended(failed)
    assert table.failed() == [failed]
    revived = table.requeue(failed.id)
    assert revived == replace(
        failed, state=RunState.PENDING, agent=NO_AGENT, started=None, ended=None, cause=""
    )
    assert list(table.queued()) == [failed.id]
    assert (table.failed(), table.get_ended(failed.id)) == ([], None)
    assert table.free_agent(1) == 0, "who waits keeps no agent busy"
    table.on_logged(failed.id, logged(0.5))
    (trial,) = table.trials()
    assert (trial.state, trial.value, trial.history) == (RunState.PENDING, 0.5, (3.0, 1.0, 0.5))


def test_the_newest_run_of_its_parameters_speaks_for_them() -> None:
    table = RunTable(LOSS, keep_history=False)
    for attempt in range(2):
        record = run(0, attempt=attempt)
        table.add(record)
        table.on_logged(record.id, logged(1.0 + attempt))
        table.on_ended(replace(record, state=RunState.FAILED))
    assert table.next_attempt(0) == 2
    assert [each.attempt for each in table.failed()] == [1]
    older = table.requeue(run(0).id)
    assert not table.is_latest(older)
    assert [(trial.state, trial.value) for trial in table.trials()] == [(RunState.FAILED, 2.0)]
    table.retries.append((0, 2, {}))
    assert table.failed() == [], "a retry is due"


@pytest.mark.parametrize("moved", [0.0, 3600.0, -3600.0])
def test_a_run_takes_as_long_though_the_clock_is_set_meanwhile(
    tmp_path: Path, moved: float
) -> None:
    create(tmp_path / "sweep.db", SWEEP)
    writer = StoreWriter(tmp_path / "sweep.db")
    ledger = SchedulerState(writer, LOSS, keep_history=False)
    ledger.add_run(run(0))
    ledger.on_run_started(RunStarted(run(0).id, current_process()))
    started = ledger.runs.active[run(0).id].started
    assert started is not None
    ended = ledger.on_run_ended(
        RunExited(run(0).id, 0, None, "", time.time() + moved), RunState.FINISHED, ""
    ).ended
    assert ended is not None
    age = process_age(current_process())
    assert 0 <= ended - started <= (3600 if age is None else age) + 1
    writer.close()


def test_a_new_supervisor_remembers_successes_and_retries_that_are_due(tmp_path: Path) -> None:
    store = tmp_path / "sweep.db"
    create(store, SWEEP)
    writer = StoreWriter(store)
    for record in (
        run(0, RunState.FINISHED),
        run(1, RunState.FAILED),
        run(1, RunState.FAILED, attempt=1),
        run(2, RunState.KILLED),
        run(3, RunState.RUNNING),
    ):
        writer.add_run(record)
    writer.append(run(3).id, logged(0.5))
    writer.append(run(0, RunState.FINISHED).id, [SummaryRecord({"loss": 0.25})])
    writer.commit()
    reader = StoreReader(store)
    ledger = SchedulerState(writer, LOSS, keep_history=True)
    ledger.restore(reader)
    reader.close()
    assert ledger.runs.success_count == 1
    assert ledger.runs.retries == [(2, 1, {"lr": 2})]
    assert list(ledger.runs.active) == [run(3).id]
    assert ledger.runs.objective(run(3).id) == 0.5
    assert ledger.runs.trials()[0].value == 0.25  # logged in the summary alone
    assert ledger.runs.next_number == 4
    writer.close()
