import math
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wandb_magic import store
from wandb_magic.errors import StoreError, SweepNotFoundError
from wandb_magic.log_records import ConfigRecord, HistoryRecord, SummaryRecord
from wandb_magic.records import RunId, RunRecord, RunState, SweepRecord

MakeRun = Callable[..., RunRecord]


@settings(max_examples=25, deadline=None)
@given(
    sizes=st.lists(st.integers(1, 1400), min_size=1, max_size=6),
    ends=st.sampled_from(["open", "ended", "ended twice"]),
    points=st.sampled_from([2, 10, 100, 500, 501, 2000, None]),
    stride=st.integers(1, 3),
    seed=st.integers(0, 9),
)
def test_a_curve_shows_every_extreme_wherever_its_points_lie(
    sweep: SweepRecord,
    make_run: MakeRun,
    sizes: list[int],
    ends: str,
    points: int | None,
    stride: int,
    seed: int,
) -> None:
    random = np.random.default_rng(seed)
    values = random.normal(size=sum(sizes))
    values[random.random(len(values)) < 0.2] = math.nan
    steps = np.cumsum(random.integers(1, 1 + stride, len(values)))
    run = make_run()
    with TemporaryDirectory() as folder:
        path = Path(folder) / "sweep.db"
        store.create(path, sweep)
        writer = store.StoreWriter(path)
        writer.add_run(run)
        begin = 0
        for number, size in enumerate(sizes):
            part = slice(begin, begin + size)
            writer.append(
                run.id,
                [
                    HistoryRecord(step, 1000 + step / 8, {"loss": value})
                    for step, value in zip(
                        steps[part].tolist(), values[part].tolist(), strict=True
                    )
                ],
            )
            if ends == "ended twice" and number == 0:
                writer.update_run(run.id, state=RunState.FINISHED)
            writer.commit()
            begin += size
        if ends != "open":
            writer.update_run(run.id, state=RunState.FINISHED)
        writer.commit()
        reader = store.StoreReader(path)
        curve = reader.history(["loss"], points=points, times=True)[run.id]["loss"]
        objective = reader.objective("loss")[run.id]
        reader.close()
        writer.close()

    np.testing.assert_array_equal(objective, values)
    if points is None or len(values) <= points:
        assert curve.is_exact
        np.testing.assert_array_equal(curve.steps, steps)
        np.testing.assert_array_equal(curve.lows, values)
    else:
        assert 2 * len(curve.steps) <= points
    assert len(curve.steps) == len(curve.lows) == len(curve.highs)
    starts = np.searchsorted(steps, curve.steps)
    np.testing.assert_array_equal(steps[starts], curve.steps)
    np.testing.assert_array_equal(curve.lows, np.fmin.reduceat(values, starts))
    np.testing.assert_array_equal(curve.highs, np.fmax.reduceat(values, starts))
    assert curve.times is not None
    np.testing.assert_allclose(curve.times, 1000 + curve.steps / 8, atol=0.001)


def test_steps_that_repeat_or_go_back_keep_the_order_of_logging(
    writer: store.StoreWriter, reader: store.StoreReader, make_run: MakeRun
) -> None:
    steps = [0, 1, 1, 5, 0, 1, 10**12, 3] * 100
    writer.add_run(make_run())
    writer.append(make_run().id, [HistoryRecord(n, 1.0, {"x": i}) for i, n in enumerate(steps)])
    writer.commit()
    curve = reader.history(points=None, times=True)[make_run().id]["x"]
    assert curve.steps.tolist() == steps
    assert curve.lows.tolist() == list(range(800))
    assert curve.times is not None
    assert set(curve.times.tolist()) == {1.0}


def test_a_span_is_read_as_fine_as_asked(
    writer: store.StoreWriter, reader: store.StoreReader, make_run: MakeRun
) -> None:
    writer.add_run(make_run())
    writer.append(make_run().id, [HistoryRecord(n, None, {"x": n}) for n in range(5000)])
    writer.commit()
    curve = reader.history(["x"], span=(1000, 1099))[make_run().id]["x"]
    assert curve.is_exact
    assert curve.lows.tolist() == list(range(1000, 1100))
    assert curve.times is None
    curve = reader.history(["x"], span=(1000, 2999), points=100, times=True)[make_run().id]["x"]
    assert len(curve.steps) == 50
    assert (curve.lows[0], curve.highs[0], curve.highs[-1]) == (1000, 1039, 2999)
    assert reader.history(["x"], span=(9000, 9999))[make_run().id]["x"].steps.tolist() == []


def test_only_the_runs_and_keys_that_were_asked_for_are_read(
    writer: store.StoreWriter, reader: store.StoreReader, make_run: MakeRun
) -> None:
    for number in range(3):
        writer.add_run(make_run(number))
        scalars = {"a": 1.0, "b": 2.0} if number else {"a'\"": 1.0}
        writer.append(make_run(number).id, [HistoryRecord(0, None, scalars)])
    writer.commit()
    ids = [make_run(number).id for number in range(3)]
    found = reader.history()
    assert {run: sorted(curves) for run, curves in found.items()} == {
        ids[0]: ["a'\""],
        ids[1]: ["a", "b"],
        ids[2]: ["a", "b"],
    }
    assert reader.history(["b"], [ids[0], ids[2]]).keys() == {ids[2]}
    assert reader.history(["a'\""]).keys() == {ids[0]}
    assert reader.history([]) == reader.history(runs=[]) == {}


def test_runs_are_listed_in_any_order_and_in_pages(
    writer: store.StoreWriter, reader: store.StoreReader, make_run: MakeRun
) -> None:
    values = [2.0, None, 0.5, math.inf]
    losses: list[float | str | None] = [10, "text", 9.5, None]
    for number, (value, loss) in enumerate(zip(values, losses, strict=True)):
        state = RunState.FAILED if number == 1 else RunState.RUNNING
        writer.add_run(make_run(number, value=value, state=state, started=1.0, ended=9.0 - number))
        writer.append(
            make_run(number).id,
            [SummaryRecord({} if loss is None else {"a.b c": loss}), ConfigRecord({"x": number})],
        )
    writer.commit()

    def numbers(**how: object) -> list[int]:
        return [run.number for run in reader.runs(**how)]  # type: ignore[arg-type]

    assert numbers() == [0, 1, 2, 3]
    assert numbers(order="value") == [2, 0, 3, 1]
    assert numbers(order="value", descending=True) == [3, 0, 2, 1]
    assert numbers(order="value", limit=2, offset=1) == [0, 3]
    assert numbers(order="duration") == [3, 2, 1, 0]
    assert numbers(order="summary.a.b c") == [2, 0, 3, 1]
    assert numbers(order="summary.a.b c", descending=True) == [0, 2, 3, 1]
    assert numbers(order="params.net.depth") == [3, 2, 1, 0]
    assert numbers(order="config.x", descending=True) == [3, 2, 1, 0]
    assert numbers(states=[RunState.FAILED]) == [1]
    assert numbers(states=[]) == []
    assert reader.state_counts() == {RunState.RUNNING: 3, RunState.FAILED: 1}


@pytest.mark.parametrize("order", ["", "nothing", "summary", "summary.", 'summary."', "value; x"])
def test_an_order_that_makes_no_sense_is_refused(reader: store.StoreReader, order: str) -> None:
    with pytest.raises(StoreError, match="cannot be ordered"):
        reader.runs(order=order)


READ = """
import sys
from pathlib import Path
from wandb_magic import store
reader = store.StoreReader(Path(sys.argv[1]))
reads = 0
while True:
    curves = reader.history(points=None).get("run00000", {})
    lengths = {len(curve.steps) for curve in curves.values()}
    assert len(lengths) <= 1, lengths
    coarse = reader.history(points=100).get("run00000", {})
    assert all(c.highs[-1] >= (max(lengths) - 1) for c in coarse.values())
    reads += 1
    if lengths == {3000}:
        break
print(reads)
"""


def test_other_processes_see_whole_commits_while_the_writer_writes(
    path: Path, writer: store.StoreWriter, make_run: MakeRun
) -> None:
    writer.add_run(make_run())
    writer.commit()
    readers = [
        subprocess.Popen([sys.executable, "-c", READ, path], stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    for n in range(0, 3000, 5):
        writer.append(
            make_run().id, [HistoryRecord(m, m, {"a": m, "b": m}) for m in range(n, n + 5)]
        )
        writer.commit()
    for process in readers:
        output, _ = process.communicate()
        assert process.returncode == 0
        assert int(output) > 0


def test_threads_share_a_reader(
    writer: store.StoreWriter, reader: store.StoreReader, make_run: MakeRun
) -> None:
    writer.add_run(make_run())
    failures: list[BaseException] = []
    ready = threading.Barrier(5)

    def read() -> None:
        ready.wait()
        try:
            for _ in range(100):
                reader.runs()
                reader.version()
                reader.history()
        except BaseException as error:  # noqa: BLE001 - handed to the test's own thread
            failures.append(error)

    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    ready.wait()
    for n in range(100):
        writer.append(make_run().id, [HistoryRecord(n, n, {"a": n})])
        writer.commit()
    for thread in threads:
        thread.join()
    assert failures == []


def test_opening_a_store_imports_no_numpy(path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from wandb_magic import store;"
        "p = Path(sys.argv[1]); store.StoreReader(p).runs(); store.StoreWriter(p).close();"
        "print({'numpy', 'psutil', 'wandb'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, path], capture_output=True, text=True, check=True
    )
    assert done.stdout == "set()\n"


def test_an_id_is_only_an_id(reader: store.StoreReader) -> None:
    with pytest.raises(SweepNotFoundError):
        reader.run(RunId("' OR 1 --"))


def test_run_times_are_those_of_runs_whose_end_is_known(
    sweep: SweepRecord, make_run: MakeRun, tmp_path: Path
) -> None:
    path = tmp_path / "busy.db"
    store.create(path, sweep)
    writer = store.StoreWriter(path)
    for number, (begin, end, state) in enumerate(
        [
            (0.0, 10.0, RunState.FINISHED),
            (5.0, 20.0, RunState.FAILED),
            (6.0, 7.0, RunState.FINISHED),
            # paused for a thousand seconds; then the machine was off
            (1020.0, 9000.0, RunState.LOST),
            (1030.0, 1040.0, RunState.STOPPED),
            (1050.0, None, RunState.RUNNING),
            (None, None, RunState.PENDING),
        ]
    ):
        writer.add_run(
            make_run(number, id=f"run0000{number}", started=begin, ended=end, state=state)
        )
    writer.close()
    reader = store.StoreReader(path)
    times = reader.run_times(1055.0)
    reader.close()
    assert (times.durations, sorted(times.ages)) == ([10.0, 15.0, 10.0, 1.0], [0.0, 5.0])
    assert (times.begun, times.first_started) == (7, 0.0)
