"""Functions that take parameters and return a value: runs log it for them."""

import functools
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import wandb_magic
from wandb_magic.api import Sweep
from wandb_magic.errors import SpecError
from wandb_magic.runner.objective_function import _metrics_of, wrap_objective

CONFIG: dict[str, Any] = {
    "method": "random",
    "metric": {"name": "loss"},
    "parameters": {"lr": {"min": 0.0, "max": 1.0}, "net": {"parameters": {"n": {"value": 2}}}},
}
OFFSET = 3.0


def by_name(lr: float, net: dict[str, int], scale: float = 2.0) -> float:
    return shifted(lr) * scale + net["n"]


def shifted(value: float) -> float:
    return value + OFFSET


def by_config(config: dict[str, Any]) -> dict[str, Any]:
    return {"loss": np.float32(config["lr"]), "part": {"n": config["net"]["n"]}, "note": "x"}


def steps(config: dict[str, Any]) -> Iterator[float]:
    for step in range(3):
        yield config["lr"] + step


def nothing(lr: float, **_: object) -> None:
    assert lr < OFFSET


def start(function: Callable[..., object], **options: Any) -> Sweep:  # noqa: ANN401 - options
    return wandb_magic.start(CONFIG, function, count=1, mode="offline", seed=1, **options)


@pytest.mark.slow(10)
def test_what_they_return_is_logged_as_the_metric() -> None:
    named, failing = start(functools.partial(by_name, scale=2.0)), start(nothing)
    runs = [sweep.wait(120).records()[0] for sweep in (named, failing)]
    assert runs[0].value == pytest.approx((runs[0].params["lr"] + OFFSET) * 2 + 2)
    assert [run.state.value for run in runs] == ["finished", "failed"]
    assert runs[1].cause.startswith("TypeError: nothing() returned None: return 'loss' as")
    assert all((Path(run.directory) / f"run-{run.id}.wandb").exists() for run in runs)


@pytest.mark.full("a generator of metrics by config, in the guide living-sweeps.md")
@pytest.mark.slow(10)
def test_metrics_of_a_config_and_each_step_are_logged() -> None:
    configured, stepping = start(by_config), start(steps)
    runs = [sweep.wait(120).records()[0] for sweep in (configured, stepping)]
    lr = runs[0].params["lr"]
    assert [run.value for run in runs] == [pytest.approx(lr, rel=1e-6), lr]
    assert [run.state.value for run in runs] == ["finished"] * 2
    assert stepping.history()["loss"].tolist() == pytest.approx([lr, lr + 1, lr + 2])
    assert configured.runs().iloc[0]["summary.part.n"] == 2


PROGRAM = """
import wandb_magic
OFFSET = 3
def shifted(value):
    return value + OFFSET
def objective(lr):
    return shifted(lr)
parameters = {"lr": {"min": 0.0, "max": 1.0}}
config = {"method": "random", "metric": {"name": "loss"}, "parameters": parameters}
sweep = wandb_magic.start(config, objective, count=1, mode="offline").wait(120)
assert sweep.best().value == sweep.best_config["lr"] + 3
sweep.export(0, "exported")
"""
ALONE = """
import runpy, sys
sys.modules["wandb_magic"] = None
sys.path.insert(0, "exported")
runpy.run_path("exported/run.py", run_name="__main__")
"""


@pytest.mark.slow(10)
def test_an_exported_run_does_not_need_this_package(tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text(PROGRAM, "utf-8")
    for command in (["program.py"], ["-c", ALONE]):
        subprocess.run([sys.executable, *command], check=True, cwd=tmp_path)


@pytest.mark.parametrize("value", [2, 2.0, np.float32(2), np.array(2), np.array([2.0]), True])
def test_any_number_is_the_metric(value: object) -> None:
    assert _metrics_of("objective", "loss")(value) == {"loss": value}


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        (None, r"^objective\(\) returned None: return 'loss' as a number, or metrics"),
        ("2", r"^objective\(\) returned a str: return 'loss'"),
        (np.array([1.0, 2.0]), r"^objective\(\) returned a ndarray: return 'loss'"),
        (
            {"acc": 1},
            r"^objective\(\) returned a dict without 'loss', the .* it has acc$",
        ),
    ],
)
def test_anything_else_fails_the_run_with_a_sentence(value: object, problem: str) -> None:
    with pytest.raises(TypeError, match=problem):
        _metrics_of("objective", "loss")(value)


def plain() -> None: ...


def reads_config(epochs: int = 3) -> None: ...


def logs(lr: float = 0.1) -> None:
    import wandb  # noqa: PLC0415 - as users do

    wandb.init(config={"lr": lr})


def test_a_function_that_logs_by_itself_is_as_before() -> None:
    for function in (plain, reads_config, logs, print, Sweep):
        assert wrap_objective(function, ["lr"], "loss") is function


def returns(lr: float = 0.1) -> float:
    return lr


def test_an_argument_with_a_default_is_a_parameter_of_that_name() -> None:
    wrapped = wrap_objective(returns, ["lr"], "loss")
    assert (wrapped.__name__, wrapped.__module__) == ("run_returns", "__main__")
    assert wrapped.__globals__ is vars(sys.modules[__name__])  # type: ignore[attr-defined] # of a function


def both(lr: float) -> None:
    import wandb  # noqa: PLC0415 - as users do

    with wandb.init():
        assert lr < OFFSET


def too_few(lr: float) -> float:
    return lr


def other(learning_rate: float) -> float:
    return learning_rate


def positional(lr: float, /) -> float:
    return lr


@pytest.mark.parametrize(
    ("function", "parameters", "problem"),
    [
        (both, ["lr"], r"function: both\(lr\) takes parameters and calls wandb.init, too: return"),
        (too_few, ["lr", "n"], r"function: too_few\(\) does not take n, which the sweep has: add"),
        (other, ["lr"], r"function: other\(\) needs learning_rate, and .* parameters lr: name"),
        (positional, ["lr"], r"takes its parameters by position only"),
    ],
)
def test_what_is_not_clear_is_one_sentence(
    function: Callable[..., object], parameters: list[str], problem: str
) -> None:
    with pytest.raises(SpecError, match=problem) as refused:
        wrap_objective(function, parameters, "loss")
    assert "\n" not in str(refused.value)
    with pytest.raises(SpecError, match=r"^metric: too_few\(\) returns the sweep's metric"):
        wrap_objective(too_few, ["lr"], "")
