"""Relative paths are made absolute for a wandb-core that works in another directory."""

from pathlib import Path

import pytest
from wandb.proto.wandb_server_pb2 import ServerRequest

from wandb_magic.runner.wandb_core_client import make_absolute


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_settings(here: Path) -> None:
    request = ServerRequest()
    settings = request.inform_init.settings
    settings.sync_file.value = "wandb/run.wandb"
    settings.root_dir.value = "~/results"
    settings.project.value = "wandb/project"
    settings.config_paths.value.extend(["a.yaml", "/b.yaml"])
    make_absolute(request)
    assert settings.sync_file.value == str(here / "wandb" / "run.wandb")
    assert settings.root_dir.value == "~/results"
    assert settings.project.value == "wandb/project"
    assert list(settings.config_paths.value) == [str(here / "a.yaml"), "/b.yaml"]


def test_tensorboard(here: Path) -> None:
    request = ServerRequest()
    board = request.record_publish.tbrecord
    board.log_dir, board.root_dir = "logs/x", "s3://bucket/logs"
    make_absolute(request)
    assert (board.log_dir, board.root_dir) == (str(here / "logs" / "x"), "s3://bucket/logs")


def test_an_artifact(here: Path) -> None:
    request = ServerRequest()
    manifest = request.record_publish.artifact.manifest
    manifest.contents.add(path="inside.txt", local_path="rel/data.txt")
    make_absolute(request)
    (entry,) = manifest.contents
    assert (entry.path, entry.local_path) == ("inside.txt", str(here / "rel" / "data.txt"))


def test_a_download(here: Path) -> None:
    request = ServerRequest()
    request.record_communicate.request.download_artifact.download_root = "./artifacts"
    make_absolute(request)
    download = request.record_communicate.request.download_artifact
    assert download.download_root == str(here / "artifacts")


def test_what_lies_in_the_folder_of_the_run_stays_as_it_is() -> None:
    request = ServerRequest()
    request.record_publish.files.files.add(path="model.pt")
    make_absolute(request)
    assert request.record_publish.files.files[0].path == "model.pt"
