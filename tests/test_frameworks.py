"""The page on frameworks: how it is made, and that it is what was made."""

import json
import os
import re
import runpy
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[1]
SCRIPT = ROOT / "benchmarks" / "frameworks.py"
PAGE = ROOT / "docs" / "how-to" / "frameworks.md"


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    monkeypatch.syspath_prepend(str(SCRIPT.parent))
    return runpy.run_path(str(SCRIPT))


def test_every_cell_compiles_and_uses_what_the_notebook_has(script: dict[str, Any]) -> None:
    names = [framework.name for framework in script["FRAMEWORKS"]]
    assert len(set(names)) == len(names)
    for framework in script["FRAMEWORKS"]:
        needed = {Requirement(line).name for line in script["GROUPS"][framework.group]}
        assert framework.package in needed
        for form in script["FORMS"]:
            before, cell = script["cells"](framework, form)
            compile(before, "before", "exec")
            compile(cell, "cell", "exec")
            assert bool(before) == (form != "cell")
            assert ("import" in cell) == (form != "captured")
            assert re.search(r"\bthing\b", cell)
            assert bool(re.search(r"\bthing\b", before)) == (form == "captured")


def test_the_page_says_what_was_found_and_nothing_else(script: dict[str, Any]) -> None:
    facts = {"version": "1.2", "python": "3.11.7", "wandb": "0.31.0", "day": "2026-11-30"}
    place = f"see {ROOT}/somewhere/lost.py"
    found = {
        (name, form): script["FrameworkResult"](name, form, how, why, seconds, **facts)
        for name, form, how, why, seconds in (
            ("JAX", "cell", "warm", "", 1.23),
            ("JAX", "captured", "late variable", "variable 'thing'", 2.0),
            ("DuckDB", "captured", "refused", place, None),
        )
    }
    page = script["page"](found)
    assert "| JAX | 1.2 | warm 1.2 s | not run | late variable 2.0 s (an array) |" in page
    assert "| DuckDB | 1.2 | not run | not run | refused (a connection) |" in page
    assert "- **JAX**, as a variable: variable 'thing'\n" in page
    assert "- **DuckDB**, as a variable: see …/lost.py\n" in page
    assert "Keras" not in page
    assert "made this page on 2026-11-30, with Python 3.11.7" in page


def test_the_page_is_about_what_is_tried(script: dict[str, Any]) -> None:
    lines = PAGE.read_text(encoding="utf-8").partition("| framework |")[2].splitlines()[2:]
    told = [line.split("|")[1].strip() for line in lines if line.startswith("| ")]
    assert told
    assert set(told) <= {framework.name for framework in script["FRAMEWORKS"]}


def test_a_sweep_is_judged(tmp_path: Path) -> None:
    file = tmp_path / "found.json"
    subprocess.run(
        [sys.executable, str(SCRIPT), "--child", "pandas", "captured", str(file)],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT), "WANDB_MODE": "offline"},
        check=True,
    )
    found = json.loads(file.read_text(encoding="utf-8"))
    assert found["how"] == ("warm" if sys.platform == "linux" else "cold"), found
    assert found["seconds"] > 0
    assert found["version"]
