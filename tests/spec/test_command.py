import json
from typing import Any

import pytest

from wandb_magic.spec.command import DEFAULT, args_json, expand

PARAMS = {
    "lr": 1e-05,
    "layers": [1, 2],
    "on": True,
    "off": False,
    "none": None,
    "opt": {"name": "adam", "beta": 0.9},
    "text": "a b=c",
    "n": 1,
    "zero": 0,
}


def by_agent(command: list[str], environment: dict[str, str]) -> list[str]:
    """What wandb's agent makes of a command, by its own functions and the loop around them."""
    from wandb.sdk.launch.sweeps import utils as agent  # noqa: PLC0415 - it takes seconds

    macros: dict[str, Any] = agent.create_sweep_command_args(
        {"args": {name: {"value": value} for name, value in PARAMS.items()}}
    )
    macros |= {
        "env": ["/usr/bin/env"],
        "interpreter": ["python"],
        "program": ["train.py"],
        "args_json_file": ["a.json"],
    }
    words: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        for chunk in map(str, agent.create_sweep_command(list(command))):
            is_macro = chunk.startswith("${") and chunk.endswith("}")
            words += macros.get(chunk[2:-1]) or [] if is_macro else [chunk]
    return words


@pytest.mark.parametrize(
    "command",
    [
        [],
        list(DEFAULT),
        ["${args_no_equals}"],
        ["${args_no_hyphens}"],
        ["${args_no_boolean_flags}"],
        ["${args_json}"],
        ["--file", "${args_json_file}"],
        ["${args_append_hydra}"],
        ["${args_override_hydra}"],
        ["${envvar:WM_A}", "x${envvar:WM_A}/${envvar:WM_A}y${envvar:WM_B}", "${envvar:WM_NONE}"],
        ["${interpreter}", "-m", "mod", "--path=${program}", "$x", "{args}"],
    ],
)
def test_a_command_expands_to_the_same_text_as_in_wandbs_agent(command: list[str]) -> None:
    environment = {"WM_A": "one two", "WM_B": ""}
    found = expand(
        command, PARAMS, program="train.py", json_file="a.json", environment=environment
    )
    assert found == by_agent(command, environment)


def test_the_interpreter_may_be_named() -> None:
    assert expand(["${interpreter}"], {}, program="a.py", interpreter="/py") == ["/py"]


def test_the_json_holds_the_parameters() -> None:
    assert json.loads(args_json(PARAMS)) == PARAMS
