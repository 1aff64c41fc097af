"""The importance of parameters over HTTP: in a child process, and only when something is new."""

import asyncio
import subprocess
import sys
import threading
from typing import Any

import pytest

from tests.server.conftest import Api, Make, Written, summed
from wandb_magic.analysis.importance import EVALUATORS
from wandb_magic.records import RunState
from wandb_magic.server import importance

PATH = "sweeps/sweep000/importance"


@pytest.fixture
def varied(sweep: Written) -> Written:
    for number in range(30):
        params = {"lr": number / 30, "other": {"seed": number * 7 % 30}}
        run = sweep.run(summed(acc=1.0 - number), params=params)
        sweep.end(run, value=float(number))
    return sweep


async def test_the_parameter_that_matters_comes_first(api: Api, varied: Written) -> None:
    broken = varied.run(params={"lr": 9.0})
    varied.end(broken, state=RunState.FAILED, value=0.0)
    found = await api.get(PATH)
    assert (found["metric"], found["runs"], found["warning"]) == ("loss", 30, "")
    assert found["parameters"][0]["name"] == "lr"
    assert found["parameters"][0]["correlation"] == pytest.approx(1)
    other = await api.get(PATH, metric="acc")
    assert other["parameters"][0]["correlation"] == pytest.approx(-1)
    nothing = await api.get(PATH, metric="nothing")
    assert (nothing["runs"], nothing["parameters"]) == (0, [])


async def test_it_is_computed_once_for_the_same_results(
    api: Api, varied: Written, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def counted(question: str) -> str:
        asked.append(question)
        return real(question)

    real = importance._run_child
    monkeypatch.setattr(importance, "_run_child", counted)
    first, again = await asyncio.gather(api.get(PATH), api.get(PATH))
    assert first == again
    assert len(asked) == 1
    varied.end(varied.run(params={"lr": 3.0, "other": {"seed": 1}}), value=99.0)
    assert (await api.get(PATH))["runs"] == 31
    assert len(asked) == 2


async def test_the_evaluator_and_its_quantile_are_chosen(api: Api, varied: Written) -> None:
    default = await api.get(PATH)
    assert default["quantile"] == 0.5
    chosen = await api.get(PATH, evaluator="fanova")
    assert (chosen["evaluator"], chosen["quantile"]) == ("fANOVA", None)
    assert all(each["uncertainty"] >= 0 for each in chosen["parameters"])
    assert (await api.get(PATH, quantile="0.1"))["quantile"] == 0.1
    assert await api.get(PATH) == default
    for query in (
        {"evaluator": "shap"},
        {"quantile": "2"},
        {"quantile": "x"},
        {"quantile": "nan"},
    ):
        code, message = await api.problem(PATH, **query)
        assert code == 400
        assert message.startswith(next(iter(query)))


async def test_others_do_not_wait_for_it(
    api: Api, varied: Written, monkeypatch: pytest.MonkeyPatch
) -> None:
    others, real = threading.Event(), importance._run_child

    def slow(question: str) -> str:
        assert others.wait(60)
        return real(question)

    monkeypatch.setattr(importance, "_run_child", slow)
    asked = [asyncio.create_task(api.get(PATH, metric=name)) for name in ("loss", "acc")]
    page = await api.connect()
    await page.open(a={"topic": "runs", "sweep": "sweep000", "mark": "0-0"})
    await page.message("a")
    await api.get("sweeps/sweep000/runs")
    others.set()
    await asyncio.gather(*asked)


async def test_a_sweep_without_an_objective_asks_for_a_metric(api: Api, make_sweep: Make) -> None:
    make_sweep(spec={"method": "random", "parameters": {}})
    code, message = await api.problem(PATH)
    assert code == 400
    assert "metric" in message


async def test_a_child_that_fails_or_takes_too_long_is_said_to(
    api: Api, varied: Written, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importance, "TIMEOUT_S", 0.01)
    code, message = await api.problem(PATH)
    assert code == 503
    assert "took more than" in message
    monkeypatch.setattr(importance, "TIMEOUT_S", 60)
    monkeypatch.setattr(sys, "executable", "/bin/false")
    code, message = await api.problem(PATH)
    assert code == 503
    assert "cannot be computed" in message


def test_what_lies_around_the_server_is_not_imported(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "json.py").write_text("raise SystemExit('the user\\'s own')")
    monkeypatch.chdir(tmp_path)
    assert importance._run_child('{"params": [], "values": [], "maximize": false}')


def test_optuna_stays_out_of_the_server() -> None:
    code = (
        "import sys, wandb_magic.server.app;"
        "print({'optuna', 'wandb', 'pandas', 'torch', 'scipy'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_the_server_knows_all_evaluators() -> None:
    assert tuple(EVALUATORS) == importance.EVALUATORS
