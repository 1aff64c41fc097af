"""The guides, followed: every block of a page runs, in order, in one kernel and one folder.

A block of Python is a cell, of ``bash`` a script; one whose first line is a comment with a file's
name is that file. A block of text is what the block before it shows, with ``…`` for anything.
Blocks of any other language are not run: they install, or open a browser. Pages about W&B's server
have one of the tests' own, and are logged in to it.
"""

import os
import re
import sys
import time
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

import wandb_magic
from fake_wandb_server.server import FakeWandbServer

ROOT = Path(__file__).parents[1]
GUIDES = sorted((ROOT / "docs" / "how-to").glob("[a-z]*.md"))
STARTED = ROOT / "docs" / "getting-started.md"
BLOCK = re.compile(r"(?ms)^```(\w+)\n(.*?)^```$")
FILE = re.compile(r"# (\S+\.(?:py|yaml))\n")
ONLINE = {"agents.md", "priors.md"}
PATIENCE_S = 120


def blocks(text: str) -> list[tuple[str, str]]:
    return [
        (match[1], match[2])
        for match in BLOCK.finditer(text)
        if match[1] in TURNED or is_file(match)
    ]


def is_file(match: re.Match[str]) -> bool:
    return FILE.match(match[2]) is not None


TURNED = {"python": "", "bash": "%%bash -e\n", "text": ""}


def cell(language: str, source: str) -> str:
    if file := FILE.match(source):
        return f"%%writefile {file[1]}\n{source}"
    return TURNED[language] + source


def settled() -> bool:
    """Tell whether each sweep shows something; nobody would go on before it does."""
    return all(
        sweep.state not in ("pending", "running")
        or any(run.state.value == "running" and run.value is not None for run in sweep.records())
        or any(run.state.has_ended for run in sweep.records())
        for sweep in wandb_magic.sweeps()
    )


def follow(text: str, folder: Path) -> None:
    """Run the blocks of a page; fail where one does, or shows something else than is told."""
    notebook = nbformat.v4.new_notebook()
    resources = {"metadata": {"path": str(folder)}}
    client = NotebookClient(
        notebook, timeout=PATIENCE_S, kernel_name="python3", resources=resources
    )
    with client.setup_kernel():
        shown = ""
        for language, source in blocks(text):
            if language == "text":
                assert matches(source, shown), f"told:\n{source}\nshown:\n{shown}"
                continue
            deadline = time.monotonic() + PATIENCE_S
            while not settled():
                assert time.monotonic() < deadline, [str(each) for each in wandb_magic.sweeps()]
                time.sleep(0.05)
            done = nbformat.v4.new_code_cell(cell(language, source))
            notebook.cells.append(done)
            client.execute_cell(done, len(notebook.cells) - 1)
            failed = [each for each in done.outputs if "UsageError" in each.get("text", "")]
            assert not failed, failed
            shown = "".join(
                each.get("text", "") or each.get("data", {}).get("text/plain", "")
                for each in done.outputs
            )


def matches(told: str, shown: str) -> bool:
    """Tell whether a text says what was shown, whatever the white space; ``…`` is anything."""
    parts = ["".join(part.split()) for part in told.split("…")]
    return re.fullmatch(".*".join(map(re.escape, parts)), "".join(shown.split())) is not None


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to follow a page in, with the commands of this environment."""
    found = tmp_path / "work"
    found.mkdir()
    monkeypatch.setenv("WANDB_DIR", str(found))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")  # pages are followed side by side on few cores
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    return found


def log_in(server: FakeWandbServer, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in server.environment.items():
        monkeypatch.setenv(name, value)


@pytest.mark.slow
@pytest.mark.parametrize("page", GUIDES, ids=lambda page: page.name)
def test_a_guide_can_be_followed(
    page: Path, folder: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    if page.name in ONLINE:
        log_in(request.getfixturevalue("fake_wandb_server"), monkeypatch)
    follow(page.read_text(encoding="utf-8"), folder)


@pytest.mark.slow
def test_getting_started_can_be_followed(folder: Path) -> None:
    offline, online = STARTED.read_text(encoding="utf-8").split("## Online\n")
    follow(offline, folder)
    assert list((folder / "wandb").glob("offline-run-*"))
    assert not list((folder / "wandb").glob("sweep-*"))
    assert online


@pytest.mark.full("the same cell with a login in tests/kernels/test_online.py")
@pytest.mark.slow
def test_the_last_step_of_getting_started_is_online(
    folder: Path, fake_wandb_server: FakeWandbServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    log_in(fake_wandb_server, monkeypatch)
    text = STARTED.read_text(encoding="utf-8")
    setup, online = text.split("## 4. ")[0], text.split("## Online\n")[1]
    follow(setup + online, folder)
    (sweep,) = wandb_magic.sweeps()
    sweep.wait(PATIENCE_S)
    assert sweep.status().ended == 20
    assert len(fake_wandb_server.sweeps[sweep.id].runs) == 20
