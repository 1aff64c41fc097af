"""The manifest: what a process that continues a sweep inherits, and the line of the magic."""

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from wandb_magic.bundle import freeze
from wandb_magic.bundle.manifest import Manifest, join_magic, split_magic
from wandb_magic.runner.objective_function import wrap_objective


def test_a_process_that_continues_a_sweep_takes_from_the_record_what_it_lacks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorded = {"ONLY_RECORDED": "1", "BOTH": "recorded", "WANDB_BASE_URL": "http://recorded"}
    Manifest("cell", "", "", (), {}, (), (), {}, recorded).write(tmp_path)
    monkeypatch.setenv("BOTH", "here")
    monkeypatch.setenv("WANDB_RUN_ID", "stale")
    environment = Manifest.read(tmp_path).launch_environment()
    assert environment["ONLY_RECORDED"] == "1"
    assert environment["BOTH"] == "here"
    assert environment["WANDB_BASE_URL"] == "http://recorded"
    assert "WANDB_RUN_ID" not in environment


@pytest.mark.parametrize("arguments", ["config --count 3", "", "'a # b'", "a\fb\u2028c"])
@pytest.mark.parametrize("code", ["", "x = 1", "\n\nx = 1\n", "%%wandb_sweep\n"])
def test_the_line_of_a_magic_and_its_cell_are_told_apart_again(arguments: str, code: str) -> None:
    text = join_magic(arguments, code)
    assert text.count("\n") == code.count("\n") + 1
    assert split_magic(text) == (f"%%wandb_sweep {arguments}", code)


@pytest.mark.parametrize(
    "text", ["", "x = 1\n", "# a comment\nx = 1", "# %%wandb_sweeper\n", "%%wandb_sweep c\n"]
)
def test_a_cell_that_no_magic_started_has_no_line(text: str) -> None:
    assert split_magic(text) == ("", text)


def train() -> None:
    json.dumps("the text that people read")


def objective(lr: float) -> float:
    return lr  # the objective


class Trainer:
    def __call__(self) -> None:
        json.dumps("an object that is called")


def compiled() -> Callable[[], object]:
    namespace: dict[str, Any] = {}
    exec("def nothing(): pass", namespace)
    function: Callable[[], object] = namespace["nothing"]
    return function


@pytest.mark.parametrize(
    ("function", "text"),
    [
        (train, "the text that people read"),
        (partial(train), "the text that people read"),
        (wrap_objective(objective, ["lr"], "loss"), "return lr  # the objective"),
        (Trainer(), "class Trainer"),
        (compiled(), ""),
    ],
)
def test_the_text_of_a_function_is_kept(
    tmp_path: Path, function: Callable[[], object], text: str
) -> None:
    freeze(tmp_path / "bundle", function=function, namespace={})
    source = Manifest.read(tmp_path / "bundle").function_source
    assert text in source
    assert bool(source) == bool(text)
