from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from IPython.core.interactiveshell import ExecutionResult, InteractiveShell
from traitlets.config import Config

Shell = Callable[..., InteractiveShell]


@pytest.fixture
def make_shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shell]:
    """Make a shell with the magics, without a kernel and without a history on disk."""
    monkeypatch.chdir(tmp_path)

    def make(**config: object) -> InteractiveShell:
        quiet = {"HistoryManager": {"enabled": False}, "InteractiveShell": {"colors": "nocolor"}}
        InteractiveShell.clear_instance()
        shell = InteractiveShell.instance(config=Config({**quiet, **config}))
        run(shell, "%load_ext wandb_magic")
        return shell

    yield make
    InteractiveShell.clear_instance()


@pytest.fixture
def shell(make_shell: Shell) -> InteractiveShell:
    return make_shell()


def run(shell: InteractiveShell, cell: str) -> ExecutionResult:
    """Run a cell as a front end would."""
    return shell.run_cell(cell, store_history=True)


@pytest.fixture(name="run")
def run_fixture() -> Callable[[InteractiveShell, str], ExecutionResult]:
    return run
