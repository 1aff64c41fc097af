"""Real kernels with a client each, and the little of W&B that ``wandb.agent`` needs to begin.

The server has just what the agent asks before its first run.
"""

import json
import os
import signal
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import psutil
import pytest
from jupyter_client import BlockingKernelClient, KernelManager

ROOT = Path(__file__).parents[2]
ENVIRONMENTS = ROOT / ".venvs"
IPYKERNELS = ("6.31", "7.0.1", "newest")
PATIENCE_S = 120

Message = dict[str, Any]

VIEWER = {"id": "me", "entity": "me", "username": "me", "flags": "{}", "teams": {"edges": []}}
RUN = [{"type": "run", "run_id": "agentrun", "args": {"lr": {"value": 0.5}}}]
ANSWERS = {
    "createAgent": {"createAgent": {"agent": {"id": "agent"}}},
    "agentHeartbeat": {"agentHeartbeat": {"agent": {"id": "agent"}, "commands": json.dumps(RUN)}},
    "viewer": {"viewer": VIEWER},
}


class Answering(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        asked = self.rfile.read(int(self.headers["Content-Length"])).decode(errors="replace")
        data = next((answer for word, answer in ANSWERS.items() if word in asked), {})
        body = json.dumps({"data": data}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def agent_server() -> Iterator[str]:
    """Serve a sweep that has one run to give; its address."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Answering) as server:
        serving = threading.Thread(target=server.serve_forever)
        serving.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        serving.join()


@dataclass(frozen=True)
class Reply:
    """What came of a cell: its message's id, the kernel's reply, and what the cell published."""

    id: str
    content: Message
    published: list[Message]

    def of(self, *kinds: str) -> list[Message]:
        return [message for message in self.published if message["msg_type"] in kinds]

    @property
    def text(self) -> str:
        return "".join(message["content"]["text"] for message in self.of("stream"))


@dataclass
class Notebook:
    """A kernel and its client."""

    manager: KernelManager
    client: BlockingKernelClient = field(init=False)

    def __post_init__(self) -> None:
        self.manager.start_kernel()
        self.client = self.manager.blocking_client()

    def connect(self) -> None:
        self.client.start_channels()
        self.client.wait_for_ready(timeout=PATIENCE_S)

    @property
    def pid(self) -> int:
        return int(self.manager.provisioner.pid)

    def run(self, code: str) -> Reply:
        published: list[Message] = []
        reply = self.client.execute_interactive(
            textwrap.dedent(code).strip(), timeout=PATIENCE_S, output_hook=published.append
        )
        content = reply["content"]
        assert content["status"] == "ok", "\n".join(content["traceback"])
        return Reply(reply["parent_header"]["msg_id"], content, published)

    def send(self, kind: str, content: Message) -> None:
        """Send what a front end sends without waiting for a reply."""
        self.client.shell_channel.send(self.client.session.msg(kind, content))

    def hear(self, wanted: Callable[[Message], bool]) -> list[Message]:
        """Return what the kernel publishes by itself up to the first wanted message."""
        deadline = time.monotonic() + PATIENCE_S
        heard: list[Message] = []
        while not heard or not wanted(heard[-1]):
            assert time.monotonic() < deadline, "no such message came in time"
            heard.append(self.client.get_iopub_msg(timeout=PATIENCE_S))
        return heard

    def restart(self) -> None:
        self.client.stop_channels()
        self.manager.restart_kernel()
        self.client = self.manager.blocking_client()
        self.connect()

    def kill(self) -> None:
        self.client.stop_channels()
        kernel = psutil.Process(self.pid)
        self.manager.signal_kernel(signal.SIGKILL)
        kernel.wait(PATIENCE_S)

    def close(self) -> None:
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)
        self.manager.cleanup_resources()


Open = Callable[[], Notebook]


@pytest.fixture(params=IPYKERNELS)
def ipykernel(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def gate(tmp_path: Path) -> Path:
    """The runs of `DEFINITIONS` end when this file exists."""
    return tmp_path / "gate"


@pytest.fixture
def open_notebook(
    ipykernel: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Open]:
    python = ENVIRONMENTS / f"ipykernel-{ipykernel}" / "bin" / "python"
    assert python.exists(), "run scripts/kernels first: it makes the environments of these tests"
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    runtime = Path(os.environ["JUPYTER_RUNTIME_DIR"])
    runtime.mkdir(parents=True)
    specification = Path(os.environ["JUPYTER_DATA_DIR"]) / "kernels" / "tested" / "kernel.json"
    specification.parent.mkdir(parents=True)
    command = [str(python), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    specification.write_text(
        json.dumps({"argv": command, "display_name": "tested", "language": "python"})
    )
    opened: list[Notebook] = []

    def opener() -> Notebook:
        # wandb takes a kernel for a notebook's by the word jupyter in this path.
        file = runtime / f"kernel-{len(opened)}.json"
        notebook = Notebook(KernelManager(kernel_name="tested", connection_file=str(file)))
        opened.append(notebook)
        notebook.connect()
        return notebook

    yield opener
    for notebook in opened:
        notebook.close()
