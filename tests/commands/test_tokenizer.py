import pytest

from wandb_magic.commands.parser import UsageError
from wandb_magic.commands.tokenizer import tokenize, unquote


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("", []),
        ("config --count 3", ["config", "--count", "3"]),
        (
            '{"lr": {"values": [0.1, 0.2]}} --count 3',
            ['{"lr": {"values": [0.1, 0.2]}}', "--count", "3"],
        ),
        ("dict(a = 1, b = ')') --wait", ["dict(a = 1, b = ')')", "--wait"]),
        ("base | {'a': 1}", ["base", "|", "{'a': 1}"]),
        ("\"my sweep.yaml\" --name 'a b'", ['"my sweep.yaml"', "--name", "'a b'"]),
        (r'"a\" b" c', [r'"a\" b"', "c"]),
        ("configs['a b'](1)[0]  x", ["configs['a b'](1)[0]", "x"]),
        ("--env A='{ x' y", ["--env", "A='{ x'", "y"]),
    ],
)
def test_only_spaces_outside_quotes_and_brackets_split(line: str, words: list[str]) -> None:
    assert tokenize(line) == words


@pytest.mark.parametrize(("line", "missing"), [("{'a': 1", "}"), ("f('x", "'"), ("[(1]", ")")])
def test_what_is_not_closed_is_named(line: str, missing: str) -> None:
    with pytest.raises(UsageError, match=f"^[{missing}] is missing"):
        tokenize(line)


def test_quotes_are_taken_off_as_a_shell_does() -> None:
    assert unquote("A='x y'") == "A=x y"
    assert unquote('"a\'b"') == "a'b"
    assert unquote("plain") == "plain"
