import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from wandb_magic.doctor.checks.versions import (
    NEWEST_PYTHON,
    OLDEST_PYTHON,
    PACKAGES,
    PackageRequirement,
    check,
    release,
)
from wandb_magic.doctor.diagnostics import Diagnostic, Level
from wandb_magic.doctor.environment import Environment

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parents[3]
Bad = Callable[[list[Diagnostic]], list[Diagnostic]]


def test_the_table_is_that_of_the_project() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    groups = (project["dependencies"], *project["optional-dependencies"].values())
    lines = [line for group in groups for line in group]
    oldest: dict[str, str] = {}
    for need in map(Requirement, lines):
        oldest.setdefault(need.name, str(need.specifier))  # the notebooks may want a newer one
    for name, package in PACKAGES.items():
        assert oldest[name] == f">={package.oldest}", name
    assert project["requires-python"] == f">={'.'.join(map(str, OLDEST_PYTHON))}"
    kernels = (ROOT / "scripts" / "kernels").read_text("utf-8")
    assert f"{'.'.join(map(str, NEWEST_PYTHON))}; do" in kernels


def test_what_is_tested_here_is_supported() -> None:
    found = list(check(Environment()))
    assert not [finding for finding in found if finding.level is Level.PROBLEM]
    assert any(finding.text.startswith("IPython ") for finding in found)


def test_what_is_too_old_or_missing_is_a_problem(
    monkeypatch: pytest.MonkeyPatch, bad: Bad
) -> None:
    monkeypatch.setitem(PACKAGES, "ipykernel", PackageRequirement("99.1"))
    monkeypatch.setitem(PACKAGES, "no-such-package", PackageRequirement("1.0"))
    old, missing = [
        finding for finding in bad(list(check(Environment()))) if finding.level is Level.PROBLEM
    ]
    assert "99.1 or newer" in old.text
    assert 'pip install -U "ipykernel>=99.1"' in old.remedy
    assert "no-such-package is not installed" in missing.text


def test_an_update_under_a_running_process_is_noticed(
    monkeypatch: pytest.MonkeyPatch, bad: Bad
) -> None:
    import optuna  # noqa: PLC0415 - only this test needs it

    monkeypatch.setattr(optuna, "__version__", "0.1")
    assert any("has imported 0.1" in finding.text for finding in bad(list(check(Environment()))))


@pytest.mark.parametrize(
    ("older", "newer"), [("7.0.1", "7.1"), ("0.9", "0.22"), ("8.1.0rc1", "8.1.1"), ("2", "2.13")]
)
def test_releases_can_be_compared(older: str, newer: str) -> None:
    assert release(older) < release(newer)
