"""A sweep that an earlier version of the package left behind opens, shows and goes on.

`sweep_of_schema_1.tar.gz` holds a sweep of eight runs as its supervisor's death left it: two runs
have finished, one has failed, one that had failed was about to be resumed, and one was running.
Its paths have placeholders. Python 3.11 made it; its pickles hold code of that version.
"""

import json
import sqlite3
import sys
import tarfile
from contextlib import closing
from pathlib import Path

import pytest

from wandb_magic import attach
from wandb_magic.errors import SweepError
from wandb_magic.records import RunState

SWEEP = Path(__file__).parent / "data" / "sweep_of_schema_1.tar.gz"
PYTHON = (3, 11)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The sweep's folder, with the paths of this machine."""
    place = tmp_path / "notebooks"
    with tarfile.open(SWEEP) as archive:
        archive.extractall(place, filter="data")
    monkeypatch.chdir(place)
    monkeypatch.setenv("WANDB_DIR", str(place))
    values = {"@ROOT@": str(place), "@PYTHON@": sys.executable}
    for path in place.rglob("*"):
        if path.is_file() and path.suffix not in (".db", ".wandb", ".bin", ".pkl"):
            text = path.read_text()
            for name, value in values.items():
                text = text.replace(name, json.dumps(value)[1:-1])
            path.write_text(text)
    (sweep,) = place.glob("wandb/sweep-*")
    with closing(sqlite3.connect(sweep / "sweep.db")) as store, store:
        store.execute("UPDATE run SET directory = replace(directory, '@ROOT@', ?)", [str(place)])
        store.execute("UPDATE log SET path = replace(path, '@ROOT@', ?)", [str(place)])
    return sweep


def test_it_opens_and_shows(folder: Path) -> None:
    sweep = attach(str(folder))
    states = [run.state for run in sweep.records()]
    assert sweep.state == "died"
    assert states == [
        RunState.FINISHED,
        RunState.PENDING,
        RunState.FAILED,
        RunState.FINISHED,
        RunState.RUNNING,
    ]
    assert sweep.best().number == 0
    assert sweep.best_config == {"layers": 1, "lr": pytest.approx(0.0428, abs=1e-4)}
    assert [len(values) for values in sweep._reader.objective("loss").values()] == [8, 5, 5, 8, 4]
    assert "3 layers are too deep" in str(sweep.logs(2))


@pytest.mark.slow
def test_it_goes_on(folder: Path) -> None:
    sweep = attach(str(folder))
    Path("go").touch()
    if sys.version_info[:2] != PYTHON:
        with pytest.raises(SweepError, match=r"Python 3\.11"):
            sweep.resume(trust=True)
        return
    sweep.resume(trust=True)
    sweep.wait(120)
    assert sweep.state == "finished"
    runs = sweep.records()
    assert sorted({run.number for run in runs}) == list(range(8))
    lost = [run for run in runs if run.state is RunState.LOST]
    assert [run.number for run in lost] == [4]
    assert [run.number for run in runs if run.state is RunState.FAILED] == [2]
    assert sum(run.state is RunState.FINISHED for run in runs) == 7
    resumed = next(run for run in runs if run.number == 1)
    checkpoint = next(folder.glob(f"runs/{resumed.id}/*/checkpoint"))
    assert checkpoint.read_text() == "7"
    assert len(sweep._reader.objective("loss")[resumed.id]) == 8
    assert "width 9 Kind.LARGE 11999.0 3" in str(sweep.logs(7))
