"""A sweep whose runs do not log its metric says so after the first of them."""

from collections.abc import Callable

import pytest

from wandb_magic.api import Sweep
from wandb_magic.display import formatting
from wandb_magic.display.card import card
from wandb_magic.log_records import HistoryRecord, SummaryRecord
from wandb_magic.records import RunId, RunRecord, RunState, Trial
from wandb_magic.supervisor.missing_metric import MissingMetricDetector, similar_keys

BAYES = {
    "method": "bayes",
    "metric": {"name": "loss", "goal": "minimize"},
    "parameters": {"lr": {"min": 0.0, "max": 1.0}},
}


def test_a_name_that_differs_is_told_after_the_first_run(start: Callable[..., Sweep]) -> None:
    cell = 'import wandb\nwith wandb.init() as run:\n    run.log({"Loss": 1.0, "val/loss": 2.0})\n'
    sweep = start(cell, BAYES, count=2)
    sweep.wait(120)
    status = sweep.status()
    (notice,) = status.sweep.notices
    assert notice.startswith("run 0 finished without logging the sweep's metric 'loss'")
    assert "'Loss' and 'val/loss'" in notice
    assert notice in formatting.status_lines(status)
    assert "&#x27;val/loss&#x27;" in card(sweep)[0]


def ended(
    number: int = 0, state: RunState = RunState.FINISHED, value: float | None = None
) -> RunRecord:
    return RunRecord(RunId("a"), number, 0, 0, {}, state, 0.0, value=value)


def test_what_was_logged_instead_is_named() -> None:
    watch = MissingMetricDetector("loss")
    watch.on_logged(RunId("a"), [HistoryRecord(0, None, {"accuracy": 1.0, "_x": 1.0}, {})])
    assert "it logged 'accuracy';" in watch.on_run_ended(ended(), [], [])
    assert "it logged no numbers" in watch.on_run_ended(ended(), [], [])
    watch.on_logged(RunId("a"), [SummaryRecord({"loss": "low"}, ())])
    assert "as a finite number" in watch.on_run_ended(ended(), [], [])


def test_it_is_said_once_and_only_where_it_is_so() -> None:
    watch = MissingMetricDetector("loss")
    said = watch.on_run_ended(ended(), [], [])
    assert said
    assert not watch.on_run_ended(ended(1), [], [said])
    assert not watch.on_run_ended(ended(1, value=0.5), [], [])
    assert not watch.on_run_ended(ended(1, RunState.FAILED), [], [])
    assert not watch.on_run_ended(ended(1, RunState.PRUNED), [], [])
    known = Trial(number=0, params={}, state=RunState.FINISHED, value=1.0, history=())
    assert not watch.on_run_ended(ended(1), [known], [])
    assert not MissingMetricDetector("").on_run_ended(ended(), [], [])


@pytest.mark.parametrize(
    ("name", "keys", "found"),
    [
        ("loss", ["acc", "Loss"], ["Loss"]),
        ("loss", ["val/loss", "train_loss", "lr"], ["val/loss", "train_loss"]),
        ("val/loss", ["val_loss", "loss"], ["val_loss", "loss"]),
        ("accuracy", ["acuracy", "epoch"], ["acuracy"]),
        ("val_acc", ["valid/acc", "epoch"], ["valid/acc"]),
        ("loss", ["epoch", "cost"], []),
        ("损失", ["损失_训练", "x"], ["损失_训练"]),
        ("-", ["_", "a"], []),
    ],
)
def test_similar_names_are_found(name: str, keys: list[str], found: list[str]) -> None:
    assert similar_keys(name, keys) == found
