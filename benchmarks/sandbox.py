"""A sandbox for measurements: a Git repository in a temporary folder that leaves nothing behind.

Every process that is started inside carries a marker in its environment, even if it detaches.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

MARK = "WANDB_MAGIC_BENCHMARK"
GIT = ("git", "-c", "user.name=benchmark", "-c", "user.email=benchmark@localhost")


@contextmanager
def sandbox() -> Iterator[Path]:
    """Work in a fresh folder with its own home; end the processes that were started in it."""
    before, environment = Path.cwd(), dict(os.environ)
    with tempfile.TemporaryDirectory(prefix="wandb-magic-benchmark-") as name:
        folder = Path(name)
        for key in [key for key in os.environ if key.startswith("WANDB_")]:
            del os.environ[key]
        temporary = folder / "tmp"
        temporary.mkdir()
        os.environ |= {
            MARK: name,
            "HOME": name,
            "TMPDIR": str(temporary),
            "IPYTHONDIR": str(folder / "ipython"),
            "JUPYTER_DATA_DIR": str(folder / "jupyter"),
            "JUPYTER_RUNTIME_DIR": str(folder / "jupyter" / "runtime"),
            "WANDB_SILENT": "true",
        }
        tempfile.tempdir = str(temporary)
        os.chdir(folder)
        try:
            (folder / "notes.txt").write_text("a file to commit\n", "utf-8")
            (folder / ".gitignore").write_text("wandb/\njupyter/\nipython/\ntmp/\n", "utf-8")
            for command in (("init", "-q"), ("add", "-A"), ("commit", "-q", "-m", "start")):
                subprocess.run([*GIT, *command], check=True)
            # W&B also stores what is not committed.
            (folder / "notes.txt").write_text("a file that changed since\n", "utf-8")
            yield folder
        finally:
            left = leftovers(name)
            for process in left:
                process.kill()
            psutil.wait_procs(left, timeout=10)
            os.chdir(before)
            tempfile.tempdir = None
            os.environ.clear()
            os.environ |= environment


def leftovers(mark: str) -> list[psutil.Process]:
    """Return the live processes that were started in a sandbox, except this one."""
    processes = []
    for process in psutil.process_iter():
        try:
            if process.pid != os.getpid() and process.environ().get(MARK) == mark:
                processes.append(process)
        except psutil.Error:  # ended meanwhile, or another user's
            continue
    return processes
