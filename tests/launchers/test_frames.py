import pickle
from pathlib import Path
from typing import Any

import pytest

from wandb_magic.launchers.file_stream import FileChunk
from wandb_magic.launchers.frames import decode_reports, encode_reports
from wandb_magic.records import ProcessId, RunId
from wandb_magic.resources import Gpu, GpuShare, Host, Resources
from wandb_magic.runner.events import ResourcesChanged, RunExited, RunnerNotice, RunStarted

RUN = RunId("run00001")
GPU = Gpu("GPU-0", "0", "A100", 2**34, (GpuShare("sweep000", RUN, 0.5, 0),), 40.0, None, 1e9)
RESOURCES = Resources((Host("node", "tcp://a:1", 4, (RUN,), (GPU,)),), "gone")


def test_reports_arrive_as_they_were_sent() -> None:
    reports = [
        (1, RunStarted(RUN, ProcessId(1, "x"))),
        (2, FileChunk(RUN, "a/b", 0, b"\0\xff", None, 0)),
        (3, RunnerNotice("text")),
        (4, RunExited(RUN, 0, None, "", 1.5)),
        (5, ResourcesChanged(RESOURCES)),
    ]
    assert decode_reports(encode_reports(list(reports))) == reports


class Evil:
    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.touch, (self.mark,))


def test_a_report_creates_nothing_but_records(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    with pytest.raises(pickle.UnpicklingError, match="not part of a report"):
        decode_reports(pickle.dumps([(1, Evil(mark))]))
    assert not mark.exists()
