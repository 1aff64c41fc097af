"""What cannot be bundled is refused in one sentence: which variable, what holds it, what to do."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.bundle.conftest import Notebook
from wandb_magic.bundle.entry_function import check_callable, reject_generator
from wandb_magic.errors import BundleError

Make = Callable[..., Notebook]

DEFINITIONS = """
import threading, socket, sqlite3, collections, functools
from concurrent.futures import ThreadPoolExecutor
lock = threading.Lock()
def generate():
    yield 1
class Trainer:
    def __init__(self):
        self.parts = {"io": [1, (threading.Lock(),)]}
class Angry:
    def __reduce__(self):
        raise ValueError("not today\\nnever")
class Disk:
    def __getstate__(self):
        raise OSError(28, "No space left on device")
class Slots:
    __slots__ = ("held",)
    def __init__(self): self.held = threading.Lock()
class Hidden:
    def __getstate__(self):
        return {"new": threading.Lock()}
def close(over):
    def inner():
        return over
    return inner
def deep(levels):
    found = []
    for _ in range(levels):
        found = [found]
    return found
"""
# What to make, and what the refusal must say.
REFUSED = {
    "lock": ("it is a _thread.lock", "TypeError"),
    "open('f.txt', 'w')": ("it is a _io.TextIOWrapper",),
    "socket.socket()": ("it is a socket.socket",),
    "generate()": ("it is a generator",),
    "sqlite3.connect(':memory:')": ("it is a sqlite3.Connection",),
    "ThreadPoolExecutor(1)": ("thing.", "which cannot be pickled"),
    "Trainer()": ("thing.parts['io'][1][0] is a _thread.lock",),
    "[{'a': Trainer()}]": ("thing[0]['a'].parts['io'][1][0] is a _thread.lock",),
    "close(lock)": ("over (used by thing) is a _thread.lock",),
    "(lambda a=lock: a)": ("a default argument of thing is a _thread.lock",),
    "functools.partial(print, lock)": ("something inside", "is a _thread.lock"),
    "Trainer().parts.get": ("thing.__self__['io'][1][0] is a _thread.lock",),
    "collections.deque([lock])": ("something inside thing is a _thread.lock",),
    "Slots()": ("something inside thing is a _thread.lock",),
    "{'x': Angry()}": ("thing['x'] is a Angry", "ValueError: not today"),
    "Disk()": ("it is a Disk", "No space left"),
    "Hidden()": ("thing holds a _thread.lock",),
    "deep(100_000)": ("deep recursion",),
    "[[i] for i in range(300_000)] + [lock]": ("thing",),
}


@pytest.mark.parametrize("made", REFUSED)
def test_the_culprit_is_named(notebook: Make, made: str) -> None:
    message = notebook(DEFINITIONS, f"thing = {made}").refusal("print(thing)")
    assert message.startswith("variable 'thing' cannot be handed over: ")
    assert message.endswith(
        "create it in the cell itself, let each run execute In[1] again with --rerun-cells, or "
        "leave it out with --exclude thing"
    )
    assert "\n" not in message
    for part in REFUSED[made]:
        assert part in message


def test_a_global_of_a_function_is_refused_by_its_own_name_and_can_be_left_out(
    notebook: Make,
) -> None:
    cells = (DEFINITIONS, "def f(x):\n    return lock if x else 3\nclass C:\n    run = f\nc = C()")
    assert "variable 'lock'" in notebook(*cells).refusal("f(0)")
    assert "variable 'lock'" in notebook(*cells).refusal("C.run(0)")
    assert "variable 'lock'" in notebook(*cells).refusal("c.run")
    notebook(*cells).run("assert f(0) == 3", exclude=("lock",))


def test_a_function_to_call_goes_with_what_it_reads(notebook: Make) -> None:
    made = notebook(
        "import functools\nscale = 3\nlog = []\n"
        "def show(): print(scale * 2, __name__)\n"
        "def train(x=1):\n    global log\n    log = [x]\n    show()\n"
        "class Job:\n    def __call__(self): train()\n    def go(self): train()\n"
        "async def later(): train()\njob = Job()"
    )
    for function in ("train", "functools.partial(train, 2)", "job", "job.go", "later"):
        answer = made.freeze(function=function)
        names = [name for name, _, _ in answer["items"]]
        assert {"scale", "show"} <= set(names)
        done = made.thaw()
        assert (done.returncode, done.stdout) == (0, "6 __main__\n"), done.stderr


CALLABLES = """
import functools
def gen():
    yield 1
async def agen():
    yield 1
def given(config): ...
def keyword(*, lr): ...
def defaults(config=None, *args, **more): ...
class Job:
    def __init__(self, lr=1): self.lr = lr
    def __call__(self): return self.lr
    def go(self): ...
    def steps(self): yield
    def with_lr(self, lr): ...
    @staticmethod
    def alone(): ...
    @classmethod
    def made(cls): ...
class Steps:
    def __call__(self): yield
class Needs:
    def __call__(self, lr): ...
def supply(function):
    @functools.wraps(function)
    def wrapper(*args): return function(1, *args)
    return wrapper
supplied = supply(given)
@functools.lru_cache
def cached(): ...
@functools.lru_cache
def cached_given(lr): ...
async def later(): ...
"""


@pytest.mark.parametrize(
    ("function", "said"),
    [
        ("3", "function must be callable, not a int"),
        ("gen", "gen is a generator function"),
        ("agen", "agen is a generator function"),
        ("functools.partial(gen)", "is a generator function"),
        ("Job().steps", "steps is a generator function"),
        ("Steps()", "Steps is a generator function"),
        ("given", "given needs 'config'"),
        ("keyword", "keyword needs 'lr'"),
        ("Job().with_lr", "with_lr needs 'lr'"),
        ("Needs()", "Needs needs 'lr'"),
        ("cached_given", "cached_given needs 'lr'"),
        ("Job", "Job is a class"),
        ("print", "print is a builtin"),
        ("[].append", "append is a builtin"),
        ("functools.partial(defaults)", ""),
        ("functools.partial(given, 1)", ""),
        ("defaults", ""),
        ("Job()", ""),
        ("Job().go", ""),
        ("Job.alone", ""),
        ("Job.made", ""),
        ("supplied", ""),
        ("cached", ""),
        ("later", ""),
        ("lambda: 3", ""),
    ],
)
def test_what_a_run_cannot_call_is_refused(function: str, said: str) -> None:
    namespace: dict[str, Any] = {}
    exec(CALLABLES, namespace)
    made = eval(function, namespace)
    if not said:
        check_callable(made)
        return
    with pytest.raises(BundleError) as refused:
        check_callable(made)
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_generator_function_is_refused_before_anything_is_written(notebook: Make) -> None:
    made = notebook("def train():\n    yield 1")
    assert "train is a generator function" in str(made.freeze(function="train")["error"])
    assert not (made.folder / "bundle").exists()


def test_a_generator_that_a_function_returns_is_no_success() -> None:
    with pytest.raises(BundleError, match="returned a generator"):
        reject_generator(each for each in ())
    reject_generator([1])


@pytest.mark.parametrize(
    ("cell", "line", "text"),
    [
        ("x = 1\n!ls -la", 2, "!ls -la"),
        ("%time x = 1", 1, "%time"),
        ("%%bash\nls", 1, "%%bash"),
        ("%matplotlib inline\n%pip install x", 2, "install packages in"),
        ("if True:\n    %cd data", 2, "use os.chdir(…)"),
        ("%env A=1", 1, "--env NAME=VALUE"),
        ("files = !ls", 1, "use subprocess.run(…)"),
        ("t = %timeit -o f()", 1, "t = %timeit"),
        ("x = 1\nprint?", 2, "print?"),
        ("?print", 1, "?print"),
    ],
)
def test_ipython_syntax_is_refused_with_its_line(
    notebook: Make, cell: str, line: int, text: str
) -> None:
    message = notebook().refusal(cell)
    assert message.startswith(f"line {line}: ")
    assert text in message
    assert "a separate cell" in message


@pytest.mark.parametrize("cell", ["x = (1 # why?", "return 3", "print('a?", "x = = 1", "x = 1 %"])
def test_wrong_python_is_a_syntax_error(notebook: Make, cell: str) -> None:
    assert notebook().freeze(cell)["type"] == "SyntaxError"


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        ("import os\nprint(os.sep, lernrate)", "line 2: name 'lernrate' is not defined"),
        ("def f():\n    return lernrate", "line 2: name 'lernrate' is not defined"),
        ("total += 1", "line 1: name 'total' is not defined"),
        ("wandb.init()", "import it in the cell: `import wandb`"),
        ("print(__file__)", "line 1: name '__file__' is not defined"),
    ],
)
def test_an_undefined_name_is_refused_before_the_start(
    notebook: Make, cell: str, message: str
) -> None:
    assert message in notebook().refusal(cell)


@pytest.mark.parametrize(
    "cell",
    [
        "try:\n    missing\nexcept NameError:\n    missing = 1\nassert missing == 1",
        "from math import *\nassert floor(2.5) == 2",
        "exec('made = 3')\nassert made == 3",
        "globals()['made'] = 3\nassert made == 3",
        "if 'missing' in globals(): print(missing)",
        "def f(): return missing\nmissing = 1\nassert f() == 1",
        "for i in range(2):\n    if i: assert last == 0\n    last = i",
        "class A:\n    n = 1\n    m = n + 1\nassert A.m == 2",
        "try:\n    exit(0)\nexcept SystemExit:\n    pass",
    ],
)
def test_a_cell_that_would_run_is_not_refused(notebook: Make, cell: str) -> None:
    notebook().run(cell)


def test_a_name_that_is_never_reached_can_be_excused(notebook: Make) -> None:
    cell = "if False: print(missing)"
    assert "--exclude missing" in notebook().refusal(cell)
    notebook().run(cell, exclude=("missing",))


def test_old_values_of_what_the_cell_makes_itself_stay_behind(notebook: Make) -> None:
    before = (
        "import threading\nrun = threading.Lock()\nmodel = 'old'\n"
        "def log(): return run.name\ndef other(): return model"
    )
    cell = """
class Run:
    name = "new"
run = Run()
assert log() == "new"
if run: model = "new"
assert other() == "new"
for run in [Run()]: pass
"""
    made = notebook(before)
    answer = made.freeze(cell)
    assert "run" not in [name for name, _, _ in answer["items"]]
    assert made.thaw().returncode == 0


def test_an_optional_value_that_cannot_go_along_is_left(notebook: Make) -> None:
    before = "import threading\nx = threading.Lock()\ndef f(): return x\nflag = True"
    notebook(before).run("if flag: x = 3\nassert f() == x == 3")


def test_what_a_fresh_process_cannot_read_names_the_variable(notebook: Make) -> None:
    before = """
import sys, types
ghost = types.ModuleType("ghost")
exec("class Thing: pass", ghost.__dict__)
sys.modules["ghost"] = ghost
ghost.__spec__ = types.SimpleNamespace(name="ghost")
thing = ghost.Thing()
"""
    made = notebook(before)
    assert "error" not in made.freeze("print(thing)")
    done = made.thaw()
    assert done.returncode != 0
    assert "variable 'thing' was handed over, but cannot be read in a new process" in done.stderr
    assert "--exclude thing" in done.stderr
