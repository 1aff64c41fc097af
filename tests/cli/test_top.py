"""``wandb-magic top`` in a pseudo-terminal, with keys pressed."""

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path

from tests import sweeps
from wandb_magic import store
from wandb_magic.cli.top import sparkline
from wandb_magic.records import RunState

SEQUENCE = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]|\x1b[()][A-Z0-9]")


class Terminal:
    """A terminal with a command in it."""

    def __init__(self, *command: str) -> None:
        self.own, other = pty.openpty()
        fcntl.ioctl(other, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 120, 0, 0))
        environment = {**os.environ, "TERM": "xterm-256color"}
        self.process = subprocess.Popen(
            command, stdin=other, stdout=other, stderr=other, env=environment
        )
        os.close(other)

    def wait_for(self, text: str) -> str:
        """Return what was shown since the last call, up to a text."""
        shown, deadline = "", time.monotonic() + 120
        while text not in shown:
            assert time.monotonic() < deadline, shown
            if select.select([self.own], [], [], 0.2)[0]:
                shown += SEQUENCE.sub("", os.read(self.own, 65536).decode("utf-8", "replace"))
        return shown

    def press(self, keys: str) -> None:
        os.write(self.own, keys.encode())


def test_a_sweep_is_shown_and_keys_are_obeyed(tmp_path: Path) -> None:
    paths = sweeps.write_sweep(tmp_path, sweeps.sweep_record("topsweep"))
    writer = store.StoreWriter(paths.store)
    for number in range(50):
        state = RunState.FAILED if number == 47 else RunState.FINISHED
        cause = "ValueError: \x1b[31mred" if number == 47 else ""
        writer.add_run(
            sweeps.run_record(
                number, state=state, cause=cause, value=1 / (number + 1), started=1.0, ended=2.0
            )
        )
    writer.commit()
    writer.close()
    output = paths.run(sweeps.run_record(48).id).output
    output.parent.mkdir(parents=True)
    output.write_text("the output of this run\n")

    terminal = Terminal(sys.executable, "-m", "wandb_magic.cli", "top", "topsweep")
    shown = terminal.wait_for("q quit")
    assert "name of topsweep" in shown
    assert "best loss ▇" in shown or "best loss █" in shown
    assert "ValueError: red" in shown
    for part in ("\x1b", "[B", "l"):  # an arrow key may arrive in parts
        terminal.press(part)
    assert "the output of this run" in terminal.wait_for("the output of this run")
    terminal.press("p")  # it has ended: refused with a sentence, in the terminal's last line
    terminal.wait_for("sweep")
    terminal.press("q")
    assert terminal.process.wait(60) == 0
    os.close(terminal.own)


def test_without_a_terminal_a_sentence_says_so(tmp_path: Path) -> None:
    sweeps.write_sweep(tmp_path, sweeps.sweep_record("topsweep"))
    done = subprocess.run(
        [sys.executable, "-m", "wandb_magic.cli", "top"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert "top needs a terminal" in done.stderr


def test_a_line_of_bars_shows_a_curve() -> None:
    assert sparkline([3.0, 2.0, 1.0], 10) == "█▅▁" or sparkline([3.0, 2.0, 1.0], 10) == "█▄▁"
    assert sparkline([1.0, 1.0], 10) == "▄▄"
    assert len(sparkline([float(value) for value in range(1000)], 40)) <= 40
    assert sparkline([], 10) == ""
