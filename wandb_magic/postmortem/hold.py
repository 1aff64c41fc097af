"""Keeps the process of a failed run for a while, so that a debugger can enter its frames.

It listens on a Unix socket in a folder that only its user can enter: whoever reaches it can
execute code. A second run of the sweep that fails meanwhile is not held, so that the others go on.

Each line of a connection is a JSON object. The debugger begins with its ``mode``; the run sends
``text`` to show and ``input``, a prompt, which is answered by ``line``.
"""

from __future__ import annotations

import contextlib
import json
import os
import pdb  # noqa: T100 - what this is for
import shutil
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Any, TextIO

from wandb_magic.file_lock import FileLock
from wandb_magic.paths import RunPaths
from wandb_magic.postmortem.hold_file import HOLD_VARIABLE, Hold

_MAX_SOCKET_PATH = 90  # bytes; the system's limit is 104 or 108
_LOOPBACK = "127.0.0.1"


def hold(
    error: BaseException,
    trace: TracebackType | None,
    paths: RunPaths,
    environment: Mapping[str, str],
    texts: tuple[str, str],
) -> bool:
    """Wait until the time is up or somebody stops the run; return whether the run was held.

    Parameters
    ----------
    error, trace
        The exception that ends the run, and its traceback without our frames.
    paths
        The run's paths.
    environment
        The environment with which the run began.
    texts
        Why the run failed, in full and in one line.
    """
    try:
        seconds = 60 * float(environment.get(HOLD_VARIABLE) or 0)
    except ValueError:
        return False
    if seconds <= 0 or trace is None or paths.stop.exists():
        return False
    with FileLock(paths.folder.parent / "hold.lock") as lock:
        if not lock.acquire():
            return False
        with contextlib.suppress(KeyboardInterrupt):
            _Holder(error, trace, paths).wait(seconds, texts)
        return True


class _Holder:
    def __init__(self, error: BaseException, trace: TracebackType, paths: RunPaths) -> None:
        self._error = error
        self._trace = trace
        self._paths = paths
        self._session = threading.Lock()  # one debugger at a time

    def wait(self, seconds: float, texts: tuple[str, str]) -> None:
        """Listen, and wait."""
        folder = _private_folder()
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
                path = str(folder / "debugger")
                listener.bind(path)
                listener.listen()
                deadline = time.monotonic() + seconds
                note = Hold(time.time() + seconds, path, *texts)
                note.write(self._paths)
                sys.stderr.write(f"wandb-magic: this run is held until {note.end}\n")
                sys.stderr.flush()
                threading.Thread(target=self._accept, args=(listener,), daemon=True).start()
                while (left := deadline - time.monotonic()) > 0:
                    time.sleep(min(left, 60.0))
        finally:
            self._paths.hold.unlink(missing_ok=True)
            shutil.rmtree(folder, ignore_errors=True)

    def _accept(self, listener: socket.socket) -> None:
        with contextlib.suppress(OSError):  # it is closed when the run ends
            while True:
                connection, _ = listener.accept()
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, connection.makefile("rw", encoding="utf-8") as stream:
            channel = _Channel(stream)
            with contextlib.suppress(OSError, ValueError, EOFError):
                if not self._session.acquire(blocking=False):
                    channel.write("another debugger is open in this run\n")
                    return
                try:
                    if channel.receive().get("mode") == "debugpy":
                        self._listen(channel)
                    else:
                        self._debug(channel)
                finally:
                    self._session.release()

    def _debug(self, channel: _Channel) -> None:
        debugger = pdb.Pdb(stdin=channel, stdout=channel, nosigint=True, readrc=False)  # type: ignore[arg-type] # it reads lines and writes text
        debugger.prompt = "(Pdb) "
        debugger.reset()
        debugger.interaction(None, self._trace)

    def _listen(self, channel: _Channel) -> None:
        """Let a debugger of an editor attach, through debugpy, which knows no password."""
        if find_spec("debugpy") is None:
            channel.write("this needs debugpy, which ipykernel brings: pip install debugpy\n")
            return
        import debugpy  # noqa: PLC0415, T100 - slow, and wanted

        try:
            _, port = debugpy.listen((_LOOPBACK, 0))  # noqa: T100 - as above
        except RuntimeError as error:  # it listens already, for as long as the process lives
            channel.write(f"debugpy cannot listen: {error}\n")
            return
        configuration = {
            "name": f"run {self._paths.folder.name}",
            "type": "debugpy",
            "request": "attach",
            "connect": {"host": _LOOPBACK, "port": port},
            "justMyCode": False,
        }
        channel.write(
            f"attach an editor to {_LOOPBACK}:{port}; for VS Code, in launch.json:\n"
            f"{json.dumps(configuration, indent=2)}\n"
        )
        channel.send({"end": True})
        debugpy.wait_for_client()  # noqa: T100 - as above
        _stop_at(self._error, self._trace)


def _stop_at(error: BaseException, trace: TracebackType) -> None:
    """Stop in an attached debugger at the frames of an exception, as for one that is uncaught."""
    import pydevd  # noqa: PLC0415 - part of debugpy

    debugger: Any = pydevd.get_global_debugger()
    thread = threading.current_thread()
    information = debugger.set_additional_thread_info(thread)
    information.is_tracing += 1
    try:
        debugger.stop_on_unhandled_exception(
            debugger, thread, information, (type(error), error, trace)
        )
    finally:
        information.is_tracing -= 1


class _Channel:
    """What the debugger reads and writes: lines that a user types elsewhere."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._text = ""

    def receive(self) -> dict[str, Any]:
        """Return the next object.

        Raises
        ------
        EOFError
            If the other side has gone.
        ValueError
            If it sends something else.
        """
        line = self._stream.readline()
        if not line:
            raise EOFError
        message = json.loads(line)
        if not isinstance(message, dict):
            raise ValueError("not an object")  # noqa: TRY004 - as for what is not JSON
        return message

    def send(self, message: Mapping[str, object]) -> None:
        """Send an object."""
        self._stream.write(json.dumps(message) + "\n")
        self._stream.flush()

    def readline(self) -> str:
        """Ask for a line; what was written last is its prompt."""
        text, _, prompt = self._text.rpartition("\n")
        if text:
            self.send({"text": f"{text}\n"})
        self._text = ""
        self.send({"input": prompt})
        try:
            return str(self.receive().get("line", "")) + "\n"
        except EOFError:
            return ""

    def write(self, text: str) -> int:
        """Show a text, at the latest before the next line is read."""
        self._text += text
        if "\n" in self._text:
            whole, _, self._text = self._text.rpartition("\n")
            self.send({"text": f"{whole}\n"})
        return len(text)

    def flush(self) -> None:
        """Do nothing: lines are sent when they are complete."""


def _private_folder() -> Path:
    """Return a new folder that only this user can enter, with a path short enough for a socket."""
    long = len(os.fsencode(tempfile.gettempdir())) > _MAX_SOCKET_PATH - 30
    return Path(tempfile.mkdtemp(prefix="wandb-magic-", dir="/tmp" if long else None))  # noqa: S108 - mkdtemp's are private
