"""The notebooks run from top to bottom in a real kernel, offline, and hold their outputs.

`scripts/test --full` runs them as committed; otherwise they have fewer runs and epochs.
"""

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
# Without `--full` a notebook has fewer runs and epochs: what replaces what in its cells.
SHORTER: dict[str, dict[str, str]] = {
    "analysis": {
        "learnt --count 24": "learnt --count 14",
        "drawn --count 16": "drawn --count 6",
        "len(runs) == 24": "len(runs) == 14",
    },
    "create_sweep": {
        "count=8,": "count=4,",
        "{sweep_id} 4": "{sweep_id} 2",
        "--count 4": "--count 2",
        "logs(8)": "logs(4)",
        "logs(15)": "logs(7)",
        "len(runs) == 16": "len(runs) == 8",
    },
    "flow_matching": {
        "extractor(real)": "extractor(real, epochs=4)",
        '"count": {"value": 1000}': '"count": {"value": 300}',
        "compare(generator, evaluator, 400)": "compare(generator, evaluator, 60)",
        "evaluation.state == sweep.state": "evaluation.state",
        "[fid] / 20": "[fid] / 4",
        "> 2 * bounds": "> 1.2 * bounds",
        "0.5 * losses": "0.9 * losses",
    },
    "living_sweep": {"--count 14": "--count 10", "count=24": "count=10"},
    "pytorch_pipeline": {
        "epochs=8": "epochs=5",
        "--count 12": "--count 4",
        "len(runs) == 12": "len(runs) == 4",
        "value > 0.95": "value > 0.8",
    },
    "wandb_tour": {"media, charts, models, judged, broken]\nassert": "media]\nassert"},
    "quickstart": {"--count 30": "--count 14", "len(runs) == 30": "len(runs) == 14"},
}
CONFIG = {"epochs: 100\n": "epochs: 10\naverage: 0.9\n", "_every: 20\n": "_every: 5\n"}
# Only the first cells of some, and what the last cell claims of these, up to a comment: the fault
# on ipykernel 7.0.1 and its cure, without all else that breaks; config, steps and media, without
# charts, artifacts and resuming; one training and its scores, without the search.
FIRST_CELLS = {
    "flow_matching": (20, "assert len(runs)"),
    "reproduce_issue": (10, "# What breaks on every version"),
    "wandb_tour": (15, "# custom charts"),
}

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
    notebook = nbformat.read(path, as_version=4)
    if not FULL:
        shorten(notebook, path.stem)
        config = folder / "configs" / "flow_digits.yaml"
        config.write_text(replaced(config.read_text(), CONFIG))
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


def shorten(notebook: nbformat.NotebookNode, name: str) -> None:
    """Leave less to do in a notebook, which claims the same at its end."""
    changes = SHORTER.get(name, {})
    for before in changes:
        assert any(before in cell.source for cell in code(notebook)), before
    for cell in code(notebook):
        cell.source = replaced(cell.source, changes)
    if name in FIRST_CELLS:
        *cells, last = code(notebook)
        count, end = FIRST_CELLS[name]
        last.source, cut, _ = last.source.partition(end)
        assert cut
        notebook.cells = [*cells[:count], last]


def replaced(text: str, changes: dict[str, str]) -> str:
    for before, after in changes.items():
        text = text.replace(before, after)
    return text


def code(notebook: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def displayed(cell: nbformat.NotebookNode) -> list[dict[str, Any]]:
    return [output["data"] for output in cell.outputs if "data" in output]
