"""The last part of a run's output, however long the output is."""

import os
from pathlib import Path

import pytest
from IPython.core.interactiveshell import InteractiveShell

from analysis import factories
from wandb_magic.api import Sweep, _log_reader
from wandb_magic.cli.main import run as typed
from wandb_magic.commands.handlers import dispatch
from wandb_magic.commands.parser import UsageError, line_parser
from wandb_magic.display import log_note
from wandb_magic.errors import SweepError

LINES = [f"line {number}" for number in range(50_000)]


@pytest.fixture
def output(tmp_path: Path) -> Path:
    path = tmp_path / "output.log"
    path.write_text("\n".join(LINES) + "\n")
    return path


@pytest.mark.parametrize("end", ["", "\n"])
@pytest.mark.parametrize("count", [0, 1, 3, 49_999, 50_000, 60_000])
def test_the_last_lines_are_found(output: Path, count: int, end: str) -> None:
    output.write_text("\n".join(LINES) + end)
    found = _log_reader.tail(output, count)
    assert (
        _log_reader.read(output, found.begin).splitlines()
        == LINES[len(LINES) - min(count, 50_000) :]
    )
    assert found.size == output.stat().st_size


def test_a_line_without_end_is_cut_between_characters(tmp_path: Path) -> None:
    path = tmp_path / "output.log"
    for letter in ("x", "é", "好", "🙂"):
        path.write_text(letter * 100_000)
        for octets in range(1000, 1004):
            found = _log_reader.tail(path, 200, octets)
            shown = _log_reader.read(path, found.begin)
            assert set(shown) == {letter}
            assert octets - 4 < len(shown.encode()) <= octets


def test_nothing_is_at_the_end_of_no_file(tmp_path: Path) -> None:
    assert _log_reader.tail(tmp_path / "none", 10) == _log_reader.Tail(0, 0)
    (tmp_path / "empty").touch()
    assert _log_reader.tail(tmp_path / "empty", 10) == _log_reader.Tail(0, 0)


def test_following_takes_lines_of_any_length(tmp_path: Path) -> None:
    path = tmp_path / "output.log"
    path.write_bytes(b"a\n" + b"x" * 5_000_000 + b"\n\nlast")
    assert [len(line) for line in _log_reader.follow(path, lambda: True)] == [1, 5_000_000, 0, 4]
    assert list(_log_reader.follow(path, lambda: True, path.stat().st_size - 4)) == ["last"]


class Shown:
    """A surface that keeps what it is shown."""

    def __init__(self, shell: object) -> None:
        self.lines: list[str] = []
        self._shell = shell

    def show(self, line: str) -> None:
        self.lines.append(line)

    def shell(self) -> object:
        return self._shell


def said(line: str, shell: object) -> tuple[list[str], str, str]:
    surface = Shown(shell)
    answer = dispatch(line_parser().parse_args(line.split()), surface)  # type: ignore[arg-type]
    return surface.lines, answer.text, answer.html


def test_a_notebook_shows_the_end_and_where_all_of_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    sweep = Sweep(factories.make(tmp_path, runs=2))
    path = sweep.log_path(0)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(LINES) + "\n")
    notebook = InteractiveShell()
    logs_ = f"logs {sweep.path} 0"

    (shown,), text, html = said(logs_, notebook)
    assert shown.splitlines() == LINES[-200:]
    assert "--all shows all of it" in text
    assert text.endswith(str(path.relative_to(tmp_path)))
    assert f'href="{path.relative_to(tmp_path)}"' in html
    shown_lines, text, _ = said(f"{logs_} --follow", notebook)
    assert (shown_lines, bool(text)) == (LINES[-200:], True)

    assert said(f"{logs_} --all", notebook) == (["\n".join(LINES)], "", "")
    assert said(f"{logs_} --tail 2", notebook)[0] == ["\n".join(LINES[-2:])]
    assert said(f"{logs_} --tail 0", notebook)[0] == []
    for wrong in ("--tail 2 --all", "--tail -2"):
        with pytest.raises(UsageError, match="--tail"):
            said(f"{logs_} {wrong}", notebook)

    path.write_text("x" * 1_000_000)
    (shown,), *_ = said(logs_, notebook)
    assert len(shown) == _log_reader.TAIL_BYTES
    path.write_text("\n".join(LINES[:200]) + "\n")
    assert said(logs_, notebook) == (["\n".join(LINES[:200])], "", "")

    # In a terminal it is read and piped whole.
    path.write_text("\n".join(LINES) + "\n")
    assert typed(["logs", str(sweep.path), "0"]) == 0
    assert capsys.readouterr().out.splitlines() == LINES
    assert typed(["logs", str(sweep.path), "0", "--tail", "3"]) == 0
    assert capsys.readouterr().out.splitlines() == LINES[-3:]
    assert sweep.logs(0, tail=2) == "\n".join(LINES[-2:]) + "\n"


def test_the_note_names_a_file_that_lies_elsewhere_without_a_link() -> None:
    end = _log_reader.Tail(900, 1000)
    assert "<a " not in log_note.html(Path("/else<where>/output.log"), end)
    assert "&lt;where&gt;" in log_note.html(Path("/else<where>/output.log"), end)


@pytest.mark.parametrize("how", ["link", "pipe", "folder"])
def test_what_is_no_output_is_neither_followed_nor_waited_for(tmp_path: Path, how: str) -> None:
    output, secret = tmp_path / "output.log", tmp_path / "secret"
    secret.write_text("secret")
    if how == "link":
        output.symlink_to(secret)
    elif how == "pipe":
        os.mkfifo(output)
    else:
        output.mkdir()
    readers = (
        lambda: _log_reader.read(output),
        lambda: _log_reader.tail(output, 5),
        lambda: list(_log_reader.follow(output, lambda: True)),
    )
    for reader in readers:
        with pytest.raises(SweepError, match=r"output\.log cannot be read: "):
            reader()
