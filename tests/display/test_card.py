import re
from collections.abc import Callable
from html import unescape

import pytest

from wandb_magic.api import Sweep
from wandb_magic.display import formatting, launch_summary, tables
from wandb_magic.display.card import NEWEST, card
from wandb_magic.display.states import STATES
from wandb_magic.records import ProcessId, RunState, SweepState

MakeSweep = Callable[..., Sweep]
HOSTILE = "<script>alert('1')</script>&\"'\n<img src=x onerror=alert(2)>"


def text_of(html: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", html)).split())


def test_one_glance_answers_how_it_goes(make_sweep: MakeSweep) -> None:
    sweep = make_sweep(
        {"value": 0.5},
        {"value": 0.25},
        {"state": RunState.FAILED, "cause": "ValueError: no"},
        {"state": RunState.PRUNED, "cause": "ended early", "value": 0.75},
        {"state": RunState.RUNNING, "ended": None},
    )
    html, status = card(sweep)
    text = text_of(html)
    assert text.startswith("mine ◐ running 4/30 · best 0.25 (run 1) · 1 failed · ")
    assert "run 2 ✗ failed ValueError: no - 1 m 0 s lr=0.5" in text
    assert "ended early" not in text
    assert text.index("run 4") < text.index("run 3")
    assert "<svg" in html
    assert formatting.status_line(status).startswith(
        "mine ◐ 4/30 · best 0.25 (run 1) · 1 failed · "
    )


FAILED = {"state": RunState.FAILED, "cause": "ValueError: no"}
KILLED = {"state": RunState.KILLED, "cause": "killed"}
FINISHED = {"state": RunState.FINISHED, "value": 0.5}
PRUNED = {"state": RunState.PRUNED, "value": 0.5}
STOPPED = {"state": RunState.STOPPED}


@pytest.mark.parametrize(
    ("runs", "symbol"),
    [
        ((FAILED, KILLED), "✗"),
        ((FAILED, FINISHED), "✓"),
        ((FAILED, PRUNED), "✓"),
        ((FAILED, STOPPED), "✓"),
        ((), "✓"),
    ],
)
def test_a_sweep_whose_runs_all_failed_does_not_look_like_a_success(
    make_sweep: MakeSweep, runs: tuple[dict[str, object], ...], symbol: str
) -> None:
    sweep = make_sweep(*runs, state=SweepState.FINISHED, ended=60.0, budget=len(runs))
    html, status = card(sweep)
    assert status.all_failed == (symbol == "✗")
    assert text_of(html).startswith(f"mine {symbol} finished {len(runs)}/{len(runs)}")
    assert formatting.status_line(status).startswith(f"mine {symbol} finished")
    assert f"{symbol} finished" in tables.sweeps_table([sweep])


def test_a_sweep_that_goes_on_has_not_failed(make_sweep: MakeSweep) -> None:
    status = make_sweep(FAILED, FAILED).status()
    assert not status.all_failed
    assert formatting.status_line(status).startswith("mine ◐ 2/30")


def test_no_terminal_obeys_what_a_user_or_run_wrote(make_sweep: MakeSweep) -> None:
    hostile = "\x1b]0;title\x07\x1b[2Jname\x9b31m\u202eevil"
    failed = {"state": RunState.FAILED, "cause": hostile, "params": {"lr": hostile}}
    sweep = make_sweep(failed, name=hostile, state=SweepState.PAUSED, cause=hostile)
    status, runs = sweep.status(), sweep.records()
    shown = "\n".join(
        (
            formatting.status_lines(status),
            str(status),
            tables.sweeps_table([sweep]),
            tables.runs_table(runs),
            launch_summary.text(sweep),
        )
    )
    assert "name" in shown
    assert not set(shown) & set("\x1b\x07\x9b\u202e")


def test_nothing_that_a_user_or_run_wrote_is_markup(make_sweep: MakeSweep) -> None:
    sweep = make_sweep(
        {"state": RunState.FAILED, "cause": HOSTILE, "params": {HOSTILE: HOSTILE}},
        name=HOSTILE,
        state=SweepState.PAUSED,
        cause=HOSTILE,
        notices=(HOSTILE,),
    )
    for html in (card(sweep)[0], launch_summary.html(sweep)):
        assert "alert" in html
        assert set(re.findall(r"<(\w+)", html)) <= {
            *("div", "b", "span", "table", "tr", "td", "br", "i", "code")
        }
        assert "onerror" not in "".join(re.findall(r"<[^>]*>", re.sub(r'"[^"]*"', "", html)))


@pytest.mark.parametrize(("best", "listed"), [(3, (3, 9, 8, 7, 6)), (8, (9, 8, 7, 6, 5))])
def test_the_best_run_is_listed_whenever_it_ran(
    make_sweep: MakeSweep, best: int, listed: tuple[int, ...]
) -> None:
    values = [1.0 - (number == best) for number in range(10)]
    html, _ = card(make_sweep(*({"value": value} for value in values)))
    text = text_of(html.split("<table")[1])
    assert tuple(map(int, re.findall(r"run (\d+)", text))) == listed
    assert re.findall(r"run (\d+) ★ best", text) == [str(best)]


def test_only_the_newest_runs_are_listed(make_sweep: MakeSweep) -> None:
    html, _ = card(make_sweep(*({"value": float(n)} for n in range(50))))
    assert html.count("<tr ") == NEWEST
    assert "max-height:240px" in html


def test_a_sweep_without_runs_or_metric_has_a_card(make_sweep: MakeSweep) -> None:
    spec = {"method": "grid", "parameters": {"a": {"values": [1]}}}
    html, status = card(make_sweep(spec=spec, budget=None, state=SweepState.PENDING))
    assert text_of(html) == "mine ○ pending 0"
    assert formatting.is_active(status)


def test_a_sweep_without_supervisor_says_what_to_do(make_sweep: MakeSweep) -> None:
    html, status = card(make_sweep(supervisor=ProcessId(1, "another one")))
    assert "✗ died" in html
    assert "%wandb_sweep resume" in formatting.status_line(status)
    assert not formatting.is_active(status)


@pytest.mark.parametrize("state", [SweepState.FINISHED, SweepState.STOPPED, SweepState.PAUSED])
def test_a_sweep_that_rests_is_not_active(make_sweep: MakeSweep, state: SweepState) -> None:
    _, status = card(make_sweep(state=state, ended=1.0, cause="why not"))
    assert not formatting.is_active(status)
    assert (
        formatting.status_line(status)
        == f"mine {STATES[state.value].symbol} {state.value} 0/30 · why not"
    )


def test_tables_are_aligned(make_sweep: MakeSweep) -> None:
    sweep = make_sweep({"value": 0.5}, {"state": RunState.FAILED, "cause": "a\nb"})
    head, first, second = tables.runs_table(sweep.records()).splitlines()
    assert first.index("0.5") == head.index("value")
    assert second.endswith("a b")
    assert "run00001" in second
    assert (
        tables.sweeps_table([sweep]).splitlines()[1].startswith("sweep000  mine  ◐ running  2/30")
    )


def test_nothing_fetches_anything(make_sweep: MakeSweep) -> None:
    sweep = make_sweep({"value": 0.5}, {"value": 0.4})
    assert not re.search(
        r"https?:|url\(|src=|@import", card(sweep)[0] + launch_summary.html(sweep)
    )
