"""A sweep with several objectives and a constraint, from its runs to its front."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.supervisor.test_run_table import logged, run
from tests.sweeps import sweep_record
from wandb_magic.api import Sweep
from wandb_magic.display import formatting
from wandb_magic.display.card import card
from wandb_magic.errors import SweepError, SweepStateError
from wandb_magic.log_records import OverwriteRecord, SummaryRecord
from wandb_magic.records import RunState, SweepState
from wandb_magic.search.random import RandomSearcher
from wandb_magic.spec import Metric, load
from wandb_magic.store import StoreReader, StoreWriter, create
from wandb_magic.supervisor.backends import OfflineBackend
from wandb_magic.supervisor.early_stopping import EarlyStopping
from wandb_magic.supervisor.run_table import RunTable
from wandb_magic.supervisor.state import SchedulerState

CONFIG = {
    "method": "grid",
    "parameters": {"x": {"values": [0, 1, 2, 3, 4, 5]}},
    "metrics": [{"name": "loss", "goal": "minimize"}, {"name": "m.speed", "goal": "maximize"}],
    "constraints": ["memory <= 7"],
}
CELL = """
import wandb
with wandb.init() as run:
    x = run.config.x
    loss, speed = [(1, 1), (2, 2), (3, 2), (4, 4), (0, 9), (0, 9)][x]
    run.log({"loss": -loss, "m": {"speed": 99}})  # not of the last step
    run.log({"loss": loss, "m": {"speed": speed}, "memory": 8 if x == 4 else x})
    if x == 5:
        raise MemoryError
"""


def test_the_front_has_what_nothing_beats(start: Callable[..., Sweep]) -> None:
    sweep = start(CELL, CONFIG, count=6, agents=2)
    sweep.wait(120)
    front = sweep.pareto()
    assert front["number"].tolist() == [0, 1, 3]  # 2 is beaten, 4 breaks the bound, 5 failed
    assert front["value"].tolist() == [1, 2, 4]
    assert front["summary.m.speed"].tolist() == [1, 2, 4]
    volumes = sweep.hypervolume({"loss": 5, "m.speed": 0})
    assert sorted(volumes["number"]) == [0, 1, 2, 3]
    assert volumes["hypervolume"].iloc[-1] == 9.0
    assert volumes["hypervolume"].is_monotonic_increasing
    assert volumes.attrs["reference"] == {"loss": 5, "m.speed": 0}
    with pytest.raises(SweepError, match=r"a value for each of loss and m\.speed"):
        sweep.hypervolume({"loss": 5})
    with pytest.raises(SweepStateError, match=r"several objectives \(loss, m.speed\)"):
        sweep.best()
    with pytest.raises(SweepStateError, match="several objectives"):
        _ = sweep.best_config
    status = sweep.status()
    assert status.best is None
    assert "several objectives: loss, m.speed" in str(status)
    assert "2 objectives" in formatting.status_line(status)
    assert "<svg" not in card(sweep)[0]  # no best value so far
    # No notice that a metric is missing.
    assert not [notice for notice in status.sweep.notices if "m.speed" in notice]


def test_a_run_that_breaks_a_constraint_is_never_the_best(start: Callable[..., Sweep]) -> None:
    config = {**CONFIG, "metric": {"name": "loss", "goal": "minimize"}}
    del config["metrics"]
    sweep = start(CELL.replace('{"loss": -loss, ', '{"other": 0, '), config, count=6, agents=2)
    sweep.wait(120)
    assert [best.number for best in sweep.best(9)] == [0, 1, 2, 3]
    assert sweep.best().number == 0
    best = sweep.status().best
    assert best is not None
    assert best.number == 0
    with pytest.raises(SweepStateError, match="does not have several metrics"):
        sweep.pareto()


def test_the_values_of_several_are_those_of_the_summary() -> None:
    table = RunTable(
        Metric(name="loss"), keep_history=False, result_keys=("loss", "b"), several=True
    )
    table.add(run(0), [9.0], {"loss": 3.0, "b": "NaN", "c": 1.0})
    (trial,) = table.trials()
    assert (trial.value, trial.results) == (3.0, {"loss": 3.0})
    assert table.on_logged(run(0).id, [*logged(1.0), SummaryRecord({"loss": 2.0, "b": 4})])
    (trial,) = table.trials()
    assert (trial.value, trial.results) == (2.0, {"loss": 2.0, "b": 4.0})
    table.on_logged(run(0).id, [SummaryRecord({}, ("b",))])
    assert table.trials()[0].results == {"loss": 2.0}
    table.on_logged(run(0).id, [OverwriteRecord()])
    assert table.trials()[0].results == {}


def test_a_new_supervisor_knows_the_results_of_earlier_runs(tmp_path: Path) -> None:
    store = tmp_path / "sweep.db"
    create(store, sweep_record(state=SweepState.RUNNING, started=None, ended=None, budget=5))
    writer = StoreWriter(store)
    writer.add_run(run(0, RunState.FINISHED))
    writer.append(run(0).id, [*logged(1.0), SummaryRecord({"loss": 3.0, "m": {"b": 2.0}})])
    writer.commit()
    reader = StoreReader(store)
    keys = ("loss", "m.b")
    ledger = SchedulerState(
        writer, Metric(name="loss"), keep_history=False, result_keys=keys, several=True
    )
    ledger.restore(reader)
    reader.close()
    (trial,) = ledger.runs.trials()
    assert (trial.value, trial.results) == (3.0, {"loss": 3.0, "m.b": 2.0})
    writer.close()


def test_a_run_that_breaks_a_constraint_does_not_reach_the_target() -> None:
    spec = load(
        {
            "method": "random",
            "parameters": {"x": {"min": 0.0, "max": 1.0}},
            "metric": {"name": "loss", "goal": "minimize", "target": 1},
            "constraints": ["memory <= 7"],
        }
    )
    table = RunTable(spec.metric, keep_history=False, result_keys=spec.result_keys)
    rules = EarlyStopping(spec, OfflineBackend(spec, RandomSearcher(spec, seed=0)), table)
    table.add(run(0))
    told = []
    for memory in (None, 8.0, 6.0):
        summary = {} if memory is None else {"memory": memory}
        table.on_logged(run(0).id, [*logged(0.5), SummaryRecord(summary)])
        told.append(rules.on_value(run(0).id))
    assert told == ["", "", "loss reached its target (0.5)"]
