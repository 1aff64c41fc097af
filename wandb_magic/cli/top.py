"""``wandb-magic top``: one sweep live in a terminal, with keys for the verbs.

It draws with rich, which belongs to an extra. What it shows is what every other view reads; what a
key asks for is a request like any other.
"""

from __future__ import annotations

import os
import select
import sys
import termios
import tty
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any

from wandb_magic.analysis.escape_sequences import plain_line
from wandb_magic.analysis.ranking import curve_values, improvement_curve
from wandb_magic.api import _log_reader
from wandb_magic.api._sweep import Sweep
from wandb_magic.commands.parser import UsageError
from wandb_magic.display import formatting
from wandb_magic.display.states import STATES
from wandb_magic.errors import SweepError, UnsupportedError
from wandb_magic.records import RunRecord, sweep_metric

_REFRESH_S = 0.5
_KEY_S = 0.1  # for the rest of an arrow key
_BARS = "▁▂▃▄▅▆▇█"
_KEYS = "↑↓ run · l logs · p pause/resume · s stop run · r rerun · S stop sweep · q quit"
_ARROWS = {"\x1b[A": "k", "\x1b[B": "j", "\x1bOA": "k", "\x1bOB": "j"}
_LOG_LINES = 12


def top(sweep: Sweep) -> None:
    """Show a sweep until the user quits.

    Raises
    ------
    UnsupportedError
        If rich is missing.
    UsageError
        If there is no terminal.
    """
    if find_spec("rich") is None:
        raise UnsupportedError("top needs rich: pip install 'wandb-magic[top]'")
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError("top needs a terminal: `wandb-magic status` prints the same once")
    from rich.console import Console  # noqa: PLC0415 - an extra
    from rich.live import Live  # noqa: PLC0415 - an extra

    view, console = TopView(sweep), Console()
    with (
        _keys_at_once(),
        Live(view.draw(*console.size), console=console, screen=True, auto_refresh=False) as live,
    ):
        while not view.is_done:
            live.update(view.draw(*console.size), refresh=True)
            for key in _read_keys(_REFRESH_S):
                view.press(key)


class TopView:
    """What is shown, and which run is selected.

    Parameters
    ----------
    sweep
        The sweep.

    Attributes
    ----------
    is_done
        Whether the user has left.
    """

    def __init__(self, sweep: Sweep) -> None:
        self._sweep = sweep
        self._selected: str | None = None
        self._shows_log = False
        self._message = ""
        self.is_done = False

    def press(self, key: str) -> None:
        """Do what a key stands for."""
        self._message = ""
        if key in ("q", "\x03", "\x04"):
            self.is_done = True
        elif key in ("j", "k"):
            self._move(1 if key == "j" else -1)
        elif key == "l":
            self._shows_log = not self._shows_log
        elif key in ("p", "s", "r", "S"):
            try:
                self._message = self._request(key)
            except SweepError as error:
                self._message = plain_line(str(error))

    def _request(self, key: str) -> str:
        if key == "S":
            self._sweep.stop()
            return "the sweep stops"
        if key == "p":
            is_running = self._sweep.state == "running"
            _ = self._sweep.pause() if is_running else self._sweep.resume()
            return "paused" if is_running else "the sweep continues"
        run = self._run(self._runs())
        if run is None:
            return "there is no run yet"
        if key == "s":
            self._sweep.stop_run(run.id)
            return f"run {run.number} stops"
        self._sweep.rerun(run.id)
        return f"run {run.number} starts again"

    def _runs(self) -> list[RunRecord]:
        """Return the runs as they are listed: the newest first."""
        return [*reversed(self._sweep.records())]

    def _run(self, runs: Sequence[RunRecord]) -> RunRecord | None:
        """Return the selected run: the newest, until another one was chosen."""
        chosen = (run for run in runs if run.id == self._selected)
        return next(chosen, runs[0] if runs else None)

    def _move(self, by: int) -> None:
        runs = self._runs()
        if run := self._run(runs):
            self._selected = runs[min(max(runs.index(run) + by, 0), len(runs) - 1)].id

    def draw(self, columns: int, lines: int) -> Any:  # noqa: ANN401 - rich is an extra
        """Return what is shown now, in a terminal of that size."""
        from rich.console import Group  # noqa: PLC0415 - an extra
        from rich.text import Text  # noqa: PLC0415 - an extra

        status, runs = self._sweep.status(), self._runs()
        run = self._run(runs)
        log = self._log(run, columns) if self._shows_log and run is not None else []
        notices = formatting.notices(status)[-2:]
        head = [formatting.status_line(status), *notices]
        values = curve_values([*reversed(runs)], status.sweep)
        curve = improvement_curve(values, sweep_metric(status.sweep))
        if curve:
            head.append(f"best {status.metric} {sparkline(curve, max(10, columns - 40))}")
        room = max(3, lines - len(head) - len(log) - 5)
        parts = [Text(line, no_wrap=True, overflow="ellipsis") for line in head]
        table = self._table(runs, run, room)
        tail = [Text(line, no_wrap=True, overflow="ellipsis", style="dim") for line in log]
        foot = Text(self._message or _KEYS, no_wrap=True, overflow="ellipsis", style="bold")
        return Group(*parts, table, *tail, foot)

    def _table(self, runs: Sequence[RunRecord], selected: RunRecord | None, room: int) -> Any:  # noqa: ANN401
        from rich.table import Table  # noqa: PLC0415 - an extra
        from rich.text import Text  # noqa: PLC0415 - an extra

        table = Table(box=None, pad_edge=False, expand=True)
        for name in ("run", "state", "value", "time", "parameters", "cause"):
            table.add_column(name, no_wrap=True, overflow="ellipsis")
        at = 0 if selected is None else runs.index(selected)
        begin = max(0, min(at - room // 2, len(runs) - room))
        for run in runs[begin : begin + room]:
            cells = (
                str(run.number),
                f"{STATES[run.state.value].symbol} {run.state.value}",
                formatting.number(run.value),
                formatting.run_duration(run),
                formatting.truncate(formatting.params(run), 60),
                formatting.truncate(run.cause, 60),
            )
            table.add_row(*map(Text, cells), style="reverse" if run is selected else "")
        return table

    def _log(self, run: RunRecord, columns: int) -> list[str]:
        try:
            path = self._sweep.log_path(run.id)
            end = _log_reader.tail(path, _LOG_LINES, _log_reader.TAIL_BYTES)
            text = _log_reader.read(path, end.begin)
        except SweepError as error:
            text = str(error)
        lines = [
            " " * (len(line) - len(line.lstrip(" "))) + plain_line(line)
            for line in text.splitlines()[-_LOG_LINES:]
        ]
        return [f"── output of run {run.number}", *(line[:columns] for line in lines)]


def sparkline(values: Sequence[float], width: int) -> str:
    """Return values as a line of bars, at most `width` of them; "" without values."""
    if not values:
        return ""
    step = max(1, -(-len(values) // width))
    shown = values[step - 1 :: step] or values[-1:]
    low, high = min(shown), max(shown)
    # Halved first, so that the span of very large numbers stays finite.
    span = high / 2 - low / 2
    last = len(_BARS) - 1
    return "".join(
        _BARS[round(last * (value / 2 - low / 2) / span) if span else last // 2] for value in shown
    )


@contextmanager
def _keys_at_once() -> Iterator[None]:
    """Receive each key as it is pressed, without showing it."""
    descriptor = sys.stdin.fileno()
    before = termios.tcgetattr(descriptor)
    try:
        tty.setcbreak(descriptor)
        yield
    finally:
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)


def _read_keys(timeout: float) -> list[str]:
    """Return the keys that are pressed within a time, arrows as ``j`` and ``k``."""
    descriptor = sys.stdin.fileno()
    if not select.select([descriptor], [], [], timeout)[0]:
        return []
    text = os.read(descriptor, 1024).decode("utf-8", "replace")
    # The bytes of one key may arrive one after another.
    while (
        text.endswith(("\x1b", "\x1b[", "\x1bO"))
        and select.select([descriptor], [], [], _KEY_S)[0]
    ):
        text += os.read(descriptor, 1024).decode("utf-8", "replace")
    if not text:
        return ["q"]  # the terminal is gone
    for sequence, key in _ARROWS.items():
        text = text.replace(sequence, key)
    return [key for key in text if key != "\x1b"]
