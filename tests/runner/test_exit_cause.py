"""A cause is the type of an exception and the first line of its message, whatever that is."""

import builtins
import subprocess
import traceback
from typing import Any

import pytest

from wandb_magic.runner.exit_cause import MAX_LENGTH, cause_from_output, describe_exception

GROUP: Any = getattr(builtins, "ExceptionGroup", None)


class UnspeakableError(Exception):
    def __str__(self) -> str:
        raise ValueError("no text")


class NumberError(Exception):
    def __str__(self) -> str:
        return 3  # type: ignore[return-value] # noqa: PLE0307 - as a user may


def noted(error: BaseException, *notes: object) -> BaseException:
    error.__notes__ = list(notes)  # type: ignore[attr-defined] # Python 3.10 has no add_note
    return error


def chained() -> BaseException:
    error = RuntimeError("no learning rate\nuse --lr")
    error.__cause__ = KeyError("lr")
    return error


CUDA = "CUDA error: device-side assert triggered\nFor debugging consider passing CUDA_LAUNCH_…"
CASES = {
    "RuntimeError: CUDA error: device-side assert triggered": RuntimeError(CUDA),
    "ValueError: lr": ValueError("\n  \n  lr\n"),
    "ValueError": ValueError(""),
    "KeyError: 'lr'": KeyError("lr"),
    "UnspeakableError": UnspeakableError(),
    "NumberError": NumberError(),
    "ValueError: bad (see the manual; and ask)": noted(
        ValueError("bad"), "see the manual\nhttps://…", 3, "and ask"
    ),
    "RuntimeError: no learning rate": chained(),
    "CalledProcessError: Command '['train']' returned non-zero exit status 3.": (
        subprocess.CalledProcessError(3, ["train"])
    ),
}


@pytest.mark.parametrize("cause", CASES)
def test_an_exception(cause: str) -> None:
    assert describe_exception(CASES[cause]) == cause


def test_a_long_message_is_cut() -> None:
    cause = describe_exception(ValueError("x" * 1000))
    assert cause.startswith("ValueError: xxx")
    assert len(cause) == MAX_LENGTH


def test_a_syntax_error_says_where() -> None:
    with pytest.raises(SyntaxError) as caught:
        compile("a = (\n", "module.py", "exec")
    assert (
        describe_exception(caught.value) == "SyntaxError: '(' was never closed (module.py, line 1)"
    )


@pytest.mark.skipif(not GROUP, reason="Python 3.10 has no exception groups")
def test_the_parts_of_a_group_are_counted_and_named() -> None:
    group = GROUP("several", [ValueError("a"), noted(KeyError("b"), "why")])
    assert describe_exception(group) == (
        "ExceptionGroup: several (2 sub-exceptions): ValueError: a; KeyError: 'b' (why)"
    )


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (RuntimeError(CUDA), "RuntimeError: CUDA error: device-side assert triggered"),
        (chained(), "RuntimeError: no learning rate"),
        (KeyError("lr"), "KeyError: 'lr'"),
    ],
)
def test_the_traceback_of_a_command(error: BaseException, cause: str) -> None:
    try:
        raise error
    except type(error) as caught:
        printed = "".join(traceback.format_exception(caught))
    assert cause_from_output(f"epoch 1\n{printed}wandb: Find logs at: ./wandb\n") == cause


@pytest.mark.skipif(not GROUP, reason="Python 3.10 has no exception groups")
def test_the_traceback_of_a_command_with_a_group() -> None:
    group = GROUP("several", [ValueError("a"), KeyError("b")])
    try:
        raise group from ValueError("before")
    except GROUP as error:
        printed = "".join(traceback.format_exception(error))
    assert cause_from_output(printed) == "ExceptionGroup: several (2 sub-exceptions)"


def test_output_without_a_traceback_has_no_cause() -> None:
    assert cause_from_output("Traceback of my steps\nloss: 3\n") == ""
