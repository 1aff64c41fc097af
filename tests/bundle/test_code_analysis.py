"""Which names a cell takes from the notebook, and which it defines itself."""

import ast
import sys

import pytest

from wandb_magic.bundle.code_analysis import CellReferences, analyze_cell


def names(cell: str) -> CellReferences:
    return analyze_cell(ast.parse(cell))


def needed(cell: str) -> set[str]:
    """Return what must come from outside, builtins apart."""
    return {name for name, line in names(cell).needed.items() if line}


NEEDED = {
    # scopes of their own
    "[x * k for x in xs if x > low]": {"k", "xs", "low"},
    "{k: v for k, v in d.items()}": {"d"},
    "[y for x in xs for y in x]": {"xs"},
    "[y := f(x) for x in xs]\nprint(y)": {"f", "xs"},
    "any((hit := x) > t for x in xs)\nprint(hit)": {"xs", "t"},
    "x = [x for x in x]": {"x"},
    "[[a for a in b] for b in c]": {"c"},
    "class A:\n    n = 3\n    m = n + 1\n    def f(self): return n": {"n"},
    "class A(Base, metaclass=Meta, word=value):\n    x: Kind = start": {
        *("Base", "Meta", "value", "Kind", "start"),
    },
    "def f():\n    class A:\n        n = 3\n        m = n + outer\n    return A": {"outer"},
    "class A:\n    @property\n    def x(self): ...\n    @x.setter\n    def x(self, v): ...": set(),
    "class A:\n    def f(self): return super().f() + __class__.n": set(),
    "class A:\n    def f(self): return A()": set(),
    "def f():\n    x = 1\n    def g():\n        nonlocal x\n        x += y\n    return g": {"y"},
    "f = lambda a, b=start: a + b + k": {"start", "k"},
    # functions
    "@wrap(with_this)\ndef f(a: Kind, *b: Star, c=default, **d: Twin) -> Result: ...": {
        *("wrap", "with_this", "Kind", "Star", "default", "Twin", "Result"),
    },
    "def f(): return later\nlater = 3\nf()": set(),
    "def f(): return g()\ndef g(): return k\nf()": {"k"},
    "def fact(n): return n and fact(n - 1)": set(),
    "def f():\n    global made\n    made = 1\nf()\nprint(made)": set(),
    "async def f():\n    async with lock as l, m:\n        return [await x async for x in src]": {
        *("lock", "m", "src"),
    },
    "def f():\n    import os\n    return os.name": set(),
    # statements
    "a = b = c": {"c"},
    "x += 1": {"x"},
    "x[i] += v": {"x", "i", "v"},
    "x.y = z": {"x", "z"},
    "a, *b = c\nprint(a, b)": {"c"},
    "x: int": set(),
    "x: Kind = 3": {"Kind"},
    "from __future__ import annotations\nx: Kind = 3\ndef f(a: Other): ...": set(),
    "del x": {"x"},
    "x = 1\ndel x\nprint(y)": {"y"},
    "import a.b\nimport c.d as e\nprint(a, e)": set(),
    "with open(p) as f, g() as (h, k):\n    print(f, h, k)": {"p", "g"},
    "try:\n    f()\nexcept Bad as e:\n    print(e)\nelse:\n    ok()\nfinally:\n    end()": {
        *("f", "Bad", "ok", "end"),
    },
    "match v:\n    case [a, *b] if a > t: print(b)\n    case {'k': c, **d}: print(c, d)\n"
    "    case P(x=x) as p: print(p, x)\n    case Q.R: pass\n    case _: pass": {
        *("v", "t", "P", "Q"),
    },
    "for i, x in enumerate(xs):\n    print(i, x)\nelse:\n    done()": {"xs", "done"},
    "while (n := step()) > low: print(n)": {"step", "low"},
    "async for x in src: print(x)\nasync with a as b: print(b)\nawait c": {"src", "a", "c"},
    "f'{a!r:{width}} {b=}'": {"a", "width", "b"},
    "print(*args, **kwargs)": {"args", "kwargs"},
    "lambda: (yield_ := 3)": set(),
    "x = 1 if flag else other": {"flag", "other"},
    "a[b:c, ...]": {"a", "b", "c"},
    "assert ok, message": {"ok", "message"},
    "raise Bad from cause": {"Bad", "cause"},
    "exit()\nquit()\nprint(__name__, __debug__)": set(),
}


@pytest.mark.parametrize("cell", NEEDED)
def test_what_a_cell_reads_comes_from_outside(cell: str) -> None:
    compile(cell, "cell", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    assert needed(cell) == NEEDED[cell]


@pytest.mark.skipif(sys.version_info < (3, 12), reason="syntax of Python 3.12")
@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("type Pair[T] = tuple[T, Other]", {"Other"}),
        ("def f[T: Bound](x: T) -> T: return x", set()),
        ("class A[T](Base[T]):\n    def f(self, x: T) -> T: return x", {"Base"}),
        ("f'{f'{deep}'}'", {"deep"}),
    ],
)
def test_type_parameters_are_no_names_of_the_notebook(cell: str, expected: set[str]) -> None:
    assert needed(cell) - {"Bound"} == expected


@pytest.mark.skipif(sys.version_info < (3, 11), reason="syntax of Python 3.11")
def test_exception_groups_bind_like_exceptions() -> None:
    assert needed("try:\n    f()\nexcept* Bad as e:\n    print(e)") == {"f", "Bad"}


@pytest.mark.parametrize(
    "cell",
    [
        "if flag: x = 1\nprint(x)",
        "for i in range(n): x = i\nprint(x)",
        "while flag: x = 1\nprint(x)",
        "try:\n    x = f()\nexcept ValueError:\n    pass\nprint(x)",
        "match flag:\n    case 1: x = 1\nprint(x)",
        "def f():\n    global x\n    x += 1\nf()",
        "x = 1\ndel x\nif flag: x = 2\nprint(x)",
        "flag and (x := 1)\nprint(x)",
        "f = lambda: x\nif flag: x = 1\nf()",
    ],
)
def test_what_a_cell_may_have_bound_itself_is_optional(cell: str) -> None:
    found = names(cell)
    assert "x" in found.optional
    assert "x" not in found.needed


@pytest.mark.parametrize(
    "cell",
    [
        "if flag: x = 1\nelse: x = 2\nprint(x)",
        "try:\n    x = 1\nexcept ValueError:\n    x = 2\nprint(x)",
        "with f() as x: print(x)",
        "x = 1\ndef g(): return x\ng()",
        "def g(): return x\nx = 1\ng()",
        "class x: pass\nx()",
        "for x in range(n): print(x)",
        "def g(): return h()\ndef h(): return x\nx = 1\nprint(list(map(g, [])))",
    ],
)
def test_what_a_cell_surely_binds_first_is_its_own(cell: str) -> None:
    found = names(cell)
    assert "x" not in found.needed
    assert "x" not in found.optional


def test_a_function_called_before_the_cell_binds_what_it_reads_takes_it_from_outside() -> None:
    assert "x" in names("def f(): return x\nprint(f())\nx = 1").needed


@pytest.mark.parametrize(
    "cell",
    [
        "from somewhere import *\nprint(x)",
        "exec(code)\nprint(x)",
        "exec('x = 1')\nprint(x)",
        "globals()['x'] = 1\nprint(x)",
        "if 'x' in globals(): print(x)",
        "def f(): return vars()\nprint(x)",
        "try:\n    x\nexcept NameError:\n    x = 1",
        "try:\n    print(x)\nexcept (NameError, KeyError):\n    pass",
        "for i in r:\n    if i: print(x)\n    x = 1",
        "try:\n    x\nexcept Exception:\n    x = 1",
    ],
)
def test_a_name_that_may_be_missing_is_not_insisted_on(cell: str) -> None:
    assert not names(cell).needed.get("x")


def test_text_that_is_evaluated_is_read_too() -> None:
    assert {"a", "b"} <= set(names("eval('a + b')").needed)
    assert set(names("eval('a +')").needed) == {"eval"}


def test_the_line_of_the_first_read_is_kept() -> None:
    found = names("import os\n\nprint(first)\ndef f():\n    x = 1\n    return second + x\n").needed
    assert (found["first"], found["second"]) == (3, 6)


def test_a_builtin_may_be_the_users_own_variable() -> None:
    assert names("print(input)").needed == {"print": 0, "input": 0}
