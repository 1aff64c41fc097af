"""What cannot be pickled is made again in the run, by the cells that made it."""

from collections.abc import Callable

from tests.bundle.conftest import Notebook

Make = Callable[..., Notebook]

# Cells that make something, and what shows in a run that it works.
MADE = {
    "import sqlite3\ndb = sqlite3.connect(':memory:')\ndb.execute('create table t (x)')": (
        "db.execute('insert into t values (3)')\n"
        "assert db.execute('select x from t').fetchone() == (3,)"
    ),
    "file = open('notes.txt', 'a')": "file.write('x')\nfile.flush()",
    "import threading\nlock = threading.Lock()": "with lock: pass",
    "from concurrent.futures import ThreadPoolExecutor\npool = ThreadPoolExecutor(2)": (
        "assert list(pool.map(abs, [-1, -2])) == [1, 2]"
    ),
    "squares = (n * n for n in range(3))": "assert list(squares) == [0, 1, 4]",
    "import socket\nconnection = socket.socket()": "connection.settimeout(1)",
    "import subprocess\ncat = subprocess.Popen(['cat'], stdin=-1, stdout=-1)": (
        "assert cat.communicate(b'x')[0] == b'x'"
    ),
}


def test_it_works_in_a_run(notebook: Make) -> None:
    uses = "\n".join(MADE.values()).replace("\n", "\n    ")
    book = notebook("scale = 2", *MADE, f"def use():\n    {uses}")
    assert "let each run execute In[1] again with --rerun-cells" in book.refusal("use()")
    book.run("use()", rerun=True)
    cells = book.freeze("use()", rerun=True)["cells"]
    assert cells == [[f"In[{number}]", f"{text}\n"] for number, text in enumerate(MADE, 1)]


def test_only_what_is_needed_runs_and_what_goes_along_keeps_its_value(notebook: Make) -> None:
    book = notebook(
        "import threading\nruns = []\nlimit = 3",
        "print('never again')\nother = 1",
        "lock = threading.Lock()\nlimit_of_lock = limit\ntitle = 'first'\ncount = 7",
        "class Guard:\n    def __init__(self, lock): self.lock, self.title = lock, title",
        "guard = Guard(lock)\nshared = guard.lock",
        "title = 'second'\nlimit = 4",
        "guard.mark = 'set later'\n1 / 1",
        "get_ipython = lambda: None",
        "get_ipython()\nunrelated = 3",
        "del get_ipython",
    )
    out = book.run(
        """
with guard.lock:
    print(guard.lock is lock, shared is lock, title, limit, limit_of_lock, guard.mark, count)
""",
        rerun=True,
    )
    assert out == "True True second 4 4 set later 7\n"
    answer = book.freeze("guard, title, count", rerun=True)
    assert [label for label, _ in answer["cells"]] == ["In[2]", "In[4]", "In[6]"]
    assert "lock" not in [name for name, _, _ in answer["items"]]


def test_sweeps_and_magics_of_such_a_cell_are_left_out(notebook: Make) -> None:
    book = notebook(
        "import wandb_magic, threading, sys\nfrom wandb_magic import attach as again",
        "lock = threading.Lock()\nif 0:\n    wandb_magic.start({}, print)\n"
        "if 0:\n    again('x')\nif 0:\n    get_ipython().system('x')",
    )
    book.run("with lock: pass", rerun=True)
    (cell,) = book.freeze("lock", rerun=True)["cells"]
    assert cell[1].split() == ["lock", "=", "threading.Lock()"]


def test_a_function_to_call_finds_it_and_an_error_names_the_cell(notebook: Make) -> None:
    book = notebook(
        "import os, threading\nmaker = os.getpid()",
        "lock = threading.Lock()\nif os.getpid() != maker: raise ValueError('not here')",
        "def train():\n    with lock: print('locked')",
    )
    book.freeze(function="train", rerun=True)
    done = book.thaw()
    assert done.returncode == 1
    assert 'File "<In[1]>", line 2' in done.stderr
    assert "ValueError: not here" in done.stderr


def test_what_no_cell_defines_is_refused_as_ever(notebook: Make) -> None:
    book = notebook("import threading", "globals()['lock'] = threading.Lock()")
    answer = book.freeze("with lock: pass", rerun=True)
    assert str(answer["error"]).endswith("in the cell itself, or leave it out with --exclude lock")
