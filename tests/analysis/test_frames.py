"""Frames of a sweep: their shape, their types and their content."""

import math
import random
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests.analysis.conftest import Make, Written
from wandb_magic.analysis.columns import column
from wandb_magic.errors import SweepNotFoundError
from wandb_magic.log_records import HistoryRecord, SummaryRecord, SystemRecord
from wandb_magic.records import RunState


def logged(first: int = 0, /, **series: list[float]) -> list[HistoryRecord]:
    """Return one step for each value, one a second."""
    count = max(len(values) for values in series.values())
    return [
        HistoryRecord(
            step + first,
            1000.0 + first + step,
            {key.replace("__", "."): values[step] for key, values in series.items()},
        )
        for step in range(count)
    ]


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([True, None], "boolean"),
        ([1, 2, None], "Int64"),
        ([2**63 - 1, -(2**63)], "Int64"),
        ([2**63 - 1, None], "Int64"),
        ([2**63], "object"),
        ([1, 0.5, None], "float64"),
        ([0.5, 10**400], "object"),
        (["a", None], "string"),
        (["NaN", 1], "object"),
        ([True, 1], "object"),
        ([[1], [2, 3]], "object"),
        ([[1], [2]], "object"),
        ([{"a": 1}, None], "object"),
        ([None, None], "object"),
        ([], "object"),
    ],
)
def test_a_column_has_the_narrowest_type_that_holds_it(values: list[Any], kind: str) -> None:
    found = column(values)
    assert str(found.dtype) == kind
    missing = [value is None for value in values]
    assert pd.isna(pd.Series(found)).tolist() == missing
    kept = [got for got, gone in zip(found, missing, strict=True) if not gone]
    assert kept == [value for value in values if value is not None]


@pytest.mark.parametrize(
    ("values", "kind", "expected"),
    [
        (["NaN", 1, "-Infinity"], "float64", [math.nan, 1.0, -math.inf]),
        (["NaN", "a"], "string", ["NaN", "a"]),
        (["NaN", None], "float64", [math.nan, math.nan]),
    ],
)
def test_numbers_that_json_has_no_form_for_are_numbers(
    values: list[Any], kind: str, expected: list[Any]
) -> None:
    found = pd.Series(column(values, parse_nonfinite=True))
    assert str(found.dtype) == kind
    pd.testing.assert_series_equal(found, pd.Series(expected, dtype=found.dtype))


def test_runs_have_their_types(written: Written) -> None:
    params = {"lr": 0.1, "net": {"depth": 2, "sizes": [4, 8]}, "bias": True, "optimizer": "sgd"}
    written.run(
        SummaryRecord({"loss": 0.5, "epoch": 3, "best": "NaN", "_step": 7}),
        params=params,
        value=0.5,
    )
    written.run(SummaryRecord({"best": 1.5}), params={**params, "lr": 1})
    written.run(
        params=params, state=RunState.RUNNING, started=None, ended=None, cause="", agent=-1
    )
    frame = written.sweep.runs()
    assert frame.index.name == "run"
    assert frame.index.tolist() == ["run00000", "run00001", "run00002"]
    assert {name: str(kind) for name, kind in frame.dtypes.items()} == {
        "number": "Int64",
        "state": "string",
        "value": "float64",
        "agent": "Int64",
        "started": frame.dtypes["started"].name,
        "duration": "float64",
        "attempt": "Int64",
        "cause": "string",
        "proposer": "string",
        "version": "Int64",
        "repeat_group": "Int64",
        "parent": "string",
        "config.bias": "boolean",
        "config.lr": "float64",
        "config.net.depth": "Int64",
        "config.net.sizes": "object",
        "config.optimizer": "string",
        "summary.best": "float64",
        "summary.epoch": "Int64",
        "summary.loss": "float64",
    }
    assert isinstance(frame["started"].dtype, pd.DatetimeTZDtype)
    assert frame["started"].dt.tz is not None
    assert frame["started"].iloc[1] == pd.Timestamp(1001, unit="s", tz="UTC")
    assert frame["duration"].tolist()[:2] == [10.0, 11.0]
    assert frame["duration"].isna().tolist() == [False, False, True]
    assert frame["state"].tolist() == ["finished", "finished", "running"]
    assert frame["summary.best"].tolist()[1:2] == [1.5]
    assert frame.groupby("state")["value"].min()["finished"] == 0.5


def test_a_sweep_without_runs_has_empty_frames(written: Written) -> None:
    sweep = written.sweep
    assert sweep.runs().empty
    assert sweep.summary().empty
    assert sweep.history().empty
    assert sweep.history("loss").columns.tolist() == ["loss"]
    assert sweep.system(points=10).empty
    assert sweep.history().index.names == ["run", "step"]
    assert sweep.system().index.names == ["run", "seconds"]


def test_the_history_is_one_frame(written: Written) -> None:
    written.run(*logged(loss=[3.0, 2.0, 1.0]))
    written.run(*logged(accuracy=[0.5]), *logged(2, loss=[math.inf, math.nan]))
    written.run()
    frame = written.sweep.history()
    assert frame.columns.tolist() == ["accuracy", "loss"]
    assert set(frame.dtypes) == {np.dtype("float64")}
    expected = pd.DataFrame(
        {
            "accuracy": [math.nan] * 3 + [0.5, math.nan, math.nan],
            "loss": [3.0, 2.0, 1.0, math.nan, math.inf, math.nan],
        },
        index=pd.MultiIndex.from_tuples(
            [
                *(("run00000", step) for step in (0, 1, 2)),
                *(("run00001", step) for step in (0, 2, 3)),
            ],
            names=["run", "step"],
        ),
    )
    pd.testing.assert_frame_equal(frame, expected, check_index_type=False)
    assert written.sweep.history("loss").columns.tolist() == ["loss"]
    assert len(written.sweep.history("accuracy")) == 1
    assert frame.loc["run00001", "accuracy"].tolist()[0] == 0.5
    wide = frame["loss"].unstack("run")  # noqa: PD010 - as the documentation has it
    assert wide.columns.tolist() == ["run00000", "run00001"]
    assert wide.loc[1, "run00000"] == 2.0


def test_runs_and_keys_may_be_one_or_several(written: Written) -> None:
    for number in range(3):
        written.run(*logged(loss=[float(number)], a__b=[1.0]))
    sweep = written.sweep

    def seen(frame: pd.DataFrame) -> list[str]:
        return list(frame.index.get_level_values("run"))

    assert seen(sweep.history(runs=1)) == ["run00001"]
    assert seen(sweep.history(runs="run00002")) == ["run00002"]
    assert seen(sweep.history(runs=[2, "run00000", 2])) == ["run00000", "run00002"]
    assert sweep.history(("a.b", "loss")).columns.tolist() == ["a.b", "loss"]
    assert sweep.history(["a.b"], runs=[]).empty
    with pytest.raises(SweepNotFoundError, match=r"logged the number 'lost': there is a\.b, loss"):
        sweep.history("lost")
    with pytest.raises(SweepNotFoundError, match="no run 9"):
        sweep.history(runs=[9])


def test_of_a_step_that_was_logged_twice_the_later_value_holds(written: Written) -> None:
    run = written.run(*logged(loss=[5.0, 4.0, 3.0]), *logged(1, loss=[2.0]))
    assert written.sweep.history("loss").loc[run, "loss"].tolist() == [5.0, 2.0, 3.0]
    assert written.sweep.history("loss").loc[run].index.tolist() == [0, 1, 2]


def test_a_long_history_comes_whole_or_as_bounds(written: Written) -> None:
    choose = random.Random(3)
    series = {}
    for _ in range(2):
        values = [choose.random() for _ in range(2345)]
        series[written.run(*logged(loss=values, other=values[::-1]))] = values
    frame = written.sweep.history("loss")
    for run, values in series.items():
        assert frame.loc[run, "loss"].tolist() == values
    coarse = written.sweep.history(points=100)
    assert coarse.columns.tolist() == [
        (key, bound) for key in ("loss", "other") for bound in ("low", "high")
    ]
    for run, values in series.items():
        rows = coarse.loc[run]
        assert len(rows) <= 110
        assert rows["loss", "low"].min() == min(values)
        assert rows["loss", "high"].max() == max(values)
        assert (rows["loss", "low"] <= rows["loss", "high"]).all()


def test_steps_far_apart_are_no_matter(written: Written) -> None:
    run = written.run(
        HistoryRecord(10**12, 1000.0, {"x": 2.0}), HistoryRecord(3, 999.0, {"x": 1.0})
    )
    assert written.sweep.history("x").loc[run, "x"].to_dict() == {3: 1.0, 10**12: 2.0}


def test_the_time_of_steps_can_be_had(written: Written) -> None:
    run = written.run(*logged(loss=[3.0, 2.0]), *logged(2, other=[1.0]), started=999.0)
    frame = written.sweep.history(["loss", "_runtime", "_timestamp"])
    assert frame["_runtime"].tolist() == [1.0, 2.0]
    assert frame["_timestamp"].tolist() == [1000.0, 1001.0]
    assert written.sweep.history("_runtime").loc[run, "_runtime"].tolist() == [1.0, 2.0, 3.0]
    assert "_runtime" not in written.sweep.history()
    banded = written.sweep.history(["loss", "_runtime"], points=100)
    assert banded["_runtime", "high"].tolist() == [1.0, 2.0]


def test_the_summary_leaves_out_book_keeping(written: Written) -> None:
    first = written.run(
        SummaryRecord({"net.loss": 1.0, "_runtime": 3, "image": {"_type": "image"}})
    )
    second = written.run()
    frame = written.sweep.summary()
    assert frame.index.tolist() == [first, second]
    assert frame.columns.tolist() == ["image", "net.loss"]
    assert frame["net.loss"].isna().tolist() == [False, True]
    assert frame.loc[first, "image"] == {"_type": "image"}


def test_system_metrics_count_from_the_start_of_their_run(make_sweep: Make) -> None:
    written = make_sweep()
    for number in range(2):
        written.run(
            *(
                SystemRecord(1000.0 + number + second / 2, {"cpu": float(second), "memory": 5.0})
                for second in range(4)
            )
        )
    frame = written.sweep.system()
    assert frame.columns.tolist() == ["cpu", "memory"]
    assert frame.index.names == ["run", "seconds"]
    for run in ("run00000", "run00001"):
        assert frame.loc[run, "cpu"].to_dict() == {0.0: 0.0, 0.5: 1.0, 1.0: 2.0, 1.5: 3.0}
    assert written.sweep.system("cpu", 0, 100).columns.tolist() == [
        ("cpu", "low"),
        ("cpu", "high"),
    ]
    with pytest.raises(SweepNotFoundError, match="system metric 'gpu'"):
        written.sweep.system("gpu")
