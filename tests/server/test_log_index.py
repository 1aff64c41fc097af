"""Pages of an output, whatever a run writes into it, and what is found in it."""

from __future__ import annotations

from pathlib import Path

from wandb_magic.server.log_index import BLOCK, MAX_LINE, MAX_LINES, STRIDE, LogIndex


def written(folder: Path, content: bytes) -> tuple[LogIndex, Path]:
    path = folder / "output.log"
    path.write_bytes(content)
    return LogIndex(path), path


def lines(log: LogIndex, first: int, count: int) -> list[str]:
    return log.page(first, count, ended=False)["lines"]


def found(log: LogIndex, text: str, first: int = 0, limit: int = 100) -> list[int]:
    return log.matches(text, first, limit)["lines"]


def test_page_anywhere_in_a_long_output(tmp_path: Path) -> None:
    log, _ = written(tmp_path, b"".join(b"line %d\n" % number for number in range(5 * STRIDE)))
    assert lines(log, 0, 2) == ["line 0", "line 1"]
    assert lines(log, STRIDE - 1, 2) == [f"line {STRIDE - 1}", f"line {STRIDE}"]
    assert lines(log, -1, 10) == [f"line {5 * STRIDE - 1}"]
    assert len(lines(log, 0, 10 * MAX_LINES)) == MAX_LINES
    assert lines(log, 5 * STRIDE, 10) == []


def test_output_that_grows_and_begins_anew(tmp_path: Path) -> None:
    log, path = written(tmp_path, b"one\ntw")
    assert lines(log, 0, 10) == ["one", "tw"]
    with path.open("ab") as file:
        file.write(b"o\nthree\n")
    assert lines(log, 0, 10) == ["one", "two", "three"]
    path.write_bytes(b"again\n")
    assert lines(log, 0, 10) == ["again"]


def test_no_output_yet(tmp_path: Path) -> None:
    log = LogIndex(tmp_path / "output.log")
    assert log.page(0, 10, ended=False) == {
        "first": 0,
        "lines": [],
        "total": 0,
        "size": 0,
        "ended": False,
    }
    assert found(log, "a") == []


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    log, _ = written(tmp_path, b"\xff\xfe \x1b[31mred\n")
    assert lines(log, 0, 1) == ["\\xff\\xfe \x1b[31mred"]


def test_long_line_is_cut(tmp_path: Path) -> None:
    log, _ = written(tmp_path, b"x" * (3 * BLOCK) + b"\nnext\n")
    long, following = lines(log, 0, 2)
    assert long == "x" * MAX_LINE + f"… ({3 * BLOCK - MAX_LINE:,} more bytes)"
    assert following == "next"


def test_progress_bar_shows_its_last_state_however_long_it_went_on(tmp_path: Path) -> None:
    bar = b"".join(b"\r%7d of 400000" % step for step in range(400_000))
    log, _ = written(tmp_path, bar + b"\nnext\n" + bar + b"\r")
    assert lines(log, 0, 3) == [" 399999 of 400000", "next", " 399999 of 400000"]


def test_matches_whatever_the_case(tmp_path: Path) -> None:
    log, _ = written(tmp_path, "Loss 1\nnone\nÜber LOSS\nno end: loss".encode())
    assert found(log, "loss") == [0, 2, 3]
    assert found(log, "LOSS", first=1) == [2, 3]
    assert found(log, "Über") == [2]
    assert found(log, "") == []


def test_matches_part_by_part(tmp_path: Path) -> None:
    log, _ = written(tmp_path, b"".join(b"line %d\n" % number for number in range(3 * STRIDE)))
    assert log.matches("line", 0, 10) == {"lines": list(range(10)), "more": True}
    assert log.matches("line", 3 * STRIDE - 2, 10) == {
        "lines": [3 * STRIDE - 2, 3 * STRIDE - 1],
        "more": False,
    }


def test_matches_keep_count_over_lines_longer_than_a_block(tmp_path: Path) -> None:
    across = b"x" * (BLOCK - 2) + b"needle"
    log, _ = written(tmp_path, across + b"\n" + b"y" * (4 * BLOCK) + b"\nneedle\n" + across)
    assert found(log, "needle") == [0, 2, 3]
