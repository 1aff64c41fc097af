"""Time, cost and flatness end a sweep: active runs finish, none begins, and it says why."""

import os
import signal
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

import wandb_magic
from tests import sweeps
from wandb_magic.api import Sweep
from wandb_magic.cli.main import run as run_command
from wandb_magic.errors import SweepError
from wandb_magic.records import Options, RunState, SweepState
from wandb_magic.server.serializers import sweep_summary
from wandb_magic.supervisor import limits
from wandb_magic.supervisor.limits import Limits

Start = Callable[..., Sweep]
Until = Callable[..., Any]
QUADRATIC: dict[str, Any] = {**sweeps.RANDOM, "parameters": {"lr": {"min": -1.0, "max": 1.0}}}


class Clock:
    """The kernel's clock, at the test's command; the time of day jumps at each look."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1000.0
        monkeypatch.setattr(limits, "time", SimpleNamespace(monotonic=lambda: self.now))


def limits_of(sweep: Any, running: int = 1) -> Limits:  # noqa: ANN401 - a record
    """Return the limits of a sweep with so many active runs, without a store."""
    runs = {number: sweeps.run_record(number) for number in range(running)}
    state: Any = SimpleNamespace(sweep=sweep, runs=SimpleNamespace(active=runs), stored=[])

    def update(**fields: float) -> None:
        state.stored.append(fields)

    state.update_sweep = update
    made = Limits(state)
    made.state = state  # type: ignore[attr-defined] # for the test
    return made


def test_the_clock_counts_what_runs_and_no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(monkeypatch)
    options = Options(max_time=100.0, max_cost=1.0, price_per_hour=60.0)
    sweep = sweeps.sweep_record(
        state=SweepState.RUNNING, options=options, elapsed=30.0, run_seconds=7.0, agents=4
    )
    made = limits_of(sweep, running=3)
    clock.now += 20
    made.tick()
    assert made.state.stored == [{"elapsed": 50.0, "slot_seconds": 80.0, "run_seconds": 67.0}]  # type: ignore[attr-defined] # as above
    assert made.reason() == ""
    clock.now += 1
    made.tick()
    assert len(made.state.stored) == 1, "stored every few seconds"  # type: ignore[attr-defined] # as above
    made._state.sweep = sweeps.sweep_record(state=SweepState.PAUSED, options=options)
    clock.now += 500
    made.tick()
    assert made.reason() == ""
    made._state.sweep = sweep
    clock.now += 9
    made.tick()
    assert made.reason() == "it has cost 1, and its limit is 1"
    clock.now += 40
    made.tick()
    assert made.reason() == "its time is up: it has been running for 1 m 40 s"

    # With a launcher, each run has a machine of its own, also in a pause.
    remote = Options(max_cost=1.0, price_per_hour=60.0, launcher="dask://host:1")
    made = limits_of(sweeps.sweep_record(state=SweepState.PAUSED, options=remote), running=2)
    clock.now += 29
    made.tick()
    assert made.reason() == ""
    clock.now += 1
    made.tick()
    assert made.reason() == "it has cost 1, and its limit is 1"


def test_time_ends_a_sweep_and_more_of_it_continues(
    until: Until, capsys: pytest.CaptureFixture[str]
) -> None:
    sweep = wandb_magic.start(QUADRATIC, max_time=3600.0, price_per_hour=3600.0)
    (first, second) = sweep.ask(2)
    sweep.tell(first, 1.0)
    until(lambda: sweep.status().sweep.elapsed > 0)
    eta = sweep.status().eta
    assert eta is not None
    assert 3500 < eta.seconds <= 3601
    supervisor = sweep.status().sweep.supervisor
    assert supervisor is not None
    os.kill(supervisor.pid, signal.SIGKILL)
    until(lambda: sweep.state == "died")
    before = sweep.status().sweep.elapsed
    sweep.set_limits({"max_time": 0.01})
    until(lambda: "its time is up" in sweep.status().cause)
    assert (sweep.state, sweep.ask()) == ("running", []), "what is under way may end"
    sweep.tell(second, 2.0)
    sweep.wait(60)
    status = sweep.status()
    assert (status.state, status.ended) == ("finished", 2)
    assert status.sweep.elapsed >= before > 0
    assert status.cost == pytest.approx(status.sweep.elapsed)
    summary = sweep_summary(sweep._paths, sweep._reader)
    assert summary["cause"].startswith("its time is up: it has been running for")
    assert summary["cost"] == status.cost
    for refused in (lambda: sweep.add({"lr": 0.5}), sweep.resume, lambda: sweep.rerun(0)):
        with pytest.raises(
            SweepError, match=r"its time is up: .* allow more first, with set_limits"
        ):
            refused()
    with pytest.raises(SweepError, match="without one, the sweep runs forever"):
        sweep.set_limits({"max_time": None})
    assert run_command(["resume", sweep.id, "--for", "2h", "--cost", "1e6"]) == 0
    assert "continues" in capsys.readouterr().out
    assert sweep.status().sweep.options.max_cost == 1e6
    until(lambda: sweep.state == "running")
    assert len(sweep.ask()) == 1
    sweep.stop()


def test_active_runs_finish_and_retries_do_not_begin(start: Start) -> None:
    cell = """
    import time, wandb
    with wandb.init() as run:
        for step in range(12):
            run.log({"loss": step})
            time.sleep(0.25)
    raise ValueError("after all")
    """
    sweep = start(cell, count=None, agents=2, max_time=1.0, retries=1)
    sweep.wait(120)
    runs = sweep.records()
    assert [run.state for run in runs] == [RunState.FAILED] * len(runs)
    assert len(runs) <= 2
    assert sweep.status().cause.startswith("its time is up")


def test_a_search_that_is_flat_ends_and_says_why(until: Until) -> None:
    sweep = wandb_magic.start(QUADRATIC, count=400, until_flat=True, seed=1)
    while proposals := sweep.ask(4):
        for each in proposals:
            sweep.tell(each, (each.params["lr"] - 0.3) ** 2)
        until(lambda: sweep.state != "pending")
    sweep.wait(60)
    status = sweep.status()
    assert 20 <= status.ended < 400
    assert "more runs would hardly help: after" in status.cause
    assert "lower the best loss by no more than" in status.cause
    with pytest.raises(SweepError, match="until_flat: judges one metric"):
        wandb_magic.start({**QUADRATIC, "constraints": ["k <= 1"]}, until_flat=True)
    sweep.set_limits({"until_flat": False})
    until(lambda: sweep.state == "running")
    assert len(sweep.ask()) == 1
    sweep.stop()


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"max_cost": 1.0}, "max_cost: needs a price"),
        ({"max_cost": -1, "price_per_hour": 1}, "max_cost: must be a number above 0"),
        ({"max_time": 0}, "max_time: must be a number above 0 s"),
        ({"until_flat": 1, "count": 9}, "until_flat: must be true or false"),
        ({"until_flat": True}, "method random runs forever: .* --for 2h"),
    ],
)
def test_limits_that_mean_nothing_are_refused(options: dict[str, Any], problem: str) -> None:
    with pytest.raises(SweepError, match=problem):
        wandb_magic.start(QUADRATIC, **options)


def test_a_pause_does_not_change_the_estimate(until: Until) -> None:
    sweep = wandb_magic.start(QUADRATIC, count=9)
    for each in sweep.ask(2):
        sweep.tell(each, 1.0)
    until(lambda: sweep.status().eta is not None)
    sweep.pause()
    assert sweep.status().eta is None
    sweep.resume()
    until(lambda: sweep.status().eta is not None)
    sweep.stop()
