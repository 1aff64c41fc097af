"""What a run at W&B logged, as the store of an imported sweep has it."""

import json
import math
from contextlib import closing
from pathlib import Path
from typing import Any

from tests.sweeps import RANDOM, run_record, sweep_record
from wandb_magic import store
from wandb_magic.api._run_importer import RunImporter
from wandb_magic.commands.serializers import run_to_json
from wandb_magic.records import RunId
from wandb_magic.wandb_client import RemoteSweep
from wandb_magic.wandb_client.export import HistoryPage, RemoteRun

IMAGE = {"_type": "image-file", "path": "a.png", "width": 3}


def test_nested_values_are_stored_as_those_of_a_run_here(tmp_path: Path) -> None:
    path = tmp_path / "sweep.db"
    store.create(path, sweep_record())
    logged: dict[str, Any] = {
        "loss": 1.0,
        "deep": {"er": {"est": 2}, "image": IMAGE},
        "_wandb": {"runtime": 5, "deep": {"er": 1}},
    }
    run = RemoteRun(
        *("run00000", "name", "finished", "mark"),
        *(1000.0, 1010.0),
        config={"lr": 0.1, "net": {"depth": 3}, "_wandb": {"t": {"1": [1]}}},
        summary=logged,
        tags=(),
        notes="",
        group="",
        job_type="",
        commit="",  # type: ignore[arg-type] # of two types
    )
    row = {"_step": 0, "loss": "Infinity", "deep": {"er": "NaN", "image": IMAGE, "text": "NaNs"}}
    remote = RemoteSweep("entity", "project", "sweep000", "https://x.example", RANDOM)
    with closing(store.StoreWriter(path)) as writer, closing(store.StoreReader(path)) as reader:
        importer = RunImporter(writer, reader, remote)
        assert list(importer.import_runs(iter([run, HistoryPage((row,))]))) == [
            ("run00000", "mark")
        ]
        id_ = RunId("run00000")
        assert reader.summaries([id_])[id_] == {
            "loss": 1.0,
            "deep.er.est": 2,
            "deep.image": IMAGE,
        }
        assert reader.configs([id_])[id_] == {"lr": 0.1, "net.depth": 3}
        curves = reader.history(["loss", "deep.er"], [id_])[id_]
        assert curves["loss"].lows.tolist() == [math.inf]
        assert math.isnan(curves["deep.er"].lows[0])
        media = {each.key: each.value for each in reader.media(id_)}
        assert media == {"deep.image": IMAGE, "deep.text": "NaNs"}


def test_the_json_of_a_run_is_standard_whatever_its_numbers() -> None:
    run = run_record(params={"a": {"b": [math.nan, -math.inf]}}, value=math.inf)
    text = json.dumps(run_to_json(run), allow_nan=False)
    assert json.loads(text)["params"] == {"a": {"b": ["NaN", "-Infinity"]}}
    assert json.loads(text)["value"] is None
