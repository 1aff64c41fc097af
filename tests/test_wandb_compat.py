"""The module that stands in for wandb: what it replaces, and that all else is wandb's own."""

import inspect
import subprocess
import sys

import pytest
import wandb

from wandb_magic import attach, wandb_compat
from wandb_magic.errors import SweepStateError

GRID = {
    "method": "grid",
    "metric": {"name": "loss", "goal": "maximize"},
    "parameters": {"lr": {"values": [0.25, 0.5]}},
}


def train() -> None:
    with wandb_compat.init() as run:
        run.log({"loss": run.config["lr"], "nested": {"a": 1}})
    assert wandb_compat.run is None


def test_wandb_is_imported_when_it_is_asked_for() -> None:
    code = (
        "import sys; from wandb_magic import wandb_compat as wandb;"
        "print(*{'wandb', 'pydantic', 'pandas', 'yaml'} & set(sys.modules));"
        "wandb.Image; print('wandb' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.splitlines() == ["", "True"]


def test_all_else_is_wandbs() -> None:
    replaced = {"sweep", "agent", "login", "Api", "controller"}
    for name in wandb.__all__:
        is_wandbs = getattr(wandb_compat, name) is getattr(wandb, name)
        assert is_wandbs == (name not in replaced), name
    assert wandb_compat.__version__ == wandb.__version__
    assert set(dir(wandb)) <= set(dir(wandb_compat))
    names: dict[str, object] = {}
    exec("from wandb_magic.wandb_compat import *", names)
    assert names["sweep"] is wandb_compat.sweep
    assert names["Image"] is wandb.Image
    with pytest.raises(AttributeError):
        wandb_compat.no_such_thing  # noqa: B018 - on purpose
    assert not hasattr(wandb_compat, "__path__")


@pytest.mark.parametrize("name", ["sweep", "agent"])
def test_the_calls_are_written_as_for_wandb(name: str) -> None:
    ours, theirs = (inspect.signature(getattr(each, name)) for each in (wandb_compat, wandb))
    assert list(ours.parameters) == list(theirs.parameters)
    for known in theirs.parameters:
        assert ours.parameters[known].kind == theirs.parameters[known].kind
        assert ours.parameters[known].default == theirs.parameters[known].default


def test_a_controller_is_refused_in_a_sentence() -> None:
    with pytest.raises(SweepStateError, match="the sweep's own process chooses its runs"):
        wandb_compat.controller("abc")


def test_a_key_that_is_given_is_wandbs_matter() -> None:
    with pytest.raises((ValueError, wandb.errors.Error)):
        wandb_compat.login(key="too short")
    assert wandb_compat.login() is False


def test_a_sweep_of_this_machine_is_read_as_by_wandbs_api(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("WANDB_MODE", "offline")
    made = wandb_compat.sweep(GRID, "team", "digits")
    assert capsys.readouterr().out == f"Create sweep with ID: {made}\n"
    assert wandb_compat.agent(made, train, "team", "digits").id == made

    found = wandb_compat.Api(timeout=19).sweep(f"team/digits/{made}")
    assert capsys.readouterr().out == f"Waiting until the runs of sweep {made} have ended.\n"
    assert (found.id, found.state, found.entity, found.project) == (
        *(made, "FINISHED", "team", "digits"),
    )
    assert found.config == attach(made).config
    assert found.expected_run_count == 2
    assert [run.config for run in found.runs] == [{"lr": 0.25}, {"lr": 0.5}]
    assert {run.state for run in found.runs} == {"finished"}
    best = found.best_run()
    assert best is not None
    assert best.config == {"lr": 0.5}
    assert best.summary["loss"] == 0.5
    assert best.history(keys=["loss"]).to_dict("list") == {"_step": [0], "loss": [0.5]}
    assert found.best_run("+summary_metrics.loss").config == {"lr": 0.25}
    assert found.best_run("+unknown") is None
