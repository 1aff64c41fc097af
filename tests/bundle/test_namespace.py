"""What is bundled beside the variables: modules, paths, the environment; and what must not be."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.bundle.conftest import Notebook
from wandb_magic.bundle.manifest import inheritable_environment, recordable_environment

Make = Callable[..., Notebook]


def test_what_the_code_imports_is_imported_before_the_fork(notebook: Make) -> None:
    made = notebook(
        "import xml.dom\nimport xml.dom.minidom\n"
        "def f():\n    import wave\n    from email import policy\n    return wave"
    )
    cell = """
import sys
for name in ("wave", "email.policy", "colorsys", "xml.dom.minidom", "html.entities"):
    assert name in sys.modules, name
f()
import colorsys
from html import entities as e
xml.dom.minidom.parseString("<a/>")
def g():
    import no_such_module
try:
    from . import relative
except (ImportError, ImportWarning):
    pass
try:
    import broken
except ZeroDivisionError:
    pass
import beside as b, package.inner as inner
assert b.VALUE == 3 and inner.VALUE == 4
"""
    (made.folder / "beside.py").write_text("VALUE = 3\n")
    (made.folder / "broken.py").write_text("1 / 0\n")
    (made.folder / "package").mkdir()
    (made.folder / "package" / "inner.py").write_text("VALUE = 4\n")
    made.run(cell)


def test_the_run_finds_itself_where_the_notebook_is(notebook: Make) -> None:
    made = notebook("import os, sys\nsys.path.insert(0, 'lib')")
    (made.folder / "lib").mkdir()
    (made.folder / "lib" / "local_of_mine.py").write_text("VALUE = 5\n")
    out = made.run("import local_of_mine, os\nprint(os.getcwd(), local_of_mine.VALUE)")
    assert out == f"{made.folder} 5\n"


def test_the_cell_is_the_main_module(notebook: Make) -> None:
    notebook().run(
        "import sys, __main__\nx = 1\nassert __main__.x == 1 and __name__ == '__main__'\n"
        "def f(): pass\nassert f.__module__ == '__main__' and len(sys.argv) == 1\n"
        "class A:\n    x: int\nassert A.__annotations__ == {'x': int}\n"
        "assert not hasattr(__main__, '__file__')"
    )


def test_ipythons_own_names_become_pythons(notebook: Make) -> None:
    pytest.importorskip("IPython")
    made = notebook("""
import io
from IPython.core.autocall import ZMQExitAutocall
from IPython.core.interactiveshell import InteractiveShell
from IPython.display import clear_output
shell = InteractiveShell.instance()
globals().update({name: shell.user_ns[name] for name in ("exit", "quit", "open", "get_ipython")})
import builtins
from IPython.display import display
builtins.display = display
del display
In, Out, _ = ["a"], {1: 2}, 3
def in_notebook():
    try:
        get_ipython()
    except NameError:
        return False
    return True
def show(x): display(x)
""")
    out = made.run("""
with open("made.txt", "w") as file: print("x", file=file)
display("shown")
show("too")
assert not in_notebook()
assert In == ["a"] and Out[1] == 2 and _ == 3
for _ in range(2): pass
clear_output()
try:
    exit(3)
except SystemExit as end:
    assert end.code == 3
""")
    assert "shown" in out
    assert "too" in out


def test_builtins_that_the_user_shadows_are_the_users(notebook: Make) -> None:
    notebook("input = [1, 2]\nid = 7\ndef sum(x): return id").run("assert sum(input) == 7")


def test_secrets_and_stale_variables_are_not_written(
    notebook: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WANDB_API_KEY", "verysecret")
    monkeypatch.setenv("DATABASE_URL", "postgres://me:verysecret@host/db")
    monkeypatch.setenv("WANDB_SERVICE", "3-verysecret")
    monkeypatch.setenv("WANDB_PROJECT", "mine")
    made = notebook()
    made.freeze("x = 1")
    for path in (made.folder / "bundle").iterdir():
        assert "verysecret" not in path.read_bytes().decode("latin-1")
    manifest = json.loads((made.folder / "bundle" / "manifest.json").read_text())
    assert manifest["environment"]["WANDB_PROJECT"] == "mine"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("WANDB_API_KEY", "x"),
        ("OPENAI_API_KEY", "x"),
        ("HF_TOKEN", "x"),
        ("MYSQL_PWD", "x"),
        ("DB_PASS", "x"),
        ("SMTP_PASSWORD", "x"),
        ("AWS_SECRET_ACCESS_KEY", "x"),
        ("GOOGLE_APPLICATION_CREDENTIALS", "/x"),
        ("SESSION_COOKIE", "x"),
        ("AZURE_STORAGE_CONNECTION_STRING", "AccountName=a;AccountKey=b"),
        ("SENTRY_DSN", "https://abc@o1.ingest.sentry.io/1"),
        ("DATABASE_URL", "postgres://u:p@h/db"),
        ("HTTPS_PROXY", "http://user:pass@proxy:3128"),
        ("OPTIONS", "host=h password=p"),
        ("SETTINGS", '{"api_key": "sk"}'),
        ("ANYTHING", "ghp_0123456789abcdef"),
        ("PEM", "-----BEGIN RSA PRIVATE KEY-----"),
    ],
)
def test_secrets_are_recognized(name: str, value: str) -> None:
    assert recordable_environment({name: value}) == {}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PATH", "/usr/bin:/home/me@work/bin"),
        ("PWD", "/home/me"),
        ("TOKENIZERS_PARALLELISM", "false"),
        ("KEYBOARD", "us"),
        ("GIT_AUTHOR_NAME", "Me"),
        ("XAUTHORITY", "/run/user/1/auth"),
        ("CUDA_VISIBLE_DEVICES", "0,1"),
        ("LD_LIBRARY_PATH", "/opt/lib"),
        ("HTTP_PROXY", "http://proxy:3128"),
        ("PYTHONPATH", "/a:/b"),
        ("WANDB_BASE_URL", "https://api.wandb.ai"),
        ("COMPASS_MODE", "x"),
        ("OMP_NUM_THREADS", "2"),
    ],
)
def test_what_a_run_needs_is_recorded(name: str, value: str) -> None:
    assert recordable_environment({name: value}) == {name: value}


def test_only_what_is_stale_is_not_inherited() -> None:
    stale = {"WANDB_RUN_ID": "x", "WANDB_SWEEP_ID": "x", "JPY_PARENT_PID": "1"}
    kept = {"WANDB_API_KEY": "x", "WANDB_TAGS": "a", "HOME": "/h"}
    assert inheritable_environment({**stale, **kept}) == kept


def test_the_bundle_is_the_users_alone(notebook: Make) -> None:
    made = notebook("x = 1")
    made.freeze("print(x)")
    assert Path(made.folder / "bundle").stat().st_mode & 0o777 == 0o700


def test_a_cell_may_ask_whether_it_is_in_a_notebook(notebook: Make) -> None:
    made = notebook("import builtins")
    out = made.run("""
def is_notebook():
    try:
        return get_ipython().__class__.__name__ == "ZMQInteractiveShell"
    except NameError:
        return False
try:
    get_ipython()
except NameError:
    print("a run")
print(is_notebook())
""")
    assert out == "a run\nFalse\n"


def test_what_only_sets_up_a_notebook_means_nothing_to_a_run(notebook: Make) -> None:
    made = notebook(
        "from contextlib import suppress",
        "def plot():\n    get_ipython().run_line_magic('matplotlib', 'inline')\n    return 1\n"
        "def install():\n    get_ipython().system('pip install x')\n"
        "def kernel():\n    return get_ipython().kernel\n",
    )
    out = made.run("""%%time
%load_ext autoreload
%autoreload 2
if 'google.colab' in str(get_ipython()):
    get_ipython().system("pip install x")
for each in range(1):
    %matplotlib inline
assert get_ipython().__class__.__name__ != "ZMQInteractiveShell" and not get_ipython()
assert not hasattr(get_ipython(), "kernel") and "IPKernelApp" not in get_ipython().config
get_ipython().magic("config InlineBackend.figure_format = 'svg'")
assert plot() == 1
where = "notebook"
with suppress(NameError):
    where = "a run"
    get_ipython()
    where = "notebook"
print(where)
for refused in (install, kernel):
    try:
        refused()
    except (RuntimeError, AttributeError) as error:
        print(error)
""")
    assert out == (
        "a run\n"
        "'!pip install x' is for IPython, and a run is plain Python: install packages in a "
        "separate cell\n"
        "get_ipython().kernel does not exist in a run, which is plain Python: move what needs the "
        "notebook to a separate cell\n"
    )


@pytest.mark.parametrize(
    "sets",
    [
        "os.environ['SOME_BACKEND'] = 'mine'",
        "os.environ.update({'SOME_BACKEND': 'mine', 'OTHER': '1'})",
        "os.environ |= {'SOME_BACKEND': 'mine'}",
        "which = 'SOME'; os.environ[f'{which}_BACKEND'] = 'mine'",
        "from os import environ; environ.setdefault('SOME_BACKEND', 'mine')",
        "choose('mine')",
    ],
)
def test_what_the_code_sets_in_the_environment_is_there_when_it_imports(
    notebook: Make, sets: str
) -> None:
    made = notebook("import os\ndef choose(name):\n    os.environ['SOME_BACKEND'] = name")
    (made.folder / "has_backend.py").write_text("import os\nNAME = os.environ.get('SOME_BACKEND')")
    made.run(f"import os\n{sets}\nimport has_backend\nassert has_backend.NAME == 'mine'")


def test_modules_are_imported_before_the_fork_in_the_order_of_the_code(notebook: Make) -> None:
    made = notebook("import zz_first\nimport a_later")
    for name in ("zz_first", "zz_own"):
        text = f"import os\nos.environ['SOME_BACKEND'] = '{name}'"
        (made.folder / f"{name}.py").write_text(text)
    for name in ("a_later", "a_own"):
        text = "import os\nNAME = os.environ.get('SOME_BACKEND')"
        (made.folder / f"{name}.py").write_text(text)
    made.run("""
import zz_own
import a_own
assert zz_first and a_later.NAME == "zz_first", a_later.NAME
assert a_own.NAME == "zz_own"
""")


def test_variables_that_no_import_reads_leave_imports_before_the_fork(notebook: Make) -> None:
    notebook().run("""
import os, sys
assert "colorsys" in sys.modules
os.environ["PYTHONHASHSEED"] = "1"
os.environ.setdefault("WANDB_SILENT", "true")
print(os.environ["HOME"])
import colorsys
""")


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        ("get_ipython().system('ls')", "get_ipython().system does not do this in the processes"),
        ("x = get_ipython().getoutput('ls')", "use subprocess.run(…), or a separate cell"),
        ("get_ipython().run_line_magic('cd', 'data')", "use os.chdir(…), or a separate cell"),
        (
            "get_ipython().run_cell_magic('time', '', 'f()')",
            "leave it out, or move it to a separate cell",
        ),
        ("print(get_ipython().events.register('x', print))", "move it to a separate cell"),
    ],
)
def test_what_a_notebook_alone_can_do_is_refused(notebook: Make, cell: str, message: str) -> None:
    told = notebook().refusal(f"\n{cell}")
    assert told.startswith("line 2: ")
    assert message in told
