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
    store.post(Path(sys.argv[1]), "resize", {"who": sys.argv[2], "n": n})
"""


def test_a_request_waits_until_it_is_answered(path: Path, writer: store.StoreWriter) -> None:
    first = store.post(path, "stop", {"run": "a", "nan": float("nan")})
    second = store.post(path, "pause", {})
    asked = writer.requests()
    assert [(request.id, request.verb, request.arguments) for request in asked] == [
        (first, "stop", {"run": "a", "nan": "NaN"}),
        (second, "pause", {}),
    ]
    writer.answer(second, "it is over")
    assert [request.id for request in writer.requests()] == [first]
    assert store.answered(path, second) is None
    writer.commit()
    writer.answer(first)
    writer.commit()
    assert writer.requests() == []
    assert (store.answered(path, first), store.answered(path, second)) == ("", "it is over")
    assert store.answered(path, 99) is None


def test_many_processes_post_while_the_writer_writes(
    path: Path, writer: store.StoreWriter
) -> None:
    posters = [subprocess.Popen([sys.executable, "-c", POST, path, str(who)]) for who in range(3)]
    answered: list[tuple[str, int]] = []
    while any(process.poll() is None for process in posters) or writer.requests():
        for request in writer.requests():
            answered.append((request.arguments["who"], request.arguments["n"]))
            writer.answer(request.id)
        writer.commit()
    assert all(process.returncode == 0 for process in posters)
    assert sorted(answered) == [(str(who), n) for who in range(3) for n in range(8)]


def test_a_request_to_no_sweep_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "sweep"
    folder.mkdir()
    with pytest.raises(StoreError, match="There is no store at"):
        store.post(folder / "sweep.db", "stop", {})
    with pytest.raises(StoreError, match="There is no store at"):
        store.answered(folder / "sweep.db", 1)
    assert list(folder.iterdir()) == []
