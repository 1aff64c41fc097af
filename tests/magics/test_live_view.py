"""The view under a cell, in a real kernel, as a front end hears it."""

import ast
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from jupyter_client import BlockingKernelClient, KernelManager

Message = dict[str, Any]
PATIENCE_S = 120
PANEL = "application/vnd.wandb-magic.sweep+json"
WIDGET = "application/vnd.jupyter.widget-view+json"
SETUP = """%load_ext wandb_magic
import os, time, wandb
GATE = "gate"
spec = {"method": "grid", "parameters": {"lr": {"values": [1, 2]}}}"""
CELL = """%%wandb_sweep spec --agents 2 --out sweep
with wandb.init() as run:
    while not os.path.exists(GATE):
        time.sleep(0.05)"""


class Front:
    """What a front end does, without showing anything."""

    def __init__(self, manager: KernelManager, folder: Path) -> None:
        self.manager = manager
        self.folder = folder
        self.client: BlockingKernelClient = manager.blocking_client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=PATIENCE_S)

    def run(self, code: str) -> list[Message]:
        """Run a cell; return what came meanwhile."""
        heard: list[Message] = []
        reply = self.client.execute_interactive(
            code, output_hook=heard.append, timeout=PATIENCE_S, store_history=True
        )
        assert reply["content"]["status"] == "ok", reply["content"]
        return heard

    def hear(self, wanted: Callable[[Message], bool]) -> list[Message]:
        """Return what comes while the kernel is idle, up to a message that is wanted."""
        heard: list[Message] = []
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            heard.append(self.client.get_iopub_msg(timeout=PATIENCE_S))
            if wanted(heard[-1]):
                return heard
        raise AssertionError("no such message came in time")

    def value(self, expression: str) -> object:
        return ast.literal_eval(written(self.run(f"print(repr({expression}))")))

    def open_gate(self) -> None:
        (self.folder / "gate").touch()


@pytest.fixture
def front(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Front]:
    monkeypatch.chdir(tmp_path)
    Path(os.environ["JUPYTER_RUNTIME_DIR"]).mkdir(parents=True)
    manager = KernelManager()
    with (tmp_path / "stderr").open("w") as stderr:
        manager.start_kernel(stderr=stderr)
    front = Front(manager, tmp_path)
    front.run(SETUP)
    yield front
    front.client.stop_channels()
    manager.shutdown_kernel(now=True)
    manager.cleanup_resources()


def shown(messages: list[Message]) -> list[dict[str, Any]]:
    kinds = ("display_data", "update_display_data", "execute_result")
    return [each["content"]["data"] for each in messages if each["msg_type"] in kinds]


def written(messages: list[Message]) -> str:
    return "".join(each["content"]["text"] for each in messages if each["msg_type"] == "stream")


def update(message: Message) -> bool:
    return bool(
        message["msg_type"] == "comm_msg"
        and "value" in message["content"]["data"].get("state", {})
    )


def value(message: Message) -> str:
    return str(message["content"]["data"]["state"]["value"])


def static(message: Message) -> bool:
    kind, content = message["msg_type"], message["content"]
    return kind == "update_display_data" and WIDGET not in content["data"]


def test_a_cell_shows_its_sweep_live_while_the_kernel_is_idle(front: Front) -> None:
    (view,) = shown(front.run(CELL))
    assert {PANEL, WIDGET, "text/html", "text/plain"} == set(view)
    assert view[PANEL]["id"] == front.value("sweep.id")
    for text in ("text/html", "text/plain"):
        assert "captured " in view[text]
        assert "as of 2" in view[text]
    assert "mine" not in view["text/html"]
    threads = "import threading; print([t.name for t in threading.enumerate()])"
    assert "wandb" not in written(front.run(threads)).lower()
    assert "True True" in written(front.run("print(_ is sweep, type(Out[2]) is type(sweep))"))

    front.hear(lambda each: update(each) and "running</span> 0" in value(each))
    front.open_gate()
    heard = front.hear(static)
    assert {each["msg_type"] for each in heard} <= {"comm_msg", "update_display_data", "status"}
    (final,) = shown(heard)
    assert "✓ finished 2" in final["text/plain"]
    assert "run 1" in final["text/html"]
    assert {PANEL, "text/html", "text/plain"} == set(final)
    assert "captured " in final["text/html"]
    (again,) = shown(front.run("sweep"))
    assert "✓ finished 2" in again["text/plain"]
    assert again[PANEL]["id"] == view[PANEL]["id"]
    assert "captured " not in again["text/plain"]


def test_a_view_goes_on_when_its_sweep_does(front: Front) -> None:
    front.run(CELL)
    (paused,) = shown(front.run("sweep.pause(); None"))
    assert "‖ paused" in paused["text/plain"]
    assert WIDGET not in paused
    (live,) = shown(front.run("sweep.resume(); None"))
    assert WIDGET in live
    front.hear(update)


def test_what_a_view_cannot_read_never_gets_into_other_cells(front: Front) -> None:
    front.run(CELL)
    front.run("import asyncio; asyncio.get_running_loop().call_later(0.1, sweep._reader.close)")
    heard = front.hear(static)
    assert {each["msg_type"] for each in heard} <= {"comm_msg", "update_display_data", "status"}
    assert "no longer shown" in shown(heard)[-1]["text/plain"]
    assert PANEL not in shown(heard)[-1]
    (only,) = shown(front.run("1 + 1"))
    assert only == {"text/plain": "2"}


def test_a_deleted_sweep_says_so(front: Front) -> None:
    front.run(CELL)
    front.run("%wandb_sweep stop")
    front.run("%wandb_sweep wait")
    (last,) = shown(front.run("%wandb_sweep delete --yes"))
    assert last["text/plain"].endswith("was deleted.")
    for text in ("text/html", "text/plain"):  # the last known state remains
        assert "stopped" in last[text]
        assert "as of 2" in last[text]
    assert len(shown(front.run("1 + 1"))) == 1


def test_an_interrupt_ends_the_waiting_only(front: Front) -> None:
    front.run(CELL)
    request = front.client.execute("%wandb_sweep wait")
    front.hear(
        lambda each: (
            each["msg_type"] == "execute_input" and each["parent_header"]["msg_id"] == request
        )
    )
    for _ in range(2):  # the first may have been sent before the waiting began
        front.hear(update)
    front.manager.interrupt_kernel()
    heard = front.hear(lambda each: "is still running" in each["content"].get("text", ""))
    assert not [each for each in heard if each["msg_type"] == "error"]
    front.hear(lambda each: each["content"].get("execution_state") == "idle")
    assert "running" in written(front.run("print(sweep.state)"))


def test_waiting_in_the_cell_shows_the_end_there(front: Front) -> None:
    front.open_gate()
    heard = front.run(CELL.replace("--out", "--wait --out"))
    assert static(next(each for each in reversed(heard) if shown([each])))
    assert "✓ finished 2" in shown(heard)[-1]["text/plain"]
    assert len(shown(heard)) == 2


def test_a_kernel_that_ends_says_nothing_about_its_views(front: Front) -> None:
    front.run(CELL)
    front.hear(update)
    front.manager.shutdown_kernel()
    said = (front.folder / "stderr").read_text()
    assert "Task" not in said
    assert "Traceback" not in said
