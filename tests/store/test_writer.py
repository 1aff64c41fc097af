import math
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from wandb_magic import store
from wandb_magic.errors import StoreError, SweepNotFoundError
from wandb_magic.log_records import (
    ArtifactRecord,
    ChartRecord,
    ConfigRecord,
    ExitRecord,
    FilesRecord,
    HistoryRecord,
    InfoRecord,
    SummaryRecord,
    SystemRecord,
)
from wandb_magic.records import (
    ProcessId,
    RunId,
    RunRecord,
    RunState,
    SweepRecord,
    SweepState,
)
from wandb_magic.resources import Gpu, GpuShare, Host, Resources

MakeRun = Callable[..., RunRecord]


def history(first: int, count: int, key: str = "loss") -> list[HistoryRecord]:
    return [HistoryRecord(n, 100.0 + n, {key: n / 7}) for n in range(first, first + count)]


def test_a_sweep_comes_back_as_it_was_given(
    writer: store.StoreWriter, reader: store.StoreReader, sweep: SweepRecord
) -> None:
    assert writer.sweep() == reader.sweep() == sweep
    changes = {
        "state": SweepState.PAUSED,
        "cause": "a\ud800b",
        "supervisor": ProcessId(1, "boot:2"),
        "notices": ("one", "two"),
        "budget": 5,
    }
    writer.update_sweep(**changes)
    assert reader.sweep() == sweep
    writer.commit()
    assert writer.sweep() == reader.sweep() == replace(sweep, **{**changes, "cause": "a?b"})


def test_a_run_comes_back_as_it_was_given(
    writer: store.StoreWriter, reader: store.StoreReader, make_run: MakeRun
) -> None:
    first = make_run(0, state=RunState.PENDING, process=ProcessId(3, "x"), exit_code=1, value=0.5)
    second = make_run(1, params={"bad": math.nan, "list": [1, {"x": None}]})
    writer.add_run(first)
    writer.add_run(second)
    writer.update_run(second.id, error="Traceback", directory="/tmp/x")
    writer.commit()
    assert reader.run(first.id) == first
    second = replace(second, params={"bad": "NaN", "list": [1, {"x": None}]})
    assert reader.run(second.id) == replace(second, error="Traceback", directory="/tmp/x")
    with pytest.raises(SweepNotFoundError, match="has no run"):
        reader.run(RunId("missing0"))
    with pytest.raises(StoreError, match="holds no run"):
        writer.append(RunId("missing0"), [])


def test_each_kind_of_entry_finds_its_place(
    writer: store.StoreWriter, reader: store.StoreReader, make_run: MakeRun
) -> None:
    run = make_run()
    image = {"_type": "image-file", "path": "media/x.png"}
    info = InfoRecord("n", "p", "g", "j", ("a",), "notes", "host", "abc", 5.0)
    artifact = ArtifactRecord("model", "weights", ("best",), used=False, metadata={"x": 1})
    chart = ChartRecord("a.line/b_table", "a.line/b", "wandb/line/v0", {"x": "a"}, {"title": "t"})
    writer.add_run(run)
    writer.append(
        run.id,
        [
            info,
            ConfigRecord({"lr": 0.1, "gone": 1}),
            ConfigRecord({"lr": 0.2}, ("gone",)),
            chart,
            HistoryRecord(0, 10.0, {"loss": 1.0, "nan": math.nan}, {"image": image}),
            HistoryRecord(3, None, {"loss": math.inf}, {"text": "words"}),
            SummaryRecord({"loss": math.inf, "image": image}),
            SystemRecord(20.5, {"cpu": 3.0}),
            FilesRecord(("b", "a")),
            FilesRecord(("a",)),
            artifact,
            ExitRecord(3, 7.0),
        ],
        log="/run/a",
        position=77,
    )
    writer.commit()
    assert reader.configs() == {run.id: {"lr": 0.2}}
    assert reader.charts(run.id) == {"a.line/b_table": chart}
    assert reader.summaries() == {run.id: {"loss": "Infinity", "image": image}}
    assert reader.summaries([]) == {}
    infos = reader.infos()[run.id]
    assert (infos["tags"], infos["exit_code"], infos["runtime"]) == (["a"], 3, 7.0)
    assert reader.keys() == ["loss", "nan"]
    assert reader.keys("system") == ["cpu"]
    assert reader.keys("media") == ["image", "text"]
    assert reader.objective("loss") == {run.id: [1.0, math.inf]}
    assert math.isnan(reader.objective("nan")[run.id][0])
    assert reader.media(run.id) == [
        store.MediaItem("image", 0, 10.0, image),
        store.MediaItem("text", 3, None, "words"),
    ]
    assert reader.media(run.id, "text") == [store.MediaItem("text", 3, None, "words")]
    assert reader.files(run.id) == ["a", "b"]
    assert reader.artifacts(run.id) == [artifact]
    curve = reader.system()[run.id]["cpu"]
    assert curve.times is not None
    assert (curve.times.tolist(), curve.lows.tolist()) == ([20.5], [3.0])
    assert writer.positions(run.id) == {"/run/a": 77}


def test_nothing_is_written_before_the_commit(
    writer: store.StoreWriter, reader: store.StoreReader, make_run: MakeRun
) -> None:
    version = reader.version()
    writer.add_run(make_run())
    writer.append(make_run().id, history(0, 2000), "log", 5)
    assert reader.runs() == []
    assert reader.version() == version
    writer.commit()
    assert reader.version() != version
    assert len(reader.objective("loss")[make_run().id]) == 2000
    version = reader.version()
    writer.commit()
    assert reader.version() == version


def test_a_restarted_writer_goes_on_without_gap_or_double(path: Path, make_run: MakeRun) -> None:
    run = make_run()
    writer = store.StoreWriter(path)
    writer.add_run(run)
    writer.append(run.id, [*history(0, 700), SummaryRecord({"a": 1})], "log", 700)
    writer.commit()
    writer.append(run.id, history(700, 100), "log", 800)
    writer._connection.close()  # without a commit: the supervisor was killed

    writer = store.StoreWriter(path)
    (position,) = writer.positions(run.id).values()
    writer.append(run.id, [*history(position, 600), SummaryRecord({"b": 2})], "log", 1300)
    writer.append(run.id, history(0, 5, "other"))
    other = make_run(1)
    writer.add_run(other)
    writer.append(other.id, history(0, 3))
    writer.close()

    reader = store.StoreReader(path)
    assert reader.objective("loss") == {
        run.id: [n / 7 for n in range(1300)],
        other.id: [n / 7 for n in range(3)],
    }
    assert reader.objective("other") == {run.id: [n / 7 for n in range(5)]}
    assert reader.summaries([run.id]) == {run.id: {"a": 1, "b": 2}}
    reader.close()


def test_an_ended_run_is_forgotten_and_can_still_receive(
    writer: store.StoreWriter, reader: store.StoreReader, make_run: MakeRun
) -> None:
    for number in range(50):
        run = make_run(number)
        writer.add_run(run)
        writer.append(run.id, history(0, 300))
        writer.update_run(run.id, state=RunState.FINISHED)
        writer.commit()
    assert writer._ingests == {}
    assert _count(writer, "hot") == 0
    writer.append(make_run(7).id, history(300, 400))
    writer.commit()
    assert writer._ingests == {}
    assert reader.objective("loss", [make_run(7).id]) == {
        make_run(7).id: [n / 7 for n in range(700)]
    }
    curve = reader.history(["loss"], points=100)[make_run(7).id]["loss"]
    assert (curve.lows.min(), curve.highs.max()) == (0, 699 / 7)


def test_a_full_disk_loses_nothing_that_can_be_written_later(
    writer: store.StoreWriter, reader: store.StoreReader, make_run: MakeRun
) -> None:
    run = make_run()
    writer.add_run(run)
    writer.commit()
    (pages,) = writer._connection.execute("PRAGMA page_count").fetchone()
    writer._connection.execute(f"PRAGMA max_page_count = {pages}")
    writer.append(run.id, [*history(0, 3000), SummaryRecord({"a": 1})], "log", 3000)
    for _ in range(2):
        with pytest.raises(StoreError, match="disk is full: free some space"):
            writer.commit()
        assert reader.history() == {}
        assert writer.positions(run.id) == {}
    writer.append(run.id, history(3000, 10), "log", 3010)
    writer._connection.execute("PRAGMA max_page_count = 1000000")
    writer.commit()
    assert reader.objective("loss")[run.id] == [n / 7 for n in range(3010)]
    assert reader.summaries()[run.id] == {"a": 1}
    assert writer._connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_a_locked_store_is_said_to_be_so_and_written_later(
    writer: store.StoreWriter, reader: store.StoreReader, make_run: MakeRun, path: Path
) -> None:
    other = store.StoreWriter(path)
    other._connection.execute("BEGIN IMMEDIATE")
    writer._connection.execute("PRAGMA busy_timeout = 20")
    writer.add_run(make_run())
    with pytest.raises(StoreError, match="locked by another process"):
        writer.commit()
    other._connection.execute("ROLLBACK")
    other.close()
    writer.commit()
    assert len(reader.runs()) == 1


def test_a_killed_writer_leaves_whole_commits(path: Path, make_run: MakeRun) -> None:
    script = """
import os, signal, sys
from pathlib import Path
from wandb_magic import store
from wandb_magic.log_records import HistoryRecord
writer = store.StoreWriter(Path(sys.argv[1]))
for n in range(100000):
    steps = range(n * 7, n * 7 + 7)
    logged = [HistoryRecord(step, step, {"a": step, "b": step}) for step in steps]
    writer.append("run00000", logged, "log", steps.stop)
    writer.commit()
    if n == 200:
        print(flush=True)
"""
    writer = store.StoreWriter(path)
    writer.add_run(make_run())
    writer.close()
    with subprocess.Popen([sys.executable, "-c", script, path], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"\n"
        process.kill()
    reader = store.StoreReader(path)
    found = {key: reader.objective(key)[make_run().id] for key in "ab"}
    reader.close()
    writer = store.StoreWriter(path)
    assert writer.positions(make_run().id) == {"log": len(found["a"])}
    assert found["a"] == found["b"] == list(range(len(found["a"])))
    assert len(found["a"]) >= 1400
    writer.close()


def test_closing_leaves_one_file(path: Path, make_run: MakeRun) -> None:
    writer = store.StoreWriter(path)
    writer.add_run(make_run())
    writer.close()
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_events_are_numbered(writer: store.StoreWriter, reader: store.StoreReader) -> None:
    writer.add_event("notice", "first")
    writer.add_event("failed", "second", RunId("run00000"))
    writer.commit()
    first, second = reader.events()
    assert (first.seq, first.kind, first.run, first.text) == (1, "notice", None, "first")
    assert (second.seq, second.run) == (2, "run00000")
    assert reader.events(since=1) == [second]
    assert reader.events(limit=1) == [first]
    assert first.time <= second.time


def _count(writer: store.StoreWriter, table: str) -> int:
    (count,) = writer._connection.execute(f"SELECT count(*) FROM {table}").fetchone()
    return int(count)


def test_resources_are_those_that_were_stored_last(path: Path) -> None:
    gpu = Gpu("GPU-0", "0", "A100", 2**34, (GpuShare("sweep000", "run00000", 0.5, 0),), 40.0)
    first = Resources((Host("node", runs=("run00000",), gpus=(gpu,)),))
    second = Resources((), "the scheduler does not answer")
    with closing(store.StoreWriter(path)) as writer, closing(store.StoreReader(path)) as reader:
        assert reader.resources() is None
        for resources in (first, second, None):
            writer.set_resources(resources)
            writer.commit()
            assert reader.resources() == resources
