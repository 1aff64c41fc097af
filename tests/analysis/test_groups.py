"""Groups of runs have the statistics that pandas computes."""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.analysis.conftest import Written
from wandb_magic.analysis.groups import STATISTICS, _statistics
from wandb_magic.errors import SweepNotFoundError
from wandb_magic.log_records import InfoRecord, SummaryRecord

CASES: dict[str, Any] = json.loads(
    (Path(__file__).parents[1] / "query" / "statistics.json").read_text("utf-8")
)


@given(
    st.lists(
        st.one_of(st.floats(-1e6, 1e6), st.just(math.nan), st.just(math.inf), st.integers(-9, 9)),
        min_size=1,
        max_size=30,
    )
)
def test_statistics_are_those_of_pandas(values: list[float]) -> None:
    series = pd.Series(values, dtype=float).replace([math.inf, -math.inf], math.nan)
    expected = [
        *(len(series), series.count(), series.mean(), series.std(), series.sem()),
        *(series.quantile(share) for share in (0, 0.25, 0.5, 0.75, 1)),
    ]
    found = dict(zip(STATISTICS, _statistics(values), strict=True))
    np.testing.assert_allclose([*found.values()], expected, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("case", CASES["cases"], ids=lambda case: str(len(case["values"])))
def test_the_panel_is_held_to_the_same_statistics(case: dict[str, Any]) -> None:
    values = [math.nan if value is None else value for value in case["values"]]
    expected = [math.nan if value is None else value for value in case["statistics"]]
    np.testing.assert_allclose(_statistics(values), expected, rtol=1e-9)


@pytest.fixture
def sweep(written: Written) -> Written:
    """A sweep of twelve runs: `lr` has two values, and every third run has no `depth`."""
    for number in range(12):
        tags = ("even", "low") if number % 4 == 0 else ("even",) if number % 2 == 0 else ()
        depth = {} if number % 3 == 2 else {"depth": number % 3}
        written.run(
            SummaryRecord({"acc": number / 20}),
            InfoRecord("n", "p", "", "", tags, "", f"box{number % 2}", "", 1.0),
            params={"lr": 0.1 if number < 4 else 0.01, "net": depth, "flag": number < 6},
            value=None if number == 5 else float(number),
            agent=number % 3,
        )
    return written


def test_groups_by_parameters_equal_pandas(sweep: Written) -> None:
    found = sweep.sweep
    groups = found.groups(by=["lr", "net.depth"])
    frame = found.runs()
    assert groups.index.names == ["lr", "net.depth"]
    assert groups["count"].sum() == len(frame)
    grouped = frame.groupby(["config.lr", "config.net.depth"], dropna=False)["value"]
    expected = grouped.agg(
        ["size", "count", "mean", "std", "sem", "min", "median", "max"]
    ).to_numpy(float)
    names = ["count", "values", "mean", "sd", "se", "min", "median", "max"]
    np.testing.assert_allclose(groups[names].to_numpy(float), expected)
    np.testing.assert_allclose(groups["q1"].to_numpy(), grouped.quantile(0.25).to_numpy())
    for (lr, _), row in groups.iterrows():
        assert set(frame.set_index("number").loc[row["runs"], "config.lr"]) == {lr}


def test_groups_by_tag_agent_host_and_of_a_metric(sweep: Written) -> None:
    found = sweep.sweep
    by_tag = found.groups("tag", where="number < 8")
    assert by_tag["runs"].tolist() == [[0, 2, 4, 6], [0, 4], [1, 3, 5, 7]]
    assert by_tag.index[:2].tolist() == ["even", "low"]
    assert pd.isna(by_tag.index[2])
    assert found.groups("agent")["count"].to_dict() == {0: 4, 1: 4, 2: 4}
    assert found.groups("host").index.tolist() == ["box0", "box1"]
    assert found.groups("flag").index.tolist() == [False, True]
    by_host = found.groups("host", "acc")
    assert by_host.loc["box0", "mean"] == pytest.approx(0.25)
    assert by_host.loc["box0", "se"] == pytest.approx(by_host.loc["box0", "sd"] / math.sqrt(6))


def test_names_that_no_run_has_are_refused(sweep: Written) -> None:
    for by, metric in (("lrr", None), ([], None), ("lr", "accc")):
        with pytest.raises(SweepNotFoundError):
            sweep.sweep.groups(by, metric)
