"""The table of requests and what carries them out, held against each other."""

import inspect

import pytest

from wandb_magic.arguments import REQUEST_ARGUMENTS
from wandb_magic.supervisor.control import ControlTarget
from wandb_magic.supervisor.supervisor import Supervisor


@pytest.mark.parametrize("target", [ControlTarget, Supervisor])
@pytest.mark.parametrize("verb", REQUEST_ARGUMENTS)
def test_each_request_has_a_method_that_takes_its_arguments(verb: str, target: type) -> None:
    _, *parameters = inspect.signature(getattr(target, verb)).parameters
    assert parameters == list(REQUEST_ARGUMENTS[verb])


def test_nothing_else_can_be_asked() -> None:
    methods = {name for name, _ in inspect.getmembers(ControlTarget, inspect.isfunction)}
    assert {name for name in methods if not name.startswith("_")} == set(REQUEST_ARGUMENTS)
