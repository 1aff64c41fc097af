from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from wandb_magic.doctor.diagnostics import Diagnostic, Level

ENVIRONMENTS = Path(__file__).parents[2] / ".venvs"


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[InteractiveShell]:
    """Make IPython as in a terminal."""
    monkeypatch.chdir(tmp_path)
    InteractiveShell.clear_instance()
    yield InteractiveShell.instance(config=Config({"HistoryManager": {"enabled": False}}))
    InteractiveShell.clear_instance()


@pytest.fixture(params=["newest", "oldest"])
def python(request: pytest.FixtureRequest) -> str:
    """Give a Python with the newest, then one with the oldest supported wandb."""
    if request.param == "newest":
        return str(Path(__file__).parents[2] / ".venv" / "bin" / "python")
    return str(ENVIRONMENTS / "wandb-oldest" / "bin" / "python")


def bad(findings: list[Diagnostic]) -> list[Diagnostic]:
    """Return what is not well, after a look at the remedies."""
    found = [finding for finding in findings if finding.level is not Level.OK]
    assert all(finding.remedy for finding in found)
    assert all(not finding.remedy for finding in findings if finding.level is Level.OK)
    return found


@pytest.fixture(name="bad")
def bad_fixture() -> Callable[[list[Diagnostic]], list[Diagnostic]]:
    return bad
