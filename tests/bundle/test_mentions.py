"""Names that occur only in strings: which are bundled, and how a run reports one that is not."""

import ast
import types
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from tests.bundle.conftest import Notebook
from wandb_magic.bundle.code_analysis import analyze_cell
from wandb_magic.bundle.manifest import Manifest
from wandb_magic.bundle.missing_names import explain_missing_name
from wandb_magic.bundle.namespace import NotebookNamespace

Make = Callable[..., Notebook]

NOTEBOOK = """
limit, low, other = 5, 1, 3
rows = big = data = best = pd.DataFrame({"a": range(10)})
text = "plain"
def centred(x): return x - x.mean()
def uses(d): return d.query("a > @limit and a < @low.real")
def sql(): return duckdb.sql("SELECT * FROM rows")
def says():
    "Take from rows what is in best."
    print("from rows and best", log)
def evaluates(): return eval("centred(limit)")
def finds(): return globals()["limit"]
condition = "a > @limit"
statement = "WITH x AS (SELECT 1) SELECT * FROM x, rows JOIN data ON rows.a = data.a"
sentence = "mail best@other.org, from rows"
"""
# What a cell mentions, with the function or string of the notebook that it uses.
MENTIONED = {
    "frame.query('a > @limit')": {"limit"},
    "frame.query(f'a > @limit and b < {low}')": {"limit"},
    "frame.eval('c = a * @limit', inplace=True)": {"limit"},
    "frame.query(\n    'a > @ limit'\n    ' and a < @low'\n)": {"limit", "low"},
    "uses(frame)": {"limit", "low"},
    "frame.query(condition)": {"limit"},
    "pd.eval('rows.a + limit')": {"rows", "limit"},
    "numexpr.evaluate('limit * low')": {"limit", "low"},
    "eval('centred(limit)')": {"centred", "limit"},
    "code = 'limit + 1'\nprint(eval(code))": {"limit"},
    "evaluates()": {"centred", "limit"},
    "exec('''\nz = limit\n''')": {"limit"},
    "globals()['limit']": {"limit"},
    "vars().get('limit')": {"limit"},
    "finds()": {"limit"},
    "duckdb.sql('SELECT * FROM rows WHERE a > 3')": {"rows"},
    "duckdb.query('''\n  select r.a from rows r\n  join data as d on r.a = d.a, best\n''')": {
        *("rows", "data"),
    },
    "con.execute('from rows, data')": {"rows", "data"},
    "con.execute(f'SELECT {cols} FROM rows LIMIT {n}')": {"rows"},
    "con.execute('-- all\\nSUMMARIZE rows')": {"rows"},
    "sql()": {"rows"},
    "duckdb.sql(statement)": {"rows", "data"},
    "smf.ols('y ~ centred(x) + np.log(z) + limit', data=frame)": {"centred", "np"},
    # text is text
    "print('from rows', 'limit', 'SELECT * FROM rows')": set(),
    "log.info('training from rows with limit and best')": set(),
    "log.info('Select the best of data')": set(),
    "log.info('select what is best: other data')": set(),
    "says()": set(),
    "frame['limit'] = frame.a": set(),
    "run.log({'limit': 1, 'best': 2})": set(),
    "title = 'mail me@limit or @home now'": set(),
    "send(sentence)": set(),
    "duckdb.sql('SELECT limit FROM elsewhere')": set(),
    "log.info('took ~ 5 limit (best)')": set(),
    "'''Take limit from rows, @limit.'''\nx = 1": set(),
    "frame.query('limit > 3')": set(),
    "limit = 3\nframe.query('a > @limit')": set(),
    "rows = load()\nduckdb.sql('from rows')": set(),
}


def _namespace() -> dict[str, object]:
    namespace: dict[str, object] = {"__name__": "__main__", "pd": pd}
    for name in ("numexpr", "np", "duckdb"):
        namespace[name] = types.ModuleType(name)
    exec(NOTEBOOK, namespace)
    return namespace


@pytest.mark.parametrize("cell", MENTIONED)
def test_what_a_library_looks_up_by_a_string_is_mentioned(cell: str) -> None:
    namespace = _namespace()
    outside = NotebookNamespace(namespace)
    with_strings = analyze_cell(ast.parse(cell), outside.dependencies_of_name, outside.mentions)

    tree = ast.parse(cell)
    named = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    found = set(with_strings.needed) | with_strings.optional
    assert (found & set(namespace)) - named - {"pd", "duckdb"} == MENTIONED[cell]


def test_the_run_finds_what_strings_mention(notebook: Make) -> None:
    before = """
import pandas as pd
limit = 5
offset = 1
frame = pd.DataFrame({"a": range(10)})
def large(d): return d.query("a > @limit")
def shift(x): return x + offset
unrelated = bytearray(1_000_000)
import threading
lock = threading.Lock()
"""
    cell = """
assert len(frame.query("a > @limit")) == len(large(frame)) == 4
assert eval("shift(1)") == 2
print("unrelated", "@lock")
"""
    made = notebook(before)
    made.run(cell)
    answer = made.freeze(cell)
    assert {name for name, _, _ in answer["items"]} == {  # type: ignore[attr-defined] # a list
        *("frame", "large", "limit", "offset", "shift"),
    }


def test_names_can_be_included_and_what_is_missing_says_so(notebook: Make) -> None:
    made = notebook("import math\nfactor = 3\ndef times(x): return math.floor(x * factor)\nx = 1")
    cell = "assert vars()['ti' + 'mes'](2) == 6"
    made.freeze(cell)
    assert made.thaw().returncode != 0
    made.run(cell, include=("times",))
    made.run("factor = 4\n" + cell.replace("6", "8"), include=("times",))
    answer = made.freeze(function="lambda: None", include=("x",))
    assert "x" in [name for name, _, _ in answer["items"]]  # type: ignore[attr-defined] # a list
    assert "the notebook has no 'lost'" in str(made.freeze(cell, include=("lost",))["error"])
    both = made.freeze(cell, include=("x",), exclude=("x",))
    assert "both included and excluded" in str(both["error"])


class CatalogError(Exception):
    pass


def _raised(cell: str) -> BaseException:
    with pytest.raises(Exception) as caught:  # noqa: PT011 - any
        exec(cell, {"error": CatalogError})
    return caught.value


@pytest.mark.parametrize(
    ("cell", "name"),
    [
        ("limit", "limit"),
        ("import pandas as pd\npd.DataFrame({'a': [1]}).query('a > @limit')", "limit"),
        ("import sqlite3\nsqlite3.connect(':memory:').execute('select * from limit_')", "limit_"),
        ("raise error('Catalog Error: Table with name rows does not exist!\\nLINE 1: …')", "rows"),
        ("raise error(\"relation 'rows' was not found\")", "rows"),
        ("unknown", ""),
        ("raise error()", ""),
        ("{}['limit']", ""),
    ],
)
def test_a_run_that_misses_a_name_of_the_notebook_says_how_to_include_it(
    tmp_path: Path, cell: str, name: str
) -> None:
    left = ("limit", "limit_", "rows")
    Manifest("cell", "", "", (), {}, (), (), {}, {}, left).write(tmp_path)
    error = _raised(cell)
    before = str(error)

    explain_missing_name(error, tmp_path)

    if not name:
        assert str(error) == before
    else:
        first = str(error).splitlines()[0]
        assert first.startswith(before.splitlines()[0])
        assert f"the notebook has {name!r}" in first
        assert first.endswith(f"--include {name})")
        assert str(error).splitlines()[1:] == before.splitlines()[1:]
