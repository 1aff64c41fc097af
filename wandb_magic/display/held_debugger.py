"""A debugger in the process of a run that is held, used from here."""

from __future__ import annotations

import json
import socket
from typing import Any

from wandb_magic.analysis.escape_sequences import strip_escape_sequences
from wandb_magic.errors import SweepStateError
from wandb_magic.postmortem.hold_file import Hold


def debug_held(run: int, hold: Hold, *, listen: bool = False) -> None:
    """Open the debugger in the run's process, and return when the user has left it.

    Parameters
    ----------
    run
        The run's number.
    hold
        Where it listens.
    listen
        Whether debugpy is to listen there instead, for the debugger of an editor.

    Raises
    ------
    SweepStateError
        If the run does not answer, or is another user's.
    """
    if not hold.is_own():
        raise SweepStateError(f"run {run} is held, but not by a process of yours on this machine")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        try:
            connection.connect(hold.socket)
        except OSError as error:
            raise SweepStateError(
                f"run {run} does not answer ({error.strerror}): it is no longer held"
            ) from error
        if not listen:
            _print(
                f"In the process of run {run}, which is held until {hold.end}: `q` leaves the "
                f"debugger, and `stop-run {run}` ends the run.\n"
            )
        with connection.makefile("rw", encoding="utf-8") as stream:
            _send(stream, {"mode": "debugpy" if listen else "pdb"})
            for line in stream:
                message = json.loads(line)
                if "text" in message:
                    _print(str(message["text"]))
                if "input" in message:
                    _send(stream, {"line": input(strip_escape_sequences(str(message["input"])))})
                if message.get("end"):
                    break


def _send(stream: Any, message: dict[str, str]) -> None:  # noqa: ANN401 - a file of a socket
    stream.write(json.dumps(message) + "\n")
    stream.flush()


def _print(text: str) -> None:
    print(strip_escape_sequences(text), end="", flush=True)  # noqa: T201 - as pdb prints
