"""Failed runs whose processes are held: which, for how long, and who may enter them."""

import json
import re
import socket
from pathlib import Path
from typing import Any

import pytest

from tests.waiting import wait_until
from wandb_magic import errors, start
from wandb_magic.display.held_debugger import debug_held
from wandb_magic.postmortem.hold_file import Hold, read_hold
from wandb_magic.processes import is_alive
from wandb_magic.records import RunState

CONFIG: dict[str, Any] = {"method": "grid", "parameters": {"x": {"values": [1, 2]}}}
CAUSE = "IndexError: list index out of range"


def look_up(values: list[int], index: int) -> int:
    return values[index]


def train() -> None:
    look_up([0, 1, 2], 7)


class Editor:
    """The debugger of an editor: a client of the Debug Adapter Protocol."""

    def __init__(self, port: int) -> None:
        self._connection = socket.create_connection(("127.0.0.1", port), timeout=120)
        self._stream = self._connection.makefile("rwb")
        self._sent = 0

    def request(self, command: str, **arguments: object) -> None:
        self._sent += 1
        message = {"seq": self._sent, "type": "request", "command": command}
        body = json.dumps({**message, "arguments": arguments}).encode()
        self._stream.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
        self._stream.flush()

    def wait_for(self, kind: str, name: str) -> dict[str, Any]:
        while True:
            length = 0
            while line := self._stream.readline().strip():
                length = int(line.rpartition(b":")[2])
            message: dict[str, Any] = json.loads(self._stream.read(length))
            if message["type"] == kind and name in (message.get("event"), message.get("command")):
                body: dict[str, Any] = message.get("body") or {}
                return body

    def close(self) -> None:
        self._stream.close()
        self._connection.close()


def test_one_run_is_held_and_the_sweep_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    sweep = start(CONFIG, train, agents=2, hold=30, grace=1, mode="offline")
    wait_until(lambda: sweep.status().held and sweep.status().ended)
    (held,) = sweep.status().held
    runs = {run.number: run for run in sweep.records()}
    other = runs[1 - held.number]
    assert (other.state, other.cause) == (RunState.FAILED, CAUSE)
    run = runs[held.number]
    assert run.state is RunState.RUNNING
    assert sweep.failure(held.number).frames[-1].locals["index"] == 7
    assert "is held until" in sweep.log_path(held.number).read_text("utf-8")

    # Nobody else can reach its process.
    file = Path(held.hold.socket)
    assert file.parent.stat().st_mode & 0o077 == 0
    assert held.hold.is_own()

    # An editor can, once its user asked for that: it stops where the run failed.
    debug_held(held.number, held.hold, listen=True)
    port = re.search(r"127\.0\.0\.1:(\d+)", capsys.readouterr().out)
    assert port is not None
    editor = Editor(int(port[1]))
    editor.request("initialize", adapterID="debugpy")
    editor.wait_for("response", "initialize")
    editor.request("attach", justMyCode=False)
    editor.wait_for("event", "initialized")
    editor.request("setExceptionBreakpoints", filters=["uncaught"])
    editor.request("configurationDone")
    thread = editor.wait_for("event", "stopped")["threadId"]
    editor.request("stackTrace", threadId=thread)
    frames = editor.wait_for("response", "stackTrace")["stackFrames"]
    assert [frame["name"] for frame in frames[:2]] == ["look_up", "train"]
    editor.request("evaluate", expression="values[index - 6]", frameId=frames[0]["id"])
    assert editor.wait_for("response", "evaluate")["result"] == "1"

    # It is stopped with the sweep, even while it is debugged, and has failed.
    sweep.stop()
    sweep.wait()
    editor.close()
    assert not is_alive(run.process)
    assert [(each.state, each.cause) for each in sweep.records()] == [(RunState.FAILED, CAUSE)] * 2
    assert not file.parent.exists()
    with pytest.raises(errors.SweepStateError, match=r"no longer held|not by a process of yours"):
        debug_held(held.number, held.hold)


def test_a_hold_ends_by_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    config = {**CONFIG, "parameters": {"x": {"value": 1}}}
    sweep = start(config, train, hold=0.01, retries=1, mode="offline")
    sweep.wait()
    assert [(run.state, run.cause) for run in sweep.records()] == [(RunState.FAILED, CAUSE)] * 2
    assert sweep.state == "finished"


def test_what_cannot_be_held_is_refused() -> None:
    with pytest.raises(errors.SpecError, match="hold: must be a number of minutes from 0 to 1440"):
        start(CONFIG, train, hold=-1, mode="offline")
    with pytest.raises(errors.SpecError, match="hold: only runs of a cell or a function"):
        start({**CONFIG, "program": "train.py"}, hold=5, mode="offline")


def test_a_note_from_elsewhere_leads_nowhere(tmp_path: Path) -> None:
    from wandb_magic.paths import RunPaths  # noqa: PLC0415 - of this test alone

    paths = RunPaths(tmp_path)
    assert read_hold(paths) is None
    for text in ("", "[]", "{}", '{"until": "x", "socket": 1}', '{"until": 1, "socket": "/x"}'):
        paths.hold.write_text(text)
        assert read_hold(paths) is None
    open_folder = tmp_path / "open"
    open_folder.mkdir()
    open_folder.chmod(0o755)
    monkey = socket.socket(socket.AF_UNIX)
    short = Path("/tmp") / f"wm-test-{tmp_path.stat().st_ino}"
    short.symlink_to(open_folder)
    try:
        monkey.bind(str(short / "s"))
        for name in (short / "s", open_folder / "s", tmp_path, Path("/nowhere/s")):
            assert not Hold(2**40, str(name)).is_own()
            with pytest.raises(errors.SweepStateError, match="not by a process of yours"):
                debug_held(0, Hold(2**40, str(name)))
    finally:
        monkey.close()
        short.unlink()
