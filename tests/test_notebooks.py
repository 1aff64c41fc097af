"""The notebooks run from top to bottom in a real kernel, offline, and hold their outputs."""

import shutil
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from full import FULL

FOLDER = Path(__file__).parents[1] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
PICTURES = {"image/png", "image/svg+xml", "image/jpeg"}
CELL_S = 600
SECONDS = {"flow_matching": 100, "reproduce_issue": 110}  # the others take half a minute

by_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    "path",
    [
        pytest.param(path, marks=pytest.mark.slow(SECONDS.get(path.stem, 30)), id=path.stem)
        for path in NOTEBOOKS
    ],
)
def test_a_notebook_runs(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")  # tests run side by side on few cores
    folder = tmp_path / "notebooks"
    shutil.copytree(FOLDER, folder, ignore=shutil.ignore_patterns("*.ipynb", "__pycache__"))
    if not FULL:  # as committed it trains for a minute and more; this shows the same
        config = folder / "configs" / "flow_digits.yaml"
        config.write_text(config.read_text().replace("epochs: 100\n", "epochs: 40\n"))
    notebook = nbformat.read(path, as_version=4)
    resources = {"metadata": {"path": str(folder)}}
    NotebookClient(notebook, timeout=CELL_S, kernel_name="python3", resources=resources).execute()
    shown = [data for cell in code(notebook) for data in displayed(cell)]
    finished = [data for data in shown if "✓ finished" in data.get("text/plain", "")]
    # The cell that started a sweep shows how it ended, without a widget.
    assert finished
    assert not any("widget" in kind for data in finished for kind in data)


@by_notebook
def test_a_notebook_is_committed_with_its_outputs(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    notebook = nbformat.reads(text, as_version=4)
    assert all(cell.execution_count for cell in code(notebook))
    assert not any(
        output.output_type == "error" for cell in code(notebook) for output in cell.outputs
    )
    assert not any(folder in text for folder in ("/home/", "/root/", "/Users/", "/tmp/"))
    assert len(text) < 3_000_000


@by_notebook
def test_plots_are_seen_without_a_kernel_or_javascript(path: Path) -> None:
    shown = [data for cell in code(nbformat.read(path, as_version=4)) for data in displayed(cell)]
    assert any(PICTURES & data.keys() for data in shown)
    for data in shown:
        if any("plotly" in kind for kind in data):
            # Other people's figures have none, and say so.
            assert PICTURES & data.keys() or "this plot has no picture" in data["text/plain"]


@by_notebook
def test_the_last_cell_asserts_what_the_notebook_claims(path: Path) -> None:
    assert code(nbformat.read(path, as_version=4))[-1].source.count("assert ") >= 1


def code(notebook: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def displayed(cell: nbformat.NotebookNode) -> list[dict[str, Any]]:
    return [output["data"] for output in cell.outputs if "data" in output]
