"""Notebooks of W&B's shape in a real kernel, with one line changed: ``import wandb``."""

from collections.abc import Callable
from typing import Any

import pytest

import wandb_magic
from fake_wandb_server.server import FakeWandbServer

Open = Callable[[], Any]
# A notebook as W&B's tutorials have it, with their calls in their order; `Run all` sends one cell
# after the other. Its first line stands for `import wandb`.
TUTORIAL = [
    "from wandb_magic import wandb_compat as wandb\nimport math, pprint",
    "wandb.login()",
    "sweep_config = {'method': 'random'}",
    "sweep_config['metric'] = {'name': 'loss', 'goal': 'minimize'}",
    """
    parameters_dict = {
        'optimizer': {'values': ['adam', 'sgd']},
        'learning_rate': {'distribution': 'uniform', 'min': 0, 'max': 0.1},
        'batch_size': {'distribution': 'q_log_uniform_values', 'q': 8, 'min': 32, 'max': 256},
    }
    parameters_dict.update({'epochs': {'value': 2}})
    sweep_config['parameters'] = parameters_dict
    pprint.pprint(sweep_config)
    """,
    'sweep_id = wandb.sweep(sweep_config, project="sweeps-demo")',
    """
    def train(config=None):
        with wandb.init(config=config):
            config = wandb.config
            assert wandb.run is not None and wandb.run.sweep_id
            for epoch in range(config.epochs):
                wandb.log({"loss": one_epoch(config), "epoch": epoch})
            wandb.log({"table": wandb.Table(columns=["a"], data=[[1]])})

    def one_epoch(config):
        return config.learning_rate + math.log(config.batch_size)
    """,
    "wandb.agent(sweep_id, train, count=2)",
    "wandb.agent(sweep_id, train, count=1)",
    """
    api = wandb.Api()
    found = api.sweep(f"team/sweeps-demo/{sweep_id}")
    best = found.best_run()
    print("BEST", found.state, len(found.runs), best.config["epochs"], best.summary["loss"])
    print("ROWS", len(best.history()), list(best.history(keys=["loss"])))
    """,
    "wandb.finish()",
]


def run_all(notebook: Any) -> list[str]:  # noqa: ANN401 - the one of conftest.py
    """Return what each cell printed."""
    return [str(notebook.run(cell).text) for cell in TUTORIAL]


def is_right(printed: list[str], state: str) -> None:
    (sweep,) = wandb_magic.sweeps()
    assert f"Create sweep with ID: {sweep.id}" in printed[5]
    values = [run.value for run in sweep.records() if run.value is not None]
    assert len(values) == 3
    best = next(line for line in printed[-2].splitlines() if line.startswith("BEST")).split()
    assert best[:4] == ["BEST", state, "3", "2"]
    assert float(best[4]) == pytest.approx(min(values))


@pytest.mark.parametrize("ipykernel", ["newest"], indirect=True)
def test_a_tutorial_runs_through_without_an_account(open_notebook: Open) -> None:
    notebook = open_notebook()
    notebook.client.allow_stdin = False  # as papermill and nbconvert have it
    printed = run_all(notebook)
    assert "so sweeps run offline" in printed[1]
    assert "Sweep URL" not in printed[5]
    is_right(printed, "FINISHED")
    assert "ROWS 2 ['_step', 'loss']" in printed[-2]


@pytest.mark.slow
@pytest.mark.parametrize("ipykernel", ["7.0.1"], indirect=True)
def test_a_tutorial_runs_through_with_an_account(
    open_notebook: Open, fake_wandb_server: FakeWandbServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in fake_wandb_server.environment.items():
        monkeypatch.setenv(name, value)
    printed = run_all(open_notebook())
    assert f"Sweep URL: {fake_wandb_server.url}/team/sweeps-demo/sweeps/" in printed[5]
    is_right(printed, "RUNNING")  # W&B does not know how many runs were asked for
