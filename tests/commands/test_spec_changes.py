"""Edits of a config that a user types."""

from typing import Any

import pytest

from wandb_magic.commands.parser import UsageError, command_parser, line_parser
from wandb_magic.commands.spec_changes import parse_changes

CONFIG: dict[str, Any] = {
    "parameters": {
        "optimizer": {"values": ["adam", "sgd"]},
        "net": {"parameters": {"layers": {"values": [1, 2]}}},
        "odds": {"values": [1, 2], "probabilities": [0.5, 0.5]},
        "lr": {"min": 0, "max": 1},
    }
}


@pytest.mark.parametrize("json", [False, True])
def test_a_dash_removes(json: bool) -> None:  # noqa: FBT001 - a parameter of the test
    parser = command_parser() if json else line_parser()
    words = ["edit", "sweep000", "lr=1e-5..1e-1", "-momentum", "-_old", "lr-=2"]
    options = parser.parse_args([*words, "--method", "bayes", "--target", "-1e-3"])
    assert (options.sweep, options.method, options.target) == ("sweep000", "bayes", "-0.001")
    told = parser.parse_args(["tell", "sweep000", "run00000", "-2.5E+2"])
    assert (told.run, told.values) == ("run00000", ["-250"])
    assert parse_changes(options.changes[:3], CONFIG) == {
        "lr": {"min": 1e-5, "max": 1e-1},
        "momentum": None,
        "_old": None,
    }


@pytest.mark.parametrize(
    ("words", "changes"),
    [
        (["a=1..8"], {"a": {"min": 1, "max": 8}}),
        (["a=-1.5..+2e3"], {"a": {"min": -1.5, "max": 2000.0}}),
        (["a=1,2,x"], {"a": {"values": [1, 2, "x"]}}),
        (["a=[1, [2]]"], {"a": {"values": [1, [2]]}}),
        (["a=0.1"], {"a": {"value": 0.1}}),
        (["a={mu: 0, sigma: 1}"], {"a": {"mu": 0, "sigma": 1}}),
        (["optimizer+=lion"], {"optimizer": {"values": ["adam", "sgd", "lion"]}}),
        (["optimizer+=lion,sgd"], {"optimizer": {"values": ["adam", "sgd", "lion"]}}),
        (["optimizer+=lion", "optimizer-=sgd"], {"optimizer": {"values": ["adam", "lion"]}}),
        (["net.layers-=1"], {"net.layers": {"values": [2]}}),
    ],
)
def test_a_word_changes_a_parameter(words: list[str], changes: dict[str, Any]) -> None:
    assert parse_changes(words, CONFIG) == changes


@pytest.mark.parametrize(
    ("word", "problem"),
    [
        ("lr", "write NAME=LOW..HIGH"),
        ("=3", "write NAME=LOW..HIGH"),
        ("lr+=3", "lr does not choose among values"),
        ("lion+=3", "lion does not choose among values"),
        ("optimizer-=lion", "'lion' is not among the values of optimizer"),
        ("optimizer-=adam,sgd", "would have no values"),
        ("odds+=3", "has probabilities"),
    ],
)
def test_what_is_no_change_is_refused(word: str, problem: str) -> None:
    with pytest.raises(UsageError, match=problem):
        parse_changes([word], CONFIG)
