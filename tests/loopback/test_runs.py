"""What a client of either version tells of a run arrives, and can be read back."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from loopback.clients import NAMES, PYTHONS, execute
from loopback.server import Loopback

EVERYTHING = """
import importlib.util, pathlib, numpy, wandb
run = wandb.init(
    project="digits", id="first", name="a name", notes="a note", tags=["one", "two"], group="both",
    job_type="train", config={"lr": 0.1, "net": {"layers": [1, 2]}},
)
print("before")
for step in range(20):
    run.log({"loss": 1 / (step + 1), "nested": {"deep": step}})
pathlib.Path("zero.gif").write_bytes(
    bytes.fromhex("47494638376101000100810000000000000000000000000000002c000000000100010000080400010404003b")
)
run.log({"image": wandb.Image("zero.gif") if importlib.util.find_spec("PIL") else wandb.Video("zero.gif", format="gif")})
run.log({"table": wandb.Table(columns=["a", "b"], data=[[1, "x"], [2, "y"]])})
run.summary["best"] = 0.05
pathlib.Path("notes.txt").write_text("saved")
run.save("notes.txt")
for content in ("one", "two"):
    artifact = wandb.Artifact("data", type="dataset", metadata={"rows": 3})
    with artifact.new_file("rows.txt") as file:
        file.write(content)
    run.log_artifact(artifact, aliases=["newest", content])
run.finish()

run = wandb.init(project="digits", id="second", config={"lr": 0.2})
folder = run.use_artifact("data:one").download()
print("used", pathlib.Path(folder, "rows.txt").read_text())
run.log({"loss": 3})
run.finish()
"""

READ_BACK = """
import json, pathlib, wandb
api = wandb.Api()
run = api.run("team/digits/first")
artifact = api.artifact("team/digits/data:newest")
print(json.dumps({
    "viewer": api.viewer.username,
    "entity": api.default_entity,
    "state": run.state,
    "config": run.config,
    "best": run.summary["best"],
    "tags": run.tags,
    "scan": [row["loss"] for row in run.scan_history(keys=["loss"])],
    "scanned": len(list(run.scan_history())),
    "sampled": len(run.history(samples=5, keys=["loss"], pandas=False)),
    "files": sorted(file.name for file in run.files() if "notes" in file.name),
    "saved": run.file("notes.txt").download(replace=True).read(),
    "runs": [each.id for each in api.runs("team/digits", order="-config.lr")],
    "chosen": [each.id for each in api.runs("team/digits", filters={"config.lr": {"$lt": 0.15}})],
    "logged": sorted(each.name for each in run.logged_artifacts() if each.type == "dataset"),
    "used": [each.name for each in api.run("team/digits/second").used_artifacts()],
    "version": artifact.version,
    "aliases": sorted(artifact.aliases),
    "metadata": artifact.metadata,
    "content": pathlib.Path(artifact.download("there"), "rows.txt").read_text(),
}))
"""


@pytest.mark.parametrize("python", PYTHONS, ids=NAMES)
def test_everything_of_a_run_arrives_and_is_read_back(
    loopback: Loopback, tmp_path: Path, python: str
) -> None:
    output = execute(loopback, tmp_path, python, EVERYTHING)
    assert "used one" in output
    assert loopback.refused == []
    run, second = loopback.runs["first"], loopback.runs["second"]
    assert (run.state, run.exit_code, second.state) == ("finished", 0, "finished")
    assert run.config == {"lr": 0.1, "net": {"layers": [1, 2]}}
    assert [row["loss"] for row in run.history[:20]] == [1 / (step + 1) for step in range(20)]
    assert [row["_step"] for row in run.history] == list(range(22))
    assert run.history[3]["nested"]["deep"] == 3 or run.history[3]["nested.deep"] == 3
    assert run.overwritten == 0
    assert run.summary["best"] == 0.05
    assert any("before" in line for line in run.console)
    assert (run.display_name, run.notes, run.group) == ("a name", "a note", "both")
    assert (run.tags, run.job_type) == (["one", "two"], "train")
    assert run.files["notes.txt"].content == b"saved"
    assert any(name.startswith("media/") and "/image" in name for name in run.files)
    assert any(name.startswith("media/table/table") for name in run.files)
    assert {"data:v0", "data:v1"} <= set(run.logged)
    assert second.used == ["data:v0"]
    assert sorted(loopback.artifacts["data:v1"].aliases) == ["latest", "newest", "two"]

    read = json.loads(execute(loopback, tmp_path, python, READ_BACK).splitlines()[-1])
    assert loopback.refused == []
    assert read == {
        "viewer": "ada",
        "entity": "team",
        "state": "finished",
        "config": run.config,
        "best": 0.05,
        "tags": ["one", "two"],
        "scan": [1 / (step + 1) for step in range(20)],
        "scanned": 22,
        "sampled": 5,
        "files": ["notes.txt"],
        "saved": "saved",
        "runs": ["second", "first"],
        "chosen": ["first"],
        "logged": ["data:v0", "data:v1"],
        "used": ["data:v0"],
        "version": "v1",
        "aliases": ["latest", "newest", "two"],
        "metadata": {"rows": 3},
        "content": "two",
    }


ENDINGS = """
import sys, wandb
run = wandb.init(project="digits", id=sys.argv[1] if len(sys.argv) > 1 else None)
run.log({"loss": 1})
"""


@pytest.mark.parametrize("python", PYTHONS, ids=NAMES)
def test_endings_and_resumption(loopback: Loopback, tmp_path: Path, python: str) -> None:
    start = "import wandb; run = wandb.init(project='digits', id='run'); run.log({'loss': 1})\n"
    execute(loopback, tmp_path, python, start + "raise ValueError", expected=1)
    run = loopback.runs["run"]
    assert (run.state, run.exit_code) == ("failed", 1)
    resume = (
        "import wandb; run = wandb.init(project='digits', id='run', config={'new': 1})\n"
        "print(run.resumed, run.starting_step, run.summary['loss']); run.log({'loss': 2})"
    )
    output = execute(loopback, tmp_path, python, resume, WANDB_RESUME="must")
    assert output.split() == ["True", "1", "1"]
    assert [row["loss"] for row in run.history] == [1, 2]
    assert [row["_step"] for row in run.history] == [0, 1]
    assert (run.state, run.exit_code, run.overwritten) == ("finished", 0, 0)
    execute(
        loopback,
        tmp_path,
        python,
        resume.replace("'run'", "'other'"),
        expected=1,
        WANDB_RESUME="must",
    )
    assert "other" not in loopback.runs


@pytest.mark.parametrize("python", PYTHONS, ids=NAMES)
def test_sync_of_an_offline_run(loopback: Loopback, tmp_path: Path, python: str) -> None:
    code = (
        "import wandb; run = wandb.init(project='digits', id='run', mode='offline', config={'a': 1})\n"
        "for step in range(30): run.log({'loss': step})"
    )
    execute(None, tmp_path, python, code)
    sync = "import sys; from wandb.cli.cli import cli; sys.argv[0] = 'wandb'; cli()"
    folder = next((tmp_path / "wandb").glob("offline-run-*"))
    program = Path(python).with_name("wandb")
    from loopback.clients import ended  # noqa: PLC0415
    from loopback.clients import start as started

    ended(started(loopback, tmp_path, program, "sync", folder))
    run = loopback.runs["run"]
    assert (run.state, run.config, len(run.history), run.overwritten) == (
        "finished",
        {"a": 1},
        30,
        0,
    )
    assert sync
