import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from wandb_magic.doctor.checks import disk
from wandb_magic.doctor.diagnostics import Diagnostic, Level
from wandb_magic.doctor.environment import Environment

Bad = Callable[[list[Diagnostic]], list[Diagnostic]]
ASKS = """
from wandb.env import get_cache_dir
from wandb.sdk.artifacts.staging import get_staging_dir
print(get_cache_dir() / "artifacts")
print(get_staging_dir())
"""
CLEANS = ["-m", "wandb", "artifact", "cache", "cleanup", "--remove-temp", disk.CACHE_TARGET]


@pytest.fixture
def env(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Environment:
    """Give a env whose disk has enough room, whatever the disk of the tests has."""
    monkeypatch.setattr(disk, "LOW_FREE", 1)
    monkeypatch.setattr(disk, "MIN_FREE", 0)
    monkeypatch.setenv("WANDB_DATA_DIR", str(tmp_path / "data"))
    return Environment()


@pytest.mark.parametrize("names", [("WANDB_CACHE_DIR", "WANDB_DATA_DIR"), ()])
def test_the_folders_are_those_of_wandb(
    python: str, names: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("WANDB_CACHE_DIR")
    for name in names:
        monkeypatch.setenv(name, str(tmp_path / name))
    said = subprocess.run([python, "-c", ASKS], check=True, capture_output=True, text=True)
    assert said.stdout.split() == [
        str(disk.cache_folder(os.environ)),
        str(disk.staging_folder(os.environ)),
    ]


def test_all_is_well_with_room_and_without_caches(env: Environment, tmp_path: Path) -> None:
    found = list(disk.check(env))
    assert [finding.level for finding in found] == [Level.OK] * 3
    assert str(tmp_path) in found[0].text


@pytest.mark.parametrize(
    ("threshold", "level"), [("LOW_FREE", Level.NOTE), ("MIN_FREE", Level.PROBLEM)]
)
def test_little_room_is_noticed(
    env: Environment, threshold: str, level: Level, monkeypatch: pytest.MonkeyPatch, bad: Bad
) -> None:
    monkeypatch.setattr(disk, threshold, 1 << 62)
    (finding,) = bad(list(disk.check(env)))
    assert (finding.level, finding.remedy.partition("=")[0]) == (level, "export WANDB_DIR")


def test_a_full_cache_is_noticed_and_the_remedy_empties_it(
    env: Environment, python: str, bad: Bad
) -> None:
    cached = disk.cache_folder(env.variables) / "obj" / "md5" / "aa" / "file"
    cached.parent.mkdir(parents=True)
    with cached.open("wb") as file:  # it takes no room on the disk
        file.truncate(disk.LARGE_CACHE)
    (finding,) = bad(list(disk.check(env)))
    assert finding.level is Level.NOTE
    assert "has 10.0 GiB" in finding.text
    assert finding.remedy == f"wandb {' '.join(CLEANS[2:])}"
    subprocess.run([python, *CLEANS], check=True, capture_output=True)
    assert not cached.exists()
    assert not bad(list(disk.check(env)))


def test_a_full_staging_folder_is_noticed(env: Environment, bad: Bad) -> None:
    folder = disk.staging_folder(env.variables)
    folder.mkdir(parents=True)
    with (folder / "left").open("wb") as file:
        file.truncate(disk.LARGE_CACHE)
    (finding,) = bad(list(disk.check(env)))
    assert "left behind" in finding.text
    assert str(folder) in finding.remedy


def test_a_cache_that_takes_long_to_count_is_counted_as_far_as_time_allows(
    env: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk.cache_folder(env.variables).mkdir(parents=True)
    monkeypatch.setattr(disk, "COUNT_TIMEOUT_S", -1.0)
    assert "at least 0 B" in list(disk.check(env))[1].text
