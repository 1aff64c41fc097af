"""The chaos matrix works, and its cheapest cell has the result that the page gives."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.full("kills of the supervisor, without the benchmark")
@pytest.mark.slow
def test_a_killed_supervisor_loses_and_doubles_nothing(tmp_path: Path) -> None:
    figures = tmp_path / "figures.json"
    only = ("--only", "ours: supervisor, SIGKILL")
    command = [sys.executable, "-m", "benchmarks.chaos", "--quick", *only, "--json", str(figures)]
    subprocess.run(command, cwd=ROOT, check=True, timeout=200)

    (table,) = json.loads(figures.read_text("utf-8"))
    (row,) = (dict(zip(table["columns"], row, strict=True)) for row in table["rows"])
    assert row["finished"] == "8 of 8"
    assert [row[count] for count in ("failed", "lost", "doubled", "left over")] == ["0"] * 4
    assert row["how it ended"] == "died, resumed, finished"
    assert "resume()" in row["what was told"]
