import subprocess
import sys
from pathlib import Path

import pytest

from wandb_magic import store
from wandb_magic.errors import StoreError

POST = """
import sys
from pathlib import Path
from wandb_magic import store
for n in range(8):
    store.insert_request(Path(sys.argv[1]), "resize", {"who": sys.argv[2], "n": n})
"""


def test_a_request_waits_until_it_is_answered(path: Path, writer: store.StoreWriter) -> None:
    first = store.insert_request(path, "stop", {"run": "a", "nan": float("nan")})
    second = store.insert_request(path, "pause", {})
    asked = writer.take_requests()
    assert [(request.id, request.verb, request.arguments) for request in asked] == [
        (first, "stop", {"run": "a", "nan": "NaN"}),
        (second, "pause", {}),
    ]
    writer.answer(second, "it is over")
    assert [request.id for request in writer.take_requests()] == [first]
    assert store.read_answer(path, second) is None
    writer.commit()
    writer.answer(first)
    writer.commit()
    assert writer.take_requests() == []
    assert store.read_answer(path, first) == store.Answer("")
    assert store.read_answer(path, second) == store.Answer("it is over")
    assert store.read_answer(path, 99) is None


def test_many_processes_post_while_the_writer_writes(
    path: Path, writer: store.StoreWriter
) -> None:
    posters = [subprocess.Popen([sys.executable, "-c", POST, path, str(who)]) for who in range(3)]
    answered: list[tuple[str, int]] = []
    while any(process.poll() is None for process in posters) or writer.take_requests():
        for request in writer.take_requests():
            answered.append((request.arguments["who"], request.arguments["n"]))
            writer.answer(request.id)
        writer.commit()
    assert all(process.returncode == 0 for process in posters)
    assert sorted(answered) == [(str(who), n) for who in range(3) for n in range(8)]


def test_a_request_to_no_sweep_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "sweep"
    folder.mkdir()
    with pytest.raises(StoreError, match="There is no store at"):
        store.insert_request(folder / "sweep.db", "stop", {})
    with pytest.raises(StoreError, match="There is no store at"):
        store.read_answer(folder / "sweep.db", 1)
    assert list(folder.iterdir()) == []
