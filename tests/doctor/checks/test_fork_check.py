import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from IPython.core.interactiveshell import InteractiveShell

from wandb_magic.doctor.checks import fork_check
from wandb_magic.doctor.diagnostics import Diagnostic, Level
from wandb_magic.doctor.environment import Environment

Bad = Callable[[list[Diagnostic]], list[Diagnostic]]
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere nothing forks")

STARTS_A_THREAD = """
import threading
print("a module may print")
threading.Thread(target=threading.Event().wait, name="ticker", daemon=True).start()
"""


@pytest.fixture(autouse=True)
def importable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))


def test_in_a_terminal_runs_fork() -> None:
    (finding,) = fork_check.check(Environment())
    assert (finding.level, finding.text) == (Level.OK, "runs fork from a warm process")


def test_what_a_notebook_has_imported_is_imported(shell: InteractiveShell) -> None:
    shell.run_cell("import json, fractions, sklearn.base as base\nfrom numpy import linspace")
    (finding,) = fork_check.check(Environment(shell))
    assert finding.text.endswith("which imports numpy, sklearn.base")


def test_a_module_that_starts_a_thread_is_named(
    shell: InteractiveShell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bad: Bad
) -> None:
    (tmp_path / "doctor_ticks.py").write_text(STARTS_A_THREAD)
    monkeypatch.setitem(shell.user_ns, "np", __import__("numpy"))
    shell.run_cell("import doctor_ticks as ticks")
    (finding,) = bad(list(fork_check.check(Environment(shell))))
    assert finding.level is Level.NOTE
    assert "(ticker) when doctor_ticks was imported" in finding.text
    assert 'import_module("doctor_ticks")' in finding.remedy
    compile(finding.remedy, "remedy", "exec")
    sys.modules.pop("doctor_ticks")


def test_a_module_that_only_this_kernel_has_is_a_problem(
    shell: InteractiveShell, tmp_path: Path, bad: Bad
) -> None:
    module = tmp_path / "doctor_gone.py"
    module.write_text("")
    shell.run_cell("import doctor_gone")
    module.unlink()
    (finding,) = bad(list(fork_check.check(Environment(shell))))
    assert finding.level is Level.PROBLEM
    assert "cannot import doctor_gone" in finding.text
    assert "ModuleNotFoundError" in finding.text
    sys.modules.pop("doctor_gone")


def test_a_module_that_ends_the_process_is_told(
    shell: InteractiveShell, tmp_path: Path, bad: Bad
) -> None:
    module = tmp_path / "doctor_ends.py"
    module.write_text("")
    shell.run_cell("import doctor_ends")
    module.write_text("import os; os._exit(3)")
    (finding,) = bad(list(fork_check.check(Environment(shell))))
    assert "died (exit code 3)" in finding.text
    sys.modules.pop("doctor_ends")


def test_a_module_that_takes_long_is_given_up(
    shell: InteractiveShell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bad: Bad
) -> None:
    (tmp_path / "doctor_slow.py").write_text("")
    shell.run_cell("import doctor_slow")
    (tmp_path / "doctor_slow.py").write_text("import threading; threading.Event().wait()")
    monkeypatch.setattr(fork_check, "TIMEOUT_S", 0.2)
    (finding,) = bad(list(fork_check.check(Environment(shell))))
    assert "longer than" in finding.text
    sys.modules.pop("doctor_slow")
