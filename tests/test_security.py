"""What SECURITY.md promises, as tests: what others wrote is read, and never executed."""

from __future__ import annotations

import json
import os
import pickle
import shutil
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.sweeps import run_record
from wandb_magic import attach, start
from wandb_magic.api import Sweep
from wandb_magic.api._options import LaunchOptions, RunCode
from wandb_magic.api._start import start_sweep
from wandb_magic.bundle import Manifest, open_signed, read_signature
from wandb_magic.bundle.signing_key import key_path
from wandb_magic.errors import RemoteError, SweepError, UntrustedError
from wandb_magic.paths import SweepPaths
from wandb_magic.records import Options, RunState, SweepState
from wandb_magic.store import StoreWriter

CONFIG = {
    "method": "grid",
    "metric": {"name": "loss", "goal": "minimize"},
    "parameters": {"lr": {"values": [0.25, 0.5]}},
}
CELL = "import json\nprint(json.dumps(rate), data.sum())\n"
OTHERS = 65534  # a user who is not this one
ROOT = os.geteuid() == 0


class Evil:
    """Executes something as soon as it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.touch, (self.mark,))


def idle(config: dict[str, Any] = CONFIG, cell: str | None = CELL, **namespace: object) -> Sweep:
    """Return a sweep with code that nobody has run yet."""
    names = {"rate": 0.5, "data": np.arange(10_000.0), **namespace}
    settings = LaunchOptions(2, 1, None, None, None, "offline", Options(seed=1), None, idle=True)
    return start_sweep(config, RunCode(cell=cell, namespace=names), settings)


def ended(sweep: Sweep) -> Sweep:
    """Let a sweep have a run that failed, and have ended."""
    store = StoreWriter(sweep._paths.store)
    now = time.time()
    times = {"created": now, "started": now, "ended": now}
    store.add_run(run_record(state=RunState.FAILED, params={"lr": 0.25}, value=1.0, **times))
    store.update_sweep(state=SweepState.STOPPED, started=now, ended=now)
    store.close()
    return sweep


def be_somebody_else(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Have another key from here on."""
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "somebody"))


def executing(sweep: Sweep) -> list[Callable[[], object]]:
    """Return all that would execute what a sweep's folder holds."""
    return [
        sweep.resume,
        lambda: sweep.rerun(0),
        lambda: sweep.resume_run(0),
        sweep.rerun_failed,
        lambda: sweep.set_count(9),
        lambda: sweep.resume(online=True, count=1),
        lambda: sweep.reproduce(0, namespace={}),
        sweep.sync,
    ]


def poisoned(sweep: Sweep, mark: Path) -> None:
    """Put into a bundle, in every place, what leaves a mark when it is executed."""
    bundle = sweep._paths.bundle
    python = mark.with_name("python")
    python.write_text(f"#!/bin/sh\ntouch {mark}\n")
    python.chmod(0o755)
    told = json.loads((bundle / "manifest.json").read_text())
    told["executable"] = str(python)
    told["environment"] |= {"WANDB_BASE_URL": "http://127.0.0.1:1", "LD_PRELOAD": "/nowhere.so"}
    (bundle / "manifest.json").write_text(json.dumps(told))
    (bundle / "cell.py").write_text(f"open({str(mark)!r}, 'w')")
    (bundle / "variables.pkl").write_bytes(pickle.dumps(Evil(mark)) * 2)
    plant(sweep, mark)


def plant(sweep: Sweep, mark: Path) -> None:
    """Put modules where a Python that starts in a folder of the sweep would find them."""
    text = f"open({str(mark)!r}, 'w').close()\n"
    for folder in (sweep.path, sweep.path / "sync", sweep.path / "runs" / "run00000"):
        folder.mkdir(parents=True, exist_ok=True)
        for name in ("wandb.py", "json.py", "wandb_magic.py", "sitecustomize.py"):
            (folder / name).write_text(text)


def test_a_sweep_from_elsewhere_is_read_and_never_executed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, mark = ended(idle()), tmp_path / "executed"
    poisoned(made, mark)
    monkeypatch.setenv("WANDB_API_KEY", "k" * 40)
    for signature in ("another", "none"):
        be_somebody_else(monkeypatch, tmp_path)
        if signature == "none":
            (made._paths.bundle / "signature.json").unlink()
        sweep = attach(str(made.path))
        for execute in executing(sweep):
            with pytest.raises(UntrustedError, match=r"not executed: .*trust=True \(--trust\)"):
                execute()
        assert sweep.status().state == "stopped"
        assert [run.params for run in sweep.records()] == [{"lr": 0.25}]
        assert sweep.export(0, tmp_path / signature).is_dir()
        assert sweep.report(tmp_path / f"{signature}.html")
    assert not mark.exists()
    assert not (made.path / "supervisor.log").exists()


def test_one_that_is_trusted_is_asked_about_again_when_it_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = ended(idle())
    be_somebody_else(monkeypatch, tmp_path)
    sweep = attach(str(made.path))
    names: dict[str, Any] = {}
    sweep.reproduce(0, namespace=names, trust=True)
    assert names["rate"] == 0.5
    sweep.reproduce(0, namespace={})
    (made._paths.bundle / "cell.py").write_text("print('another')")
    with pytest.raises(UntrustedError, match=r"cell.py was changed after it was signed"):
        sweep.reproduce(0, namespace={})
    with pytest.raises(UntrustedError, match="changed after"):
        sweep.resume()


def test_a_sync_of_one_that_is_trusted_executes_nothing_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, mark = ended(idle()), tmp_path / "executed"
    poisoned(made, mark)
    be_somebody_else(monkeypatch, tmp_path)
    monkeypatch.setenv("WANDB_BASE_URL", "http://127.0.0.1:9")
    with pytest.raises(RemoteError, match=r"API key|127\.0\.0\.1:9"):
        attach(str(made.path)).sync(trust=True)
    assert not mark.exists()
    assert "/nowhere.so" not in (made.path / "sync" / "sync.log").read_text()


@pytest.mark.parametrize("name", ["cell.py", "variables.pkl", "buffers.bin", "manifest.json"])
def test_a_file_that_is_swapped_after_signing_is_not_loaded(name: str) -> None:
    sweep = ended(idle())
    file = sweep._paths.bundle / name
    original = file.read_bytes()
    swapped = original.replace(b"0.5", b"0.6") + b" "
    statement = read_signature(sweep._paths.bundle)
    with open_signed(sweep._paths.bundle, statement) as opened:
        file.unlink()  # after the check, and before it is read
        file.write_bytes(swapped)
        assert opened.path(name).read_bytes() == original
    for execute in executing(sweep):
        with pytest.raises(UntrustedError, match=f"{name} was changed after it was signed"):
            execute()
    # Whoever asked has looked before, and it is swapped while the supervisor starts.
    child = (
        "import sys; from pathlib import Path; from wandb_magic.bundle import thaw; "
        "thaw(Path(sys.argv[1]))"
    )
    environment = {**os.environ, "WANDB_MAGIC_BUNDLE": statement.to_json()}
    for given in (environment, dict(os.environ)):
        done = subprocess.run(
            [sys.executable, "-c", child, str(sweep._paths.bundle)],
            env=given,
            capture_output=True,
            text=True,
            check=False,
        )
        assert f"{name} was changed after it was signed" in done.stderr


@pytest.mark.parametrize("how", ["link", "pipe", "folder", "gone", "empty", "garbage", "list"])
@pytest.mark.parametrize("name", ["signature.json", "variables.pkl"])
def test_what_is_no_plain_file_is_neither_followed_nor_waited_for(
    tmp_path: Path, name: str, how: str
) -> None:
    sweep = ended(idle())
    file = sweep._paths.bundle / name
    file.rename(tmp_path / "kept")
    if how == "link":
        file.symlink_to(tmp_path / "kept")
    elif how == "pipe":
        os.mkfifo(file)
    elif how == "folder":
        file.mkdir()
    elif how != "gone":
        file.write_bytes({"empty": b"", "garbage": b"\xff\0{", "list": b"[1]"}[how])
    for execute in (sweep.resume, lambda: sweep.reproduce(0, namespace={})):
        with pytest.raises(UntrustedError, match="not executed"):
            execute()


def test_the_command_of_a_sweep_is_signed_with_it(tmp_path: Path) -> None:
    mark = tmp_path / "executed"
    (tmp_path / "evil.py").write_text(f"open({str(mark)!r}, 'w')")
    sweep = ended(idle({**CONFIG, "program": "train.py"}, cell=None))
    store = StoreWriter(sweep._paths.store)
    store.update_sweep(spec={**store.sweep().spec, "program": str(tmp_path / "evil.py")})
    store.close()
    with pytest.raises(UntrustedError, match=r"command of the sweep in .* was changed"):
        sweep.resume()
    # A supervisor that somebody starts by hand looks, too.
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    subprocess.run(
        [sys.executable, "-m", "wandb_magic.supervisor", str(sweep.path)],
        env=environment,
        check=True,
        capture_output=True,
    )
    assert "was changed after" in sweep.status().sweep.cause
    assert not mark.exists()


def test_what_others_can_write_or_own_is_not_executed(tmp_path: Path) -> None:
    sweep = ended(idle())
    for folder in (sweep.path, sweep._paths.bundle):
        for mode in (0o720, 0o702):
            folder.chmod(mode)
            with pytest.raises(UntrustedError, match=f"others can write {folder}, .*chmod go-w"):
                sweep.resume()
        folder.chmod(0o700)
    if ROOT:
        os.chown(sweep._paths.bundle, OTHERS, OTHERS)
        with pytest.raises(UntrustedError, match=rf"belongs to another user \(uid {OTHERS}\)"):
            sweep.reproduce(0, namespace={})
        os.chown(sweep._paths.bundle, 0, 0)
    moved = tmp_path / "moved"
    sweep.path.rename(moved)
    sweep.path.symlink_to(moved)
    with pytest.raises(UntrustedError, match="is not a folder but a link"):
        Sweep(SweepPaths(sweep.path)).resume()
    names: dict[str, Any] = {}
    sweep.path.unlink()
    moved.chmod(0o777)  # a group's folder, say: whoever trusts it says so once
    attach(str(moved)).reproduce(0, namespace={}, trust=True)
    attach(str(moved)).reproduce(0, namespace=names)
    assert names["rate"] == 0.5


def test_a_sweep_of_this_users_is_theirs_wherever_it_is_copied(tmp_path: Path) -> None:
    sweep = ended(idle(big=np.zeros(9 << 20), cell=CELL + "big.sum()\n"))
    assert read_signature(sweep._paths.bundle).seen
    copy = tmp_path / "copy"
    shutil.copytree(sweep.path, copy)
    names: dict[str, Any] = {}
    attach(str(copy)).reproduce(0, namespace=names)
    assert names["big"].size == 9 << 20
    with (copy / "bundle" / "buffers.bin").open("r+b") as file:
        file.seek(-1, os.SEEK_END)
        file.write(b"x")
    with pytest.raises(UntrustedError, match=r"buffers\.bin was changed"):
        attach(str(copy)).reproduce(0, namespace={})


def test_no_module_is_imported_from_a_sweeps_folder(tmp_path: Path) -> None:
    mark = tmp_path / "executed"
    sweep = idle({**CONFIG, "parameters": {"lr": {"value": 0.5}}}, CELL)
    plant(sweep, mark)
    sweep.resume().wait(60)
    assert [run.state.value for run in sweep.records()] == ["finished"]
    assert not mark.exists()


def test_the_key_is_for_its_user_alone() -> None:
    idle()
    key = key_path()
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    key.chmod(0o644)
    sweep = ended(idle())
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    sweep.reproduce(0, namespace={})
    child = "from wandb_magic.bundle.signing_key import key; print(key())"
    key.unlink()
    at_once = [
        subprocess.Popen([sys.executable, "-c", child], stdout=subprocess.PIPE) for _ in range(4)
    ]
    assert len({each.communicate()[0] for each in at_once}) == 1


@pytest.mark.parametrize("how", ["gone", "empty", "garbage", "cut"])
def test_a_key_that_is_lost_is_replaced_and_what_it_signed_is_asked_about(how: str) -> None:
    sweep, key = ended(idle()), key_path()
    text = key.read_text()
    key.unlink()
    if how != "gone":
        key.write_text({"empty": "", "garbage": "?" * 64, "cut": text[:20]}[how])
    with pytest.raises(UntrustedError, match=f"another key than {key}"):
        sweep.reproduce(0, namespace={})
    ended(idle()).reproduce(0, namespace={})
    assert len(key.read_text()) == 64


@pytest.mark.parametrize("how", ["folder", "pipe", "link", "others", "nowhere"])
def test_without_a_key_a_sweep_starts_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    key = key_path()
    key.parent.mkdir(parents=True)
    if how == "folder":
        (key / "x").mkdir(parents=True)
    elif how == "pipe":
        os.mkfifo(key)
    elif how == "link":
        key.symlink_to(tmp_path / "elsewhere")
    elif how == "others" and ROOT:
        key.write_text("0" * 64)
        os.chown(key, OTHERS, OTHERS)
    else:
        monkeypatch.setenv("JUPYTER_DATA_DIR", "/proc/nowhere")
    made = ended(idle())
    made.reproduce(0, namespace={})
    assert not (tmp_path / "elsewhere").exists()
    if how == "nowhere":  # the list of sweeps lies there, too
        (notice,) = made.status().sweep.notices
        assert "JUPYTER_DATA_DIR" in notice
        assert str(made.path) in notice
        assert attach(str(made.path)).id == made.id
    child = "import sys, wandb_magic; wandb_magic.attach(sys.argv[1]).reproduce(0)"
    done = subprocess.run(
        [sys.executable, "-c", child, str(made.path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "UntrustedError" in done.stderr


def train() -> None:
    print("trained")  # noqa: T201 - the run's output


def test_its_processes_load_what_was_vouched_for_whatever_their_surroundings(
    tmp_path: Path,
) -> None:
    """A run's own environment may name another home, in which there is no key."""
    config = {"method": "grid", "parameters": {"lr": {"value": 0.5}}}
    sweep = start(
        config, train, mode="offline", env={"JUPYTER_DATA_DIR": str(tmp_path / "elsewhere")}
    )
    sweep.wait(60)
    assert [run.state.value for run in sweep.records()] == ["finished"]
    assert "WANDB_MAGIC_BUNDLE" not in Manifest.read(sweep._paths.bundle).environment


def test_a_deleted_sweep_takes_no_store_along_that_is_not_its_own(tmp_path: Path) -> None:
    precious = tmp_path / "wandb-magic" / "precious.db"
    precious.parent.mkdir()
    sweep = ended(idle())
    shutil.copyfile(sweep._paths.store, precious)
    (sweep.path / "sweep.db.at").write_text(str(precious))
    attach(str(sweep.path)).delete()
    assert precious.exists()
    assert not sweep.path.exists()


def test_a_damaged_manifest_is_said_in_a_sentence() -> None:
    made = ended(idle())
    (made._paths.bundle / "manifest.json").write_text("{")
    with pytest.raises(SweepError, match="is damaged"):
        made.resume()


def test_each_promise_names_a_test_that_exists() -> None:
    root = Path(__file__).parents[1]
    lines = (root / "SECURITY.md").read_text("utf-8").splitlines()
    promises = [line for line in lines if line.startswith("| ") and "---" not in line][1:]
    assert len(promises) > 20
    for line in promises:
        file, _, test = line.rstrip(" |").rpartition("| ")[2].strip("`").partition("::")
        assert f"def {test}(" in (root / file).read_text("utf-8"), line


def test_others_can_write_nothing_whatever_the_umask(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WANDB_DIR", str(tmp_path / "new" / "place"))
    cell = (
        "import wandb\nwith wandb.init() as run:\n    run.log({'loss': data.sum()})\nprint('ok')\n"
    )
    before = os.umask(0)
    try:
        sweep = start_sweep(
            CONFIG,
            RunCode(cell=cell, namespace={"data": np.arange(10_000.0)}),
            LaunchOptions(1, 1, None, None, None, "offline", Options(seed=1), None),
        )
        sweep.wait(timeout=120)
        sweep.export(0, tmp_path / "new" / "export")
    finally:
        os.umask(before)
    assert [run.state for run in sweep._reader.runs()] == [RunState.FINISHED]
    data = tmp_path / "home" / "jupyter"
    made = [tmp_path / "new", data, *(tmp_path / "new").rglob("*"), *data.rglob("*")]
    modes = {path: stat.S_IMODE(path.lstat().st_mode) for path in made if not path.is_symlink()}
    export = tmp_path / "new" / "export"
    # What lies in a folder that nobody else can enter is as private as that.
    assert not [
        path for path, mode in modes.items() if mode & 0o022 and export not in path.parents
    ]
    private = [sweep.path, key_path().parent, Path(sweep._reader.runs()[0].directory), export]
    found = [each for top in private for each in (top, *top.rglob("*"))]
    names = {path.name for path in found}
    assert {"key", "sweep.db", "cell.py", "buffers.bin", "supervisor.log", "output.log"} <= names
    open_to_others = [path for path in found if modes.get(path, 0) & 0o077]
    assert not [path for path in open_to_others if export not in path.parents]
