"""The query language: `cases.json` holds the front end's implementation to the same answers."""

import itertools
import json
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.sweeps import run_record
from wandb_magic.errors import QueryError
from wandb_magic.query import QueryRun, parse_query
from wandb_magic.query.run_fields import value_text
from wandb_magic.records import RunState

CASES: dict[str, Any] = json.loads(Path(__file__).with_name("cases.json").read_text("utf-8"))


def query_run(row: dict[str, Any]) -> QueryRun:
    fields = {key: row[key] for key in ("number", "agent", "value", "started", "ended", "params")}
    record = run_record(
        **fields,
        state=RunState(row["state"]),
        cause=row.get("cause", ""),
        error=row.get("failure", ""),
    )
    info = {key: row[key] for key in ("name", "tags", "notes", "host") if key in row}
    return QueryRun(record, row["summary"], info)


RUNS = [query_run(row) for row in CASES["runs"]]


def selected(query: str) -> list[int]:
    matches = parse_query(query).matches
    return [run.record.number for run in RUNS if matches(run)]


@pytest.mark.parametrize("case", CASES["queries"], ids=lambda case: case["query"])
def test_a_query_selects(case: dict[str, Any]) -> None:
    assert selected(case["query"]) == case["runs"]


@pytest.mark.parametrize("case", CASES["errors"], ids=lambda case: case["query"][:30])
def test_an_invalid_query_says_where(case: dict[str, Any]) -> None:
    with pytest.raises(QueryError) as caught:
        parse_query(case["query"])
    assert str(caught.value) == f"column {case['column']}: {case['message']}"
    assert caught.value.column == case["column"]


PIECES = [
    *("lr", "state", "loss", "tag:best", "has:loss", "adam", "1e-3", "nan", "true", "5m", "😀"),
    *("`val size`", "'a b'", '"', "'", "`", "and", "or", "not", "in", "[", "]", "(", ")", ","),
    *("<", "<=", "==", "=", "!=", "~", "!~", "!", "&&", "|", " ", "finished"),
]


@given(st.one_of(st.text(), st.lists(st.sampled_from(PIECES)).map(" ".join)))
def test_any_text_is_a_query_or_says_where_it_is_none(text: str) -> None:
    column = 1
    try:
        query = parse_query(text)
    except QueryError as error:
        column = error.column
    else:
        assert all(isinstance(query.matches(run), bool) for run in RUNS)
    assert 1 <= column <= len(text) + 1


@given(st.lists(st.sampled_from(PIECES), max_size=12).map(" ".join))
def test_not_selects_all_others(text: str) -> None:
    try:
        runs = selected(f"({text})")
    except QueryError:
        return
    assert selected(f"not ({text})") == [number for number in range(4) if number not in runs]


def test_random_conditions_are_what_python_says() -> None:
    dice = random.Random(1)
    names = {
        "number": lambda run: run.record.number,
        "net.depth": lambda run: run.record.params.get("net", {}).get("depth"),
        "val.f1": lambda run: run.summary.get("val.f1"),
    }
    compare = {
        "<": lambda a, b: a < b,
        ">=": lambda a, b: a >= b,
        "==": lambda a, b: a == b,
        "!=": lambda a, b: a != b,
    }

    def condition(depth: int) -> tuple[str, Any]:
        if depth == 0 or dice.random() < 0.3:
            name, sign, bound = dice.choice([*names]), dice.choice([*compare]), dice.randint(0, 4)

            def test(run: QueryRun) -> bool:
                value = names[name](run)
                return value is not None and compare[sign](value, bound)

            return f"{name} {sign} {bound}", test
        (left, one), (right, other) = condition(depth - 1), condition(depth - 1)
        match dice.choice(["and", "or", "not"]):
            case "and":
                return f"({left}) and ({right})", lambda run: one(run) and other(run)
            case "or":
                return f"({left}) or ({right})", lambda run: one(run) or other(run)
            case _:
                return f"not ({left})", lambda run: not one(run)

    for query, expected in (condition(4) for _ in range(300)):
        assert selected(query) == [run.record.number for run in RUNS if expected(run)], query


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (1.0, "1"),
        (-0.0, "0"),
        (1e-5, "0.00001"),
        (1.5e-6, "0.0000015"),
        (1e-7, "1e-7"),
        (-1.25e-10, "-1.25e-10"),
        (123456789012345680000.0, "123456789012345680000"),
        (1e21, "1e+21"),
        (0.1 + 0.2, "0.30000000000000004"),
        (1234.5, "1234.5"),
        (float("-inf"), "-Infinity"),
        (10**400, "Infinity"),
        (True, "true"),
        (None, "none"),
        ([1.0, {"a": "b"}], "[1,{a:b}]"),
    ],
)
def test_values_have_the_text_that_the_panel_shows(number: object, text: str) -> None:
    assert value_text(number) == text


def test_names_that_no_run_has_are_mentioned_with_a_similar_one() -> None:
    query = parse_query("lrr < 1 and losss > 2 and has:zzz and has:lr and has:depth and note ~ x")
    assert query.unknown_names(RUNS, also=["depth"]) == [
        "no run has lrr: did you mean lr?",
        "no run has losss: did you mean loss?",
        "no run has zzz",
    ]


def test_long_queries_neither_nest_nor_take_long() -> None:
    for piece in ("not ", "(", "a or ", "[", "'", "x in [", "1", "1.", "1m", "``"):
        text = (piece * 10_000)[:10_000]
        for query, run in itertools.product((text, f"{text} x"), RUNS[:1]):
            try:
                parse_query(query[:10_000]).matches(run)
            except QueryError:
                continue
