"""A saved or exported notebook has the last known state of its sweeps, with its time."""

import json
import re
from pathlib import Path
from typing import Any

import nbformat
import pytest
from jupyter_server.serverapp import ServerApp
from nbconvert import HTMLExporter

from tests.server.conftest import Api, Make, Written
from wandb_magic.api import Sweep
from wandb_magic.display.sweep_output import PANEL_MIME_TYPE, WIDGET_MIME_TYPE, SweepOutput
from wandb_magic.processes import current_process
from wandb_magic.records import SweepState

STARTED = 1_700_000_000.0
AS_OF = re.compile(r"as of \d{4}-\d\d-\d\d \d\d:\d\d[+-]\d\d:\d\d")


def shown(sweep: Written, *summary: str) -> dict[str, Any]:
    """Return what a kernel shows of a sweep that it has started, with a widget."""
    data, _ = SweepOutput(Sweep(sweep.paths), summary).render(STARTED)
    view = {"version_major": 2, "version_minor": 0, "model_id": "0" * 32}
    return {**data, WIDGET_MIME_TYPE: view}


def notebook(*outputs: object) -> dict[str, Any]:
    cell = nbformat.v4.new_code_cell("%%wandb_sweep", id="a")
    content = json.loads(json.dumps(nbformat.v4.new_notebook(cells=[cell])))
    content["cells"][0]["outputs"] = [
        {"output_type": "display_data", "metadata": {}, "data": data} for data in outputs
    ]
    return dict(content)


async def saved(api: Api, root: Path, content: object) -> list[dict[str, Any]]:
    """Save a notebook as a page does, and return its outputs as a page loads them."""
    body = {"type": "notebook", "format": "json", "content": content}
    answer = await api.answer("/api/contents/saved.ipynb", "PUT", body)
    assert answer.code in (200, 201), answer.body
    read = nbformat.read(root / "saved.ipynb", as_version=4)
    return [output["data"] for output in read.cells[0].outputs]


@pytest.fixture
def sweep(make_sweep: Make) -> Written:
    """A sweep that goes on."""
    return make_sweep(state=SweepState.RUNNING, ended=None, supervisor=current_process())


@pytest.fixture
def root(jp_serverapp: ServerApp) -> Path:
    return Path(jp_serverapp.root_dir)


def finish(sweep: Written) -> None:
    sweep.end(sweep.run(), value=0.25)
    sweep.writer.update_sweep(state=SweepState.FINISHED, ended=STARTED + 60)
    sweep.writer.commit()


async def test_a_saved_output_has_the_state_at_the_time(
    api: Api, root: Path, sweep: Written
) -> None:
    before = shown(sweep, "captured 8 B: rate")
    finish(sweep)
    (after,) = await saved(api, root, notebook(before))
    assert WIDGET_MIME_TYPE not in after
    for mime_type in ("text/html", "text/plain"):
        assert "finished" not in before[mime_type]
        assert "finished" in after[mime_type]
        assert "captured 8 B: rate" in after[mime_type]
        (told,) = AS_OF.findall(after[mime_type])
        assert told not in before[mime_type]
    assert after[PANEL_MIME_TYPE]["as_of"] > STARTED
    (again,) = await saved(api, root, notebook(after))
    assert again == after  # it differs in nothing, not even in its time

    # The sweep is gone, and a page that was open meanwhile has an earlier state.
    sweep.close()
    Sweep(sweep.paths).delete()
    (last,) = await saved(api, root, notebook(before))
    assert last == after


async def test_an_active_sweep_keeps_its_widget(api: Api, root: Path, sweep: Written) -> None:
    before = shown(sweep)
    sweep.run()
    (after,) = await saved(api, root, notebook(before))
    assert "run 0" in after["text/html"]
    assert WIDGET_MIME_TYPE in after


@pytest.mark.parametrize(
    "own",
    [
        {"id": "unknown0"},
        {"id": "../../etc", "as_of": "no"},
        {"id": 3},
        [],
        {"id": "sweep000", "as_of": [], "summary": {"a": 1}, "skipped_notices": -3},
        {"id": "sweep000", "summary": ["<script>alert(1)</script>", 3]},
    ],
)
async def test_what_is_not_ours_is_saved_as_it_is(
    api: Api, root: Path, sweep: Written, own: object
) -> None:
    finish(sweep)
    foreign = {"text/plain": "mine"}
    data = {PANEL_MIME_TYPE: own, "text/html": "<b>mine</b>", "text/plain": "mine"}
    first, second = await saved(api, root, notebook(foreign, data))
    assert first == foreign
    if isinstance(own, dict) and own["id"] == sweep.id:
        assert "finished" in second["text/plain"]
        assert "<script>" not in second["text/html"]
    else:
        assert second == data


async def test_other_documents_are_saved_as_they_are(api: Api, root: Path) -> None:
    body = {"type": "file", "format": "text", "content": PANEL_MIME_TYPE}
    assert (await api.answer("/api/contents/notes.txt", "PUT", body)).code == 201
    assert (root / "notes.txt").read_text("utf-8") == PANEL_MIME_TYPE


async def test_an_exported_page_has_the_state_at_the_time(
    api: Api, root: Path, sweep: Written
) -> None:
    content = notebook(shown(sweep))
    (root / "kept.ipynb").write_text(json.dumps(content), encoding="utf-8")
    as_written = HTMLExporter().from_filename(str(root / "kept.ipynb"))[0]
    assert AS_OF.search(as_written)
    finish(sweep)
    page = (await api.answer("/nbconvert/html/kept.ipynb")).body.decode()
    told = page[page.index('class="jp-Cell-outputWrapper"') :]
    assert "finished" in told
    assert "running" not in told
    assert json.loads((root / "kept.ipynb").read_text(encoding="utf-8")) == content
