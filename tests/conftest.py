"""Every test lives in folders of its own, and leaves no process behind."""

import contextlib
import ctypes
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from xdist.scheduler import LoadScopeScheduling, Scheduling

from fake_wandb_server.fixtures import fake_wandb_server, fake_wandb_server_process, wandb_clients
from full import FULL

__all__ = [
    "fake_wandb_server",
    "fake_wandb_server_process",
    "isolated",
    "shared_folder",
    "wandb_clients",
]  # fixtures

# Their tests share something that takes long to make, and so one worker has them all.
SHARING = {
    "tests/calls/test_calls.py",
    "tests/launchers/test_dask_launcher.py",
    "tests/supervisor/test_lifecycle.py",
    "tests/supervisor/test_run_outcomes.py",
    "tests/wandb_log/test_follower.py",
    "tests/test_packaging.py",
}
MARK = "WANDB_MAGIC_TEST"  # what a test starts inherits it, however far it detaches itself

# A shell makes what it runs in the background deaf to interrupts, and so all that the tests start.
signal.signal(signal.SIGINT, signal.default_int_handler)


class OneByOne(LoadScopeScheduling):
    """Hands out test by test, so that a file of long tests does not keep one worker busy."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.split("::", maxsplit=1)[0]
        return file if file in SHARING else nodeid


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Scheduling | None:  # noqa: ANN401 - xdist's own
    return OneByOne(config, log) if config.getoption("dist") == "load" else None


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave out what is marked `full`, and begin with what takes longest.

    So no worker is alone with it at the end.
    """
    items.sort(key=seconds_of, reverse=True)
    for item in items:
        if not FULL and (mark := item.get_closest_marker("full")):
            (instead,) = mark.args
            item.add_marker(pytest.mark.skip(reason=f"only in --full; every build has {instead}"))


def seconds_of(item: pytest.Item) -> float:
    """Return how long a test takes, as its mark says: `slow(60)`, or `slow` for some ten."""
    slow = item.get_closest_marker("slow")
    return (slow.args or (10,))[0] if slow else 0


@pytest.fixture(scope="session")
def fonts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return where matplotlib keeps its list of fonts: once for all, since it takes long."""
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent
    return folder / "matplotlib"


@pytest.fixture(autouse=True)
def isolated(tmp_path: Path, fonts: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Hide the user's home, W&B and Jupyter, and end what the test started."""
    for name in list(os.environ):
        if name.startswith("WANDB_"):
            monkeypatch.delenv(name)
    for name, value in isolation(tmp_path).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("MPLCONFIGDIR", str(fonts))
    yield
    for name in list(os.environ):  # what wandb itself left, such as the address of its service
        if name.startswith("WANDB_"):
            del os.environ[name]
    adopt_no_orphans()
    if next(tmp_path.rglob("supervisor.log"), None) is not None:
        end_processes(str(tmp_path))


@pytest.fixture(scope="module")
def shared_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with a home, for what the tests of a module share; list the module in `SHARING`.

    While the fixtures that use it are made, the variables lead there.
    """
    folder = tmp_path_factory.mktemp("shared")
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            if name.startswith("WANDB_"):
                patch.delenv(name)
        for name, value in isolation(folder).items():
            patch.setenv(name, value)
        yield folder
    end_processes(str(folder))


def isolation(root: Path) -> dict[str, str]:
    """Make a home in `root`, and return the variables that lead there instead of to the user's."""
    home = root / "home"
    home.mkdir()
    folders = {
        "HOME": home,
        "XDG_STATE_HOME": home / "state",
        "XDG_CONFIG_HOME": home / "config",
        "XDG_CACHE_HOME": home / "cache",
        "IPYTHONDIR": home / "ipython",
        "JUPYTER_CONFIG_DIR": home / "jupyter" / "config",
        "JUPYTER_DATA_DIR": home / "jupyter" / "data",
        "JUPYTER_RUNTIME_DIR": home / "jupyter" / "runtime",
        "WANDB_DIR": root,
        "WANDB_MAGIC_LEASES": home / "leases",
        "WANDB_CONFIG_DIR": home / "wandb",
        "WANDB_CACHE_DIR": home / "wandb-cache",
        MARK: root,
    }
    return {name: str(folder) for name, folder in folders.items()}


def adopt_no_orphans() -> None:
    """Leave orphans to init again: a runner in the test's own process adopts them.

    What ends later would stay a zombie of this process, and look as if it were running.
    """
    if sys.platform == "linux":
        set_child_subreaper = 36
        ctypes.CDLL(None).prctl(set_child_subreaper, 0, 0, 0, 0)


def end_processes(mark: str) -> None:
    """Kill what carries `mark`, until a look around finds nothing more."""
    while found := [process for process in psutil.process_iter() if carries(process, mark)]:
        for process in found:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(found, timeout=10)


def carries(process: psutil.Process, mark: str) -> bool:
    if process.pid == os.getpid():
        return False
    try:
        return process.environ().get(MARK) == mark
    except psutil.Error:  # gone, a zombie, or another user's
        return False
