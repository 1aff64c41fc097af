"""What a client of either version sends of a run arrives, and can be read back."""

from __future__ import annotations

import dataclasses
import json

import pytest

from fake_wandb_server.clients import Client, side_by_side
from fake_wandb_server.server import FakeWandbServer

EVERYTHING = """
import pathlib, wandb
run = wandb.init(
    project="digits", id="first", name="a name", notes="a note", tags=["one", "two"], group="both",
    job_type="train", config={"lr": 0.1, "net": {"layers": [1, 2]}},
)
print("before")
for step in range(20):
    run.log({"loss": 1 / (step + 1), "nested": {"deep": step}})
run.log({"page": wandb.Html("<p>media</p>")})
run.log({"table": wandb.Table(columns=["a", "b"], data=[[1, "x"], [2, "y"]])})
run.summary["best"] = 0.05
pathlib.Path("notes.txt").write_text("saved")
run.save("notes.txt")
for content in ("one", "two"):
    artifact = wandb.Artifact("data", type="dataset", metadata={"rows": 3})
    with artifact.new_file("rows.txt") as file:
        file.write(content)
    run.log_artifact(artifact, aliases=["newest", content])
run.alert("look", "here")
run.finish()

run = wandb.init(project="digits", id="second", config={"lr": 0.2})
folder = run.use_artifact("data:one").download()
print("used", pathlib.Path(folder, "rows.txt").read_text())
run.log({"loss": 3})
run.finish()
"""

READ_BACK = """
import json, pathlib, sys, wandb
api = wandb.Api()
run = api.run("team/digits/first")
artifact = api.artifact("team/digits/data:newest")
print("read", json.dumps({
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
sys.stdout.flush()
run.tags.append("three")
run.config["later"] = True
run.update()
api.run("team/digits/second").delete()
"""


def server_of(client: Client) -> FakeWandbServer:
    assert isinstance(client.server, FakeWandbServer)
    return client.server


def everything(client: Client) -> None:
    server = server_of(client)
    assert "used one" in client.script(EVERYTHING)
    run, second = server.runs["first"], server.runs["second"]
    assert (run.state, run.exit_code, second.state) == ("finished", 0, "finished")
    assert run.config == {"lr": 0.1, "net": {"layers": [1, 2]}}
    assert [row["loss"] for row in run.history[:20]] == [1 / (step + 1) for step in range(20)]
    assert [row["_step"] for row in run.history] == list(range(22))
    assert run.history[3]["nested"] == {"deep": 3}
    assert run.overwritten == 0
    assert run.summary["best"] == 0.05
    assert any("before" in line for line in run.console)
    assert (run.display_name, run.notes, run.group) == ("a name", "a note", "both")
    assert (run.tags, run.job_type) == (["one", "two"], "train")
    assert run.files["notes.txt"].content == b"saved"
    assert any(name.startswith("media/html/page") for name in run.files)
    assert any(name.startswith("media/table/table") for name in run.files)
    assert [alert["title"] for alert in run.alerts] == ["look"]
    assert {"data:v0", "data:v1"} <= set(run.logged)
    assert second.used == ["data:v0"]
    assert sorted(server.artifacts["data:v1"].aliases) == ["latest", "newest", "two"]

    output = client.script(READ_BACK)
    line = next(line for line in output.splitlines() if line.startswith("read "))
    assert json.loads(line.removeprefix("read ")) == {
        "viewer": "ada",
        "entity": "team",
        "state": "finished",
        "config": {"lr": 0.1, "net": {"layers": [1, 2]}},
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
    assert run.tags == ["one", "two", "three"]
    assert run.config["later"] is True
    assert (run.state, run.resumed) == ("finished", 0)
    assert list(server.runs) == ["first"]
    assert server.refused == []


@pytest.mark.every_wandb
def test_everything_of_a_run_arrives_and_is_read_back(wandb_clients: list[Client]) -> None:
    side_by_side(wandb_clients, everything)


BEGIN = "import wandb; run = wandb.init(project='digits', id='run'); run.log({'loss': 1})\n"
RESUME = """
import wandb
run = wandb.init(project="digits", id="run", config={"new": 1})
print(run.resumed, run.starting_step, run.summary["loss"])
run.log({"loss": 2})
"""


def endings(client: Client) -> None:
    server = server_of(client)
    client.script(BEGIN + "raise ValueError", expected=1)
    run = server.runs["run"]
    assert (run.state, run.exit_code) == ("failed", 1)
    assert "True 1 1" in client.script(RESUME, WANDB_RESUME="must")
    assert [row["loss"] for row in run.history] == [1, 2]
    assert [row["_step"] for row in run.history] == [0, 1]
    assert (run.state, run.exit_code, run.overwritten, run.resumed) == ("finished", 0, 0, 1)
    missing = RESUME.replace('"run"', '"other"')
    assert server.refused == []
    client.script(missing, expected=1, WANDB_RESUME="must")
    assert list(server.runs) == ["run"]


def test_endings_and_resumption(wandb_clients: list[Client]) -> None:
    side_by_side(wandb_clients, endings)


OFFLINE = """
import wandb
run = wandb.init(project="digits", id="run", mode="offline", config={"a": 1})
for step in range(30):
    run.log({"loss": step})
run.log({"table": wandb.Table(columns=["a"], data=[[1]])})
"""


def sync(client: Client) -> None:
    server = server_of(client)
    dataclasses.replace(client, server=None).script(OFFLINE)
    client.wandb("sync", next((client.folder / "wandb").glob("offline-run-*")))
    run = server.runs["run"]
    assert (run.state, run.config, run.exit_code) == ("finished", {"a": 1}, 0)
    assert (len(run.history), run.overwritten) == (31, 0)
    assert len(run.logged) == 1
    assert server.refused == []


def test_sync_of_an_offline_run(wandb_clients: list[Client]) -> None:
    side_by_side(wandb_clients, sync)


@pytest.mark.parametrize(
    ("entity", "message"),
    [("them", "entity them not found during upsertBucket"), ("closed", "permission denied")],
)
def test_an_entity_that_is_not_ours(
    wandb_clients: list[Client], entity: str, message: str
) -> None:
    def refused(client: Client) -> None:
        assert client.server is not None
        client.server.make_entity("closed", readable=False)
        assert message in client.script(BEGIN, expected=1, WANDB_ENTITY=entity)
        assert client.server.runs == {}

    side_by_side(wandb_clients, refused)
