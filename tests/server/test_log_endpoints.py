"""The output of runs over HTTP: while it grows, and when it is huge."""

import random
from pathlib import Path

import psutil
import pytest

from tests.server.conftest import Api, Written
from wandb_magic.server.log_index import LogIndex


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "output.log"


def lines_of(log: LogIndex, first: int, count: int) -> list[str]:
    return log.page(first, count, ended=False)["lines"]


def test_every_page_is_the_one_of_all_lines(path: Path) -> None:
    choose = random.Random(1)
    lines = [f"line {number} " + "x" * choose.randrange(200) for number in range(5500)]
    path.write_text("\n".join(lines) + "\n")
    log = LogIndex(path)
    for _ in range(300):
        first, count = choose.randrange(-6000, 6000), choose.randrange(1500)
        page = log.page(first, count, ended=False)
        begin = max(0, 5500 + first) if first < 0 else min(first, 5500)
        assert (page["first"], page["total"]) == (begin, 5500)
        assert page["lines"] == lines[begin : begin + count]


def test_what_comes_while_it_is_read_is_as_if_it_had_been_there(path: Path) -> None:
    choose = random.Random(2)
    log, data = LogIndex(path), b""
    for _ in range(400):
        piece = b"".join(choose.choice([b"a", b"bc\n", b"\n", b"d" * 900]) for _ in range(20))
        with path.open("ab") as file:
            file.write(piece)
        data += piece
        lines = data.decode().split("\n")
        total = len(lines) - (not lines[-1])
        page = log.page(-7, 7, ended=False)
        assert (page["total"], page["size"]) == (total, len(data))
        assert page["lines"] == lines[:total][-7:]


def test_a_hundred_megabytes_are_no_burden(path: Path) -> None:
    line = "x" * 49
    with path.open("w") as file:
        for number in range(200):
            file.write(
                "".join(f"{number * 10000 + each:09} {line[:40]}\n" for each in range(10000))
            )
    assert path.stat().st_size > 100_000_000
    log = LogIndex(path)
    before = psutil.Process().memory_info().rss
    assert log.page(-1, 1, ended=False)["total"] == 2_000_000
    for first in (0, 999_999, 1_999_998, -2):
        assert lines_of(log, first, 2)[0].startswith(f"{first % 2_000_000:09}")
    assert log.matches("001999999 ", 0, 5) == {"lines": [1_999_999], "more": False}
    assert psutil.Process().memory_info().rss - before < 40_000_000


def test_a_hundred_megabytes_without_a_line_end_are_none_either(path: Path) -> None:
    with path.open("wb") as file:
        for _ in range(100):
            file.write(b"y" * 1_000_000)
    before = psutil.Process().memory_info().rss
    (line,) = lines_of(LogIndex(path), 0, 5)
    assert line.endswith("more bytes)")
    assert LogIndex(path).matches("yy", 0, 5) == {"lines": [0], "more": False}
    assert psutil.Process().memory_info().rss - before < 40_000_000


def test_matches_are_the_lines_that_contain_a_text(path: Path) -> None:
    choose = random.Random(3)
    lines = ["".join(choose.choices("abAB ", k=choose.randrange(12))) for _ in range(4000)]
    path.write_text("\n".join(lines))
    log = LogIndex(path)
    for text in ("ab", "BA", "a", "  ", "aaaaaaaaaaaa"):
        all_ = [number for number, line in enumerate(lines) if text.lower() in line.lower()]
        for first in (0, 1, 999, 1000, 3990):
            later = [number for number in all_ if number >= first]
            assert log.matches(text, first, 10) == {"lines": later[:10], "more": len(later) > 10}
    assert log.matches("", 0, 10) == {"lines": [], "more": False}


async def test_the_routes_answer_with_pages_matches_and_the_text(api: Api, sweep: Written) -> None:
    run = sweep.run()
    log = f"sweeps/sweep000/runs/{run}/log"
    assert (await api.get(log))["lines"] == []
    code, message = await api.problem(f"{log}/text")
    assert (code, message) == (404, f"run {run} has printed nothing yet")
    sweep.output(run, b"one\ntwo\nthree\n")
    assert await api.get(log, first=-2, count=1) == {
        "first": 1,
        "lines": ["two"],
        "total": 3,
        "size": 14,
        "ended": False,
    }
    sweep.end(run)
    assert (await api.get(log))["ended"]
    found = await api.get(f"{log}/matches", text="T", limit=1)
    assert found == {"lines": [1], "more": True}
    answer = await api.answer(f"{log}/text")
    assert answer.body == b"one\ntwo\nthree\n"
    assert answer.headers["Content-Disposition"] == f"attachment; filename*=UTF-8''{run}.log"
    for query in ({"count": 2001}, {"first": "x"}, {"count": -1}):
        assert (await api.problem(log, **query))[0] == 400
    for what in ("log", "log/matches", "log/text"):
        path = f"sweeps/sweep000/runs/nosuchid/{what}"
        assert (await api.problem(path))[0] == 404
