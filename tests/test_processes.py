"""What is known of processes beyond their pid."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from wandb_magic import processes
from wandb_magic.processes import oom_kill_count

LIMIT_BYTES = 200 << 20
IN_GROUP = f"""
import os, pathlib, subprocess, sys
from wandb_magic.processes import oom_kill_count
pathlib.Path(sys.argv[1], "cgroup.procs").write_text(str(os.getpid()))
inside = oom_kill_count()
child = subprocess.run([sys.executable, "-c", "b'x' * {4 * LIMIT_BYTES}"])
print(child.returncode, oom_kill_count() - inside)
"""


@pytest.fixture
def small_group() -> Iterator[Path]:
    """A control group of little memory, which only root may make."""
    groups = Path("/proc/self/cgroup")
    lines = groups.read_text("utf-8").splitlines() if groups.exists() else []
    own = {name: path for _, name, path in (line.split(":", 2) for line in lines)}
    first, limit = Path("/sys/fs/cgroup") / own.get("", "").lstrip("/"), "memory.max"
    if "memory" in own:
        first = Path("/sys/fs/cgroup/memory") / own["memory"].lstrip("/")
        limit = "memory.limit_in_bytes"
    folder = first / f"test-{os.getpid()}"
    try:
        folder.mkdir()
        (folder / limit).write_text(str(LIMIT_BYTES))
    except OSError:
        if folder.is_dir():
            folder.rmdir()
        pytest.skip("control groups are root's, and some containers have none")
    yield folder
    folder.rmdir()


def test_what_is_killed_in_this_control_group_counts_and_nothing_else(small_group: Path) -> None:
    before = oom_kill_count()
    result = subprocess.run(
        [sys.executable, "-c", IN_GROUP, str(small_group)],
        check=True,
        capture_output=True,
        text=True,
    )
    assert result.stdout.split() == ["-9", "1"]
    if "memory:" in Path("/proc/self/cgroup").read_text(encoding="utf-8"):
        assert oom_kill_count() == before  # version 2 counts what is below a group, too


@pytest.mark.parametrize(
    ("groups", "files", "count"),
    [
        ("0::/job/step", {"job/step/memory.events": "oom 9\noom_kill 3\n"}, 3),
        ("0::/job/step", {"job/memory.events": "oom_kill 4\n"}, 4),  # not delegated further
        ("4:cpu,memory:/job\n0::/", {"memory/job/memory.oom_control": "oom_kill 5\n"}, 5),
        ("4:memory:/not/seen/here", {"memory/memory.oom_control": "under_oom 0\noom_kill 6\n"}, 6),
        ("0::/", {"../vmstat": "pgpgin 1\noom_kill 7\n"}, 7),
        ("4:memory:/job", {"memory/job/memory.oom_control": "oom_kill_disable 0\n"}, 0),
        ("", {}, 0),
    ],
)
def test_each_layout_of_control_groups(
    groups: str, files: dict[str, str], count: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "cgroup"
    root.mkdir()
    (tmp_path / "vmstat").touch()
    (tmp_path / "groups").write_text(f"{groups}\n")
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    replaced = {"/proc/self/cgroup": tmp_path / "groups", "/proc/vmstat": tmp_path / "vmstat"}

    def path(name: str) -> Path:
        return replaced.get(name) or Path(name)

    monkeypatch.setattr(processes, "CONTROL_GROUPS", root)
    monkeypatch.setattr(processes, "Path", path)
    assert oom_kill_count() == count
