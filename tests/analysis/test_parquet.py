"""A folder of Parquet files: it reads back as the frames are, and appears whole or not at all."""

import json
import sys
from pathlib import Path

import pandas as pd
import pytest

from tests.analysis.conftest import Make, Written
from wandb_magic.analysis import parquet
from wandb_magic.errors import SweepError, UnsupportedError
from wandb_magic.log_records import HistoryRecord, SummaryRecord, SystemRecord
from wandb_magic.records import RunState

pq = pytest.importorskip("pyarrow.parquet")


def filled(written: Written, runs: int = 3, steps: int = 40) -> Written:
    for number in range(runs):
        written.run(
            *(
                HistoryRecord(
                    step,
                    1000.0 + number + step,
                    {"loss": number + 1 / (1 + step), "step": 1.0}
                    | ({"late": 1.0} if step > 30 else {}),
                )
                for step in range(steps)
            ),
            *(SystemRecord(1001.0 + number + second, {"cpu": 5.0}) for second in range(3)),
            SummaryRecord({"loss": float(number), "sizes": [number], "name": "é"}),
            params={"lr": number / 10, "layers": [1, number], "net": {"depth": number}},
            value=float(number),
        )
    written.run(state=RunState.FAILED, cause="it raised ValueError")
    return written


def test_what_was_written_reads_back_as_the_frames_are(written: Written, tmp_path: Path) -> None:
    sweep = filled(written).sweep
    path = sweep.to_parquet(tmp_path / "new" / "results")
    assert path == tmp_path / "new" / "results"
    assert {each.name for each in path.iterdir()} == parquet.FILES
    assert [each.name for each in path.parent.iterdir()] == ["results"]

    runs = pd.read_parquet(path / "runs.parquet")
    ours = sweep.runs()
    assert runs.index.equals(ours.index)
    assert json.loads(runs["config.layers"].iloc[2]) == [1, 2]
    assert pd.isna(runs["config.layers"].iloc[3])
    lists = ["config.layers", "summary.sizes"]
    pd.testing.assert_frame_equal(
        runs.drop(columns=lists), ours.drop(columns=lists), check_index_type=False
    )
    keys = [*sweep.history().columns, "_runtime"]
    history = pd.read_parquet(path / "history.parquet")
    pd.testing.assert_frame_equal(history, sweep.history(keys), check_index_type=False)
    system = pd.read_parquet(path / "system.parquet")
    pd.testing.assert_frame_equal(system, sweep.system(), check_index_type=False)
    summary = pd.read_parquet(path / "summary.parquet")
    assert summary["name"].tolist()[:3] == ["é"] * 3
    about = json.loads((path / "sweep.json").read_text("utf-8"))
    assert about["id"] == sweep.id
    assert about["spec"] == sweep.config
    assert about["metric"] == "loss"
    assert set(about["versions"]) == {"python", "wandb-magic", "wandb", "pandas", "pyarrow"}


def test_curves_are_written_in_portions(
    written: Written, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sweep = filled(written, runs=5).sweep
    monkeypatch.setattr(parquet, "PORTION", 4 * 540 * 2)
    path = sweep.to_parquet(tmp_path / "results")
    assert pq.ParquetFile(path / "history.parquet").num_row_groups == 3
    keys = [*sweep.history().columns, "_runtime"]
    pd.testing.assert_frame_equal(
        pd.read_parquet(path / "history.parquet"), sweep.history(keys), check_index_type=False
    )


def test_a_sweep_without_results_can_be_written(written: Written, tmp_path: Path) -> None:
    path = written.sweep.to_parquet(tmp_path / "results")
    assert pd.read_parquet(path / "runs.parquet").empty
    history = pd.read_parquet(path / "history.parquet")
    assert history.empty
    assert history.index.names == ["run", "step"]


def test_nothing_that_is_there_is_lost(make_sweep: Make, tmp_path: Path) -> None:
    first, second = filled(make_sweep("sweep001")).sweep, make_sweep("sweep002").sweep
    path = tmp_path / "results"
    path.mkdir()
    first.to_parquet(path)  # an empty folder is as good as none
    with pytest.raises(SweepError, match=r"already contains results: .*overwrite"):
        second.to_parquet(path)
    assert second.to_parquet(path, overwrite=True) == path
    assert json.loads((path / "sweep.json").read_text())["id"] == "sweep002"
    (path / "notes.txt").write_text("mine")
    with pytest.raises(SweepError, match=r"other files, such as notes\.txt"):
        second.to_parquet(path, overwrite=True)
    with pytest.raises(SweepError, match="is a file"):
        second.to_parquet(path / "notes.txt", overwrite=True)
    assert (path / "notes.txt").read_text() == "mine"


def test_a_failure_leaves_nothing_behind(
    written: Written, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sweep = filled(written).sweep

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(parquet, "_replace_folder", full)
    folder = tmp_path / "place"
    with pytest.raises(SweepError, match="cannot be written: No space left"):
        sweep.to_parquet(folder / "results")
    assert list(folder.iterdir()) == []


def test_without_pyarrow_one_sentence_says_what_to_install(
    written: Written, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(UnsupportedError, match=r"pip install 'wandb-magic\[analysis\]'"):
        written.sweep.to_parquet(tmp_path / "results")
    assert not (tmp_path / "results").exists()
