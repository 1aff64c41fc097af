"""Every regular expression of the package takes time linear in its text, whatever the text.

Texts come from elsewhere: logs, tracebacks, names, addresses. From each pattern are made the texts
that could keep it busy: many repetitions of what it begins with, of what it repeats, and of both,
which then do not end as it wants. What counts is the processor's time of long texts: where it
grows with the square of their length, it is seconds instead of milliseconds.
"""

import ast
import itertools
import math
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import wandb_magic

try:
    from re import _parser as sre  # type: ignore[attr-defined] # Python 3.11 and newer
except ImportError:
    import sre_parse as sre

PACKAGE = Path(wandb_magic.__file__).parent
LENGTH = 16_000
MOST_S = 0.08  # of the processor; linear patterns take some milliseconds, quadratic ones seconds
ALWAYS = ("a", "0", " ", "\n", ".")
ENDS = ("", "!\n")
ANCHORED = {"match", "fullmatch"}
ANYWHERE = {"search", "sub", "subn", "split", "findall", "finditer"}


def patterns() -> Iterator[tuple[str, str, int, bool]]:
    """Yield each pattern of the sources: its place, itself, its flags, and if it is looked for."""
    for file in sorted(PACKAGE.rglob("*.py")):
        text = file.read_text("utf-8")
        if "import re\n" not in text:
            continue
        tree = ast.parse(text)
        sought = {name for name, method in calls(tree) if method in ANYWHERE}
        assigned = {
            id(node.value): node.targets[0].id
            for node in ast.walk(tree)
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
        }
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
                continue
            module, method = node.func.value, node.func.attr
            if isinstance(module, ast.Name) and module.id == "re" and method != "escape":
                given = node.args[0]
                assert isinstance(given, ast.Constant), f"{file}:{node.lineno} is not written out"
                rest = node.args[1:2] if method == "compile" else []
                flags = re.RegexFlag(0)
                for flag in ast.walk(ast.List([*rest, *(word.value for word in node.keywords)])):
                    if isinstance(flag, ast.Attribute):
                        flags |= getattr(re, flag.attr)
                anywhere = assigned.get(id(node)) in sought or method in ANYWHERE
                place = f"{file.relative_to(PACKAGE)}:{node.lineno}"
                yield place, given.value, int(flags), anywhere


def calls(tree: ast.AST) -> Iterator[tuple[str, str]]:
    """Yield which methods of names are used, called or handed on."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            yield node.value.id, node.attr


def pieces(parsed: Any) -> Iterator[str]:  # noqa: ANN401, C901 - the parser's types; its cases
    """Yield texts that parts of a pattern match: its literals in a row, one text a branch."""
    literal = ""
    for code, value in parsed:
        name = str(code)
        if name == "LITERAL":
            literal += chr(value)
            continue
        if literal:
            yield literal
        if name == "IN":
            literal = next(members(value), "")
            yield from members(value)
        elif name in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"):
            found = list(pieces(value[2]))
            yield from found
            literal = "".join(found[:1]) * max(1, min(value[0], 50))
        elif name == "SUBPATTERN":
            found = list(pieces(value[3]))
            yield from found
            literal = "".join(found[-1:])
        elif name == "BRANCH":
            for branch in value[1]:
                yield from pieces(branch)
            literal = ""
        elif name in ("ASSERT", "ASSERT_NOT"):
            yield from pieces(value[1])
            literal = ""
        else:
            literal = "" if name == "AT" else "a"
    if literal:
        yield literal


def members(allowed: list[tuple[Any, Any]]) -> Iterator[str]:
    for code, value in allowed:
        if str(code) == "LITERAL":
            yield chr(value)
        elif str(code) == "RANGE":
            yield chr(value[0])
        elif str(code) == "CATEGORY":
            yield {"CATEGORY_DIGIT": "0", "CATEGORY_SPACE": " "}.get(str(value), "a")


def hostile(pattern: str, flags: int) -> Iterator[str]:
    """Yield texts that may keep a pattern busy."""
    if isinstance(pattern, bytes):
        pattern = pattern.decode("latin-1")
    found = list(dict.fromkeys(pieces(sre.parse(pattern, flags))))
    short = list(dict.fromkeys([*(piece for piece in found if len(piece) == 1), *ALWAYS]))
    words = [piece for piece in found if len(piece) > 1]
    pumps = [*words, *short]
    pumps += [word + each for word in words[:8] for each in short[:4]]
    pumps += ["".join(pair) for pair in itertools.permutations(short[:4], 2)]
    for pump in pumps:
        repeated = pump * (LENGTH // len(pump))
        for end in ENDS:
            yield repeated + end
        for begin in [*words[:4], *(short[:4] if len(pump) == 1 else ())]:
            yield begin + repeated + "\n"


def test_the_texts_find_patterns_that_take_the_square_of_time() -> None:
    for slow in (r"[\w.-]*token\s*=", r"rgb\(([^)]*)\)", r"\beyJ[\w-]+\."):
        with pytest.raises(AssertionError, match=re.escape(f"here: {slow} is slow")):
            check("here", slow, 0, anywhere=True)


PATTERNS = list(patterns())


def test_the_sources_have_been_read() -> None:
    assert len(PATTERNS) > 30
    assert {anywhere for *_, anywhere in PATTERNS} == {True, False}


@pytest.mark.parametrize("found", PATTERNS, ids=[place for place, *_ in PATTERNS])
def test_a_pattern_takes_time_linear_in_its_text(found: tuple[str, str, int, bool]) -> None:
    place, pattern, flags, anywhere = found
    check(place, pattern, flags, anywhere=anywhere)


def check(place: str, pattern: str, flags: int, *, anywhere: bool) -> None:
    compiled = re.compile(pattern, flags)
    for text in hostile(pattern, flags):
        # Whatever else the machine does in a moment, it does not do it twice.
        took = min_until(MOST_S, lambda text=text: use(compiled, text, anywhere=anywhere))
        assert took < MOST_S, f"{place}: {pattern} is slow on {text[:40]!r}…{text[-3:]!r}"


def use(compiled: re.Pattern[Any], text: Any, *, anywhere: bool) -> None:  # noqa: ANN401 - str or bytes
    if isinstance(compiled.pattern, bytes):
        text = text.encode("utf-8")
    if anywhere:
        for _ in compiled.finditer(text):
            pass
    else:
        compiled.match(text)
        compiled.fullmatch(text)


def min_until(enough: float, work: Callable[[], None]) -> float:
    """Return the least time of the processor that a work took in up to two attempts."""
    least = math.inf
    for _ in range(2):
        began = time.process_time()
        work()
        least = min(least, time.process_time() - began)
        if least < enough:
            break
    return least
