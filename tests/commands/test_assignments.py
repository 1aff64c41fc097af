"""Parameters that a user types."""

import pytest

from wandb_magic.commands.assignments import parse_assignments
from wandb_magic.commands.parser import UsageError


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("3e-4", 3e-4),
        ("2", 2),
        ("-1.5", -1.5),
        ("adam", "adam"),
        ("'2'", "2"),
        ("true", True),
        ("null", None),
        ("[1, b]", [1, "b"]),
        ("{depth: 2}", {"depth": 2}),
        ("[1e-5, 7e3, .5E2, e5, 1e]", [1e-5, 7000.0, 50.0, "e5", "1e"]),
        ('{"min": 1e-5, "more": ["-1e-3"]}', {"min": 1e-5, "more": [-1e-3]}),
        ("a=b", "a=b"),
        ("a: b: c", "a: b: c"),
        ("", None),
    ],
)
def test_a_value_is_what_it_looks_like(text: str, value: object) -> None:
    (found,) = parse_assignments([f"net.name={text}"]).values()
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize("words", [["lr"], ["=3"], ["lr=1", "lr=2"], ["lr=[1, 2"]])
def test_what_is_no_assignment_is_refused(words: list[str]) -> None:
    with pytest.raises(UsageError, match=r"lr|=3|\[1, 2"):
        parse_assignments(words)
