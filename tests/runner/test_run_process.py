"""A run in its own process, started cold: how it ends, what it prints, what it leaves behind."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from wandb_magic.bundle import freeze
from wandb_magic.records import RunId
from wandb_magic.runner.run_process import Job, prepare_run_dir

RUN = RunId("runrun12")


@dataclass
class Ended:
    """How a run ended: its wait status, exit.json if it wrote one, and its output."""

    status: int
    exit: dict[str, object]
    output: str
    job: Job

    @property
    def code(self) -> object:
        return self.exit["code"]

    @property
    def error(self) -> str:
        return str(self.exit["error"])


Runs = Callable[..., Ended]


@pytest.fixture
def run(tmp_path: Path) -> Runs:
    """Return a function that freezes a cell and executes it once."""

    def execute(
        cell: str, namespace: dict[str, object] | None = None, *, stop_at: str = "", seed: int = 1
    ) -> Ended:
        number = len(list(tmp_path.glob("bundle*")))
        bundle, folder = tmp_path / f"bundle{number}", tmp_path / f"run{number}"
        space = {"__name__": "__main__", **(namespace or {})}
        freeze(bundle, cell=cell, namespace=space)
        environment = {"WANDB_MODE": "offline", "WANDB_RUN_ID": RUN, "WANDB_SILENT": "true"}
        job = Job(RUN, folder, bundle, environment, seed)
        prepare_run_dir(job, "wandb_version: 1\n")
        process = subprocess.Popen(
            [sys.executable, "-m", "wandb_magic.runner.run_process", job.to_json()]
        )
        if stop_at:
            deadline = time.monotonic() + 60
            while stop_at not in read(job.paths.output) and time.monotonic() < deadline:
                time.sleep(0.01)
            os.kill(process.pid, signal.SIGINT)
        status = process.wait(60)
        ending = json.loads(read(job.paths.exit) or "{}")
        return Ended(status, ending, read(job.paths.output), job)

    return execute


def read(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""


@pytest.mark.parametrize(
    ("cell", "code", "error"),
    [
        ("x = 1", 0, ""),
        ("import sys; sys.exit()", 0, ""),
        ("import sys; sys.exit(0)", 0, ""),
        ("import sys; sys.exit(3)", 3, "sys.exit(3)"),
        ("import sys; sys.exit(-1)", 255, "sys.exit(-1)"),
        ("import sys; sys.exit(2**40 + 5)", 5, "sys.exit(1099511627781)"),
        ("import sys; sys.exit('no data')", 1, "no data"),
        ("exit(4)", 4, "sys.exit(4)"),
        ("raise KeyboardInterrupt", 130, "KeyboardInterrupt"),
        ("1 / 0", 1, "ZeroDivisionError: division by zero"),
        ("import asyncio\nawait asyncio.sleep(0)\n1 / 0", 1, "ZeroDivisionError"),
    ],
)
def test_every_end_is_written_down(run: Runs, cell: str, code: int, error: str) -> None:
    ended = run(cell)
    assert (ended.status, ended.code) == (code, code)
    assert error in ended.error
    assert bool(ended.error) == bool(error)
    if error and not error.startswith("sys.exit"):
        assert error in ended.output


def test_a_sudden_end_leaves_the_word_to_others(run: Runs) -> None:
    ended = run("import os\nprint('x', flush=True)\nos._exit(3)")
    assert (ended.status, ended.exit, ended.output) == (3, {}, "x\n")
    ended = run("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)")
    assert (ended.status, ended.exit) == (-signal.SIGKILL, {})


def test_everything_printed_arrives(run: Runs) -> None:
    cell = """
import atexit, ctypes, os, subprocess, sys, threading, time
print("plain"); print("error", file=sys.stderr)
print("lone \\udc80 surrogate", "\\x00 \\x1b[31m")
sys.stdout.buffer.write(b"\\xff\\xfe raw\\n"); sys.stdout.flush()
os.write(1, b"descriptor\\n")
subprocess.run(["echo", "child"])
libc = ctypes.CDLL(None)
libc.printf(b"from C\\n")
def late():
    time.sleep(0.2)
    print("thread is done")
threading.Thread(target=late).start()
def forever():
    while True: time.sleep(1)
threading.Thread(target=forever, daemon=True).start()
atexit.register(print, "exit function")
print("y" * 1_000_000)
for i in range(20_000): print(i)
print("no newline", end="")
try:
    input()
except EOFError:
    print("nothing to read")
"""
    ended = run(cell)
    assert ended.code == 0, ended.error
    for part in (
        *("plain", "error", "lone \\udc80 surrogate", "raw", "descriptor", "child", "from C"),
        *("thread is done", "exit function", "y" * 1_000_000, "\n19999\n", "nothing to read"),
    ):
        assert part in ended.output
    assert ended.output.index("thread is done") < ended.output.index("exit function")


def test_a_traceback_shows_the_cells_own_lines_and_nothing_above(run: Runs) -> None:
    ended = run("# %%wandb_sweep config\ndef train():\n    lr = 0\n    return 1 / lr\n\ntrain()\n")
    lines = ended.error.splitlines()
    assert lines[0] == "Traceback (most recent call last):"
    assert 'cell.py", line 6, in <module>' in lines[1]
    assert lines[2].strip() == "train()"
    assert "return 1 / lr" in ended.error
    assert "wandb_magic" not in ended.error
    assert ended.error in ended.output


def test_what_a_run_does_not_do_for_a_notebook_is_the_users_line_and_one_sentence(
    run: Runs,
) -> None:
    ended = run("def look():\n    get_ipython().system('ls')\nlook()")
    assert "line 2, in look" in ended.error
    assert "plain_shell" not in ended.error
    assert ended.error.endswith(
        "RuntimeError: '!ls' is for IPython, and a run is plain Python: use subprocess.run(…), or "
        "a separate cell\n"
    )


def test_tracebacks_of_every_shape(run: Runs) -> None:
    chained = run("try:\n    {}['k']\nexcept KeyError as e:\n    raise ValueError('bad') from e")
    assert "KeyError: 'k'" in chained.error
    assert "direct cause" in chained.error
    assert chained.error.rstrip().endswith("ValueError: bad")
    syntax = run("exec('x = = 1')")
    assert "SyntaxError" in syntax.error
    awaited = run("import asyncio\nasync def f():\n    raise OSError('gone')\nawait f()")
    assert "raise OSError('gone')" in awaited.error
    assert "asyncio" not in awaited.error
    odd = run("class E(Exception):\n    def __str__(self): raise RuntimeError\nraise E")
    assert odd.code == 1
    assert odd.error.splitlines()[-1].startswith("E: <")


@pytest.mark.skipif(sys.version_info < (3, 11), reason="exception groups came with Python 3.11")
def test_exception_groups_are_shown_whole(run: Runs) -> None:
    ended = run("raise ExceptionGroup('many', [ValueError('a'), TypeError('b')])")
    assert "ExceptionGroup: many (2 sub-exceptions)" in ended.error
    assert "TypeError: b" in ended.error


def test_an_interrupt_reaches_the_cell_and_its_last_words_are_kept(run: Runs) -> None:
    cell = "import time\ntry:\n    print('ready', flush=True)\n    time.sleep(60)\nfinally:\n"
    ended = run(cell + "    print('cleaned up')", stop_at="ready")
    assert ended.code == 130
    assert "cleaned up" in ended.output
    assert "KeyboardInterrupt" in ended.error


def test_generators_are_seeded_though_the_cell_imports_them(run: Runs) -> None:
    cell = "import random, numpy as np\nprint(random.random(), np.random.rand())"
    first, again, other = (run(cell, seed=seed).output for seed in (1, 1, 2))
    assert first == again != other
    assert first.split()[1] != other.split()[1]


def test_a_run_is_claimed_once(run: Runs) -> None:
    first = run("print('once')")
    command = [sys.executable, "-m", "wandb_magic.runner.run_process", first.job.to_json()]
    assert subprocess.run(command, check=False).returncode == 0
    assert read(first.job.paths.output) == "once\n"


def test_a_bundle_that_cannot_be_read_fails_with_its_reason(run: Runs, tmp_path: Path) -> None:
    ended = run("x = 1")
    (tmp_path / "bundle0" / "manifest.json").write_text("{}")
    folder = tmp_path / "other"
    job = Job(RUN, folder, ended.job.bundle, {}, 1)
    prepare_run_dir(job, "")
    command = [sys.executable, "-m", "wandb_magic.runner.run_process", job.to_json()]
    assert subprocess.run(command, check=False).returncode == 1
    assert json.loads(read(job.paths.exit))["code"] == 1


def test_every_folder_of_wandb_is_noted(run: Runs, tmp_path: Path) -> None:
    cell = """
import pathlib, threading, time, wandb
pathlib.Path("elsewhere").mkdir()
pathlib.Path("run-of-the-mill").mkdir()
with wandb.init() as run: run.log({"a": 1})
wandb.init(dir="elsewhere")
wandb.log({"b": 1})
def late():
    time.sleep(0.3)
    wandb.log({"late": 2})
threading.Thread(target=late).start()
"""
    cwd = Path.cwd()
    os.chdir(tmp_path)
    try:
        ended = run(cell)
    finally:
        os.chdir(cwd)
    assert ended.code == 0, ended.output
    noted = [Path(line) for line in read(ended.job.paths.wandb).splitlines()]
    assert len(noted) == 2
    assert noted[0].parent == tmp_path / "wandb"
    assert noted[1].parent == tmp_path / "elsewhere" / "wandb"
    assert all((folder / f"run-{RUN}.wandb").stat().st_size > 100 for folder in noted)
    assert b"late" in (noted[1] / f"run-{RUN}.wandb").read_bytes()


def test_a_command_takes_the_place_of_the_run(tmp_path: Path) -> None:
    bundle = tmp_path / "bundle"
    freeze(bundle)
    for number, (command, status, output) in enumerate(
        [
            (("sh", "-c", "echo $MARK; exit 3"), 3, "here\n"),
            (("no-such-program", "x"), 127, "no-such-program: No such file or directory\n"),
        ]
    ):
        job = Job(RUN, tmp_path / str(number), bundle, {"MARK": "here"}, 1, command)
        prepare_run_dir(job, "")
        done = subprocess.run(
            [sys.executable, "-m", "wandb_magic.runner.run_process", job.to_json()], check=False
        )
        assert (done.returncode, read(job.paths.output)) == (status, output)


def test_a_job_survives_json() -> None:
    job = Job(RUN, Path("/a"), Path("/b"), {"X": "y"}, 3, ("a", "b"))
    assert Job.from_json(job.to_json()) == job
