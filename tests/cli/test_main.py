import contextlib
import io
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from wandb_magic.cli import main

SCRIPT = """
import sys, time, wandb
with wandb.init() as run:
    print("lr is", run.config.lr)
    run.log({"loss": run.config.lr})
    if len(sys.argv) > 2: time.sleep(600)
"""
CONFIG = """
program: train.py
command: ["%s", "${program}", "${args}"%s]
method: grid
metric: {name: loss, goal: minimize}
parameters: {lr: {values: [0.3, 0.1, 0.2]}}
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "train.py").write_text(SCRIPT)
    (tmp_path / "sweep.yaml").write_text(CONFIG % (sys.executable, ""))
    (tmp_path / "endless.yaml").write_text(CONFIG % (sys.executable, ', "endless"'))
    return tmp_path


def command(*words: str, **options: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "wandb_magic.cli", *words],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,  # type: ignore[call-overload]
    )


def magic(*words: str, code: int = 0) -> str:
    """Run the command in this process; return what it printed, its complaint if it is to fail."""
    printed, complained = io.StringIO(), io.StringIO()
    with (
        pytest.MonkeyPatch.context() as patch,
        contextlib.redirect_stdout(printed),
        contextlib.redirect_stderr(complained),
    ):
        patch.setattr(sys, "argv", ["wandb-magic", *words])
        patch.setattr(sys, "stdin", io.StringIO())
        with pytest.raises(SystemExit) as end:
            main()
    out, err = printed.getvalue(), complained.getvalue()
    assert end.value.code == code, (out, err)
    if code:
        assert "Traceback" not in err
        return err
    assert not err
    return out


def test_a_program_from_start_to_deletion() -> None:
    out = magic("run", "sweep.yaml", "--agents", "2", "--name", "mine", "--wait")
    assert "finished 3/3 " in out.splitlines()[-1]

    (listed,) = json.loads(magic("list", "--json"))
    assert (listed["name"], listed["state"], listed["ended"]) == ("mine", "finished", 3)
    assert "mine" in magic("sweeps")
    assert "best 0.1 (run 1)" in magic("status", "mine")
    assert json.loads(magic("status", "--json"))["best"]["params"] == {"lr": 0.1}

    runs = json.loads(magic("runs", listed["id"][:4], "--json"))
    assert [run["params"]["lr"] for run in runs] == [0.3, 0.1, 0.2]
    assert {run["state"] for run in runs} == {"finished"}
    assert len(magic("runs").splitlines()) == 4
    assert magic("best").splitlines()[1:] == ["  lr: 0.1"]
    assert json.loads(magic("best", "--json"))["number"] == 1
    assert "lr is 0.2" in magic("logs", "2")
    assert "lr is 0.3" in magic("logs", "mine", runs[0]["id"], "--follow")
    assert runs[2]["id"] in magic("history")

    assert "kept" in magic("delete", code=1)
    assert "deleted" in magic("delete", "--yes")
    assert json.loads(magic("list", "--json")) == []
    assert "there is no sweep yet" in magic("status", code=1)


def test_an_interrupt_ends_the_waiting_and_never_the_sweep() -> None:
    process = command("run", "endless.yaml", "--wait", start_new_session=True)
    assert process.stdout is not None
    assert "offline, because" in process.stdout.readline()
    assert "runs in" in process.stdout.readline()
    assert "◐ 0/3\n" in process.stdout.readline() + process.stdout.readline()
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (130, "")
    assert "is still running" in out
    assert json.loads(magic("status", "--json"))["state"] == "running"

    assert "up to 2 runs" in magic("set-agents", "2")
    assert "starts no more" in magic("pause")
    with command("wait") as waiting:
        assert waiting.wait(timeout=60) == 1
    assert "paused" in magic("status")
    assert "continues" in magic("resume")
    with command("wait", "--timeout", "0.1s") as waiting:
        out, _ = waiting.communicate(timeout=60)
    assert (waiting.returncode, "◐ 0" in out) == (1, True)
    assert "running: stop it first" in magic("delete", "--yes", code=1)
    assert "stops" in magic("stop")
    with command("wait") as waiting:
        assert waiting.wait(timeout=60) == 1
    assert "already ended" in magic("stop")


def test_failed_runs_go_again_under_old_ids_and_new_ones(folder: Path) -> None:
    go = folder / "go"
    (folder / "train.py").write_text(
        f"import pathlib, sys\nsys.exit(0 if pathlib.Path({str(go)!r}).exists() else 3)"
    )
    with command("run", "sweep.yaml", "--failure-limit", "0", "--wait") as started:
        out, _ = started.communicate(timeout=200)
    assert (started.returncode, "✗ finished 3/3 · 3 failed" in out) == (1, True), out
    before = json.loads(magic("runs", "--json"))
    assert [run["state"] for run in before] == ["failed"] * 3

    assert "run 0 of" in magic("rerun", "0")
    with command("wait") as waiting:
        waiting.communicate(timeout=60)
    go.touch()
    assert "the failed runs of" in magic("rerun", "--failed", "--resume")
    with command("wait") as waiting:
        waiting.communicate(timeout=60)
    runs = json.loads(magic("runs", "--json"))
    assert [(run["number"], run["attempt"]) for run in runs] == [(0, 0), (0, 1), (1, 0), (2, 0)]
    assert [run["state"] for run in runs] == ["failed", *["finished"] * 3]

    assert "no run has failed" in magic("rerun", "--failed", code=1)
    (sweep,) = json.loads(magic("list", "--json"))
    assert "use either run 0 or --failed" in magic("rerun", sweep["id"], "0", "--failed", code=2)
    assert "continues" in magic("resume-run", runs[0]["id"])
    assert "use --failed" in magic("rerun", code=2)


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ([], 2, "required"),
        (["frobnicate"], 2, "invalid choice"),
        (["run", "sweep.yaml", "--count", "many"], 2, "--count"),
        (["run", "missing.yaml"], 1, "missing.yaml"),
        (["run", "sweep.yaml", "--run-timeout", "soon"], 2, "10m"),
        (["status", "nosuch"], 1, "no sweep 'nosuch'"),
    ],
)
def test_mistakes_get_one_sentence(words: list[str], code: int, said: str) -> None:
    with command(*words) as process:
        out, complaint = process.communicate(timeout=200)
    assert (process.returncode, out) == (code, "")
    assert "Traceback" not in complaint
    assert said in complaint
    assert len(complaint.splitlines()) == 1


def test_the_doctor_answers_by_its_exit_code_too(monkeypatch: pytest.MonkeyPatch) -> None:
    out = magic("doctor")
    assert "a terminal, without a kernel" in out
    found = json.loads(magic("doctor", "--json"))
    assert {each["level"] for each in found} <= {"ok", "note"}
    monkeypatch.setenv("WANDB_SERVICE", "3-1-unix-/gone")
    with command("doctor") as process:
        out, err = process.communicate(timeout=200)
    assert (process.returncode, err) == (1, "")
    assert "✗ WANDB_SERVICE is stale" in out
    assert "unset WANDB_SERVICE" in out


def test_help_needs_nothing_heavy() -> None:
    code = (
        "import sys; sys.argv = ['wandb-magic', '--help']\n"
        "from wandb_magic.cli import main\n"
        "try: main()\n"
        "except SystemExit as end: assert not end.code\n"
        "heavy = {'wandb', 'pandas', 'numpy', 'pydantic', 'IPython', 'optuna'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)"
    )
    out = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert "stop-run" in out.stdout


def test_a_closed_pipe_is_no_error() -> None:
    with command("--help") as process:
        assert process.stdout is not None
        process.stdout.close()
        assert process.wait(timeout=60) == 0
