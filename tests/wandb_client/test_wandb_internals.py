"""wandb's internals that identify the user, with the oldest and the newest supported wandb."""

from __future__ import annotations

import json
import netrc
import subprocess
from pathlib import Path
from typing import Any

import pytest

from fake_wandb_server.clients import PYTHONS
from fake_wandb_server.server import FakeWandbServer

KEY = "a" * 20 + "0" * 20
OTHER_KEY = "b" * 40
ROOT = Path(__file__).parents[2]
ASK = """
import dataclasses, json, os
from wandb_magic.errors import RemoteError
from wandb_magic.wandb_client import account
try:
    print(json.dumps(dataclasses.asdict(account(os.environ))))
except RemoteError as error:
    print(json.dumps({"error": str(error)}))
"""
CREATE = """
import dataclasses, json, os
from wandb_magic.wandb_client import create_sweep, get_sweep
config = {"method": "grid", "name": "made", "parameters": {"lr": {"values": [1, 2]}}}
made = create_sweep(config, os.environ, project="digits", prior_runs=["old"])
found = get_sweep(made.id, os.environ, project="digits")
print(json.dumps([dataclasses.asdict(made), dataclasses.asdict(found)]))
"""

IDS = ["newest", "oldest"][: len(PYTHONS)]
every_wandb = pytest.mark.parametrize("python", PYTHONS, ids=IDS)
older = pytest.mark.full("the newest wandb, and all that the environment says with the oldest")
newest_wandb = pytest.mark.parametrize(
    "python", [PYTHONS[0], *(pytest.param(each, marks=older) for each in PYTHONS[1:])], ids=IDS
)


def asked(python: str, folder: Path, code: str, **variables: str) -> Any:  # noqa: ANN401 - JSON
    done = subprocess.run(
        [python, "-c", code],
        cwd=folder,
        env={"PATH": "/usr/bin:/bin", "HOME": str(folder), "PYTHONPATH": str(ROOT), **variables},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@every_wandb
def test_all_that_the_environment_says(python: str, tmp_path: Path) -> None:
    given = {
        "WANDB_API_KEY": KEY,
        "WANDB_BASE_URL": "http://wandb.example:8080/",
        "WANDB_ENTITY": "them",
        "WANDB_PROJECT": "digits",
        "WANDB_MODE": "offline",
    }
    assert asked(python, tmp_path, ASK, **given) == {
        "base_url": "http://wandb.example:8080",
        "app_url": "http://wandb.example:8080",
        "source": "WANDB_API_KEY",
        "key": KEY,
        "entity": "them",
        "project": "digits",
        "mode": "offline",
    }


@newest_wandb
def test_a_login_that_lies_in_a_netrc_is_for_its_own_server(python: str, tmp_path: Path) -> None:
    (tmp_path / ".netrc").write_text(
        f"machine wandb.example\n  login user\n  password {KEY}\n"
        f"machine other.example\n  login user\n  password {OTHER_KEY}\n"
    )
    (tmp_path / ".netrc").chmod(0o600)
    assert len(netrc.netrc(tmp_path / ".netrc").hosts) == 2
    here = asked(python, tmp_path, ASK, WANDB_BASE_URL="https://wandb.example")
    assert (here["key"], here["source"], here["mode"]) == (KEY, "wandb login", "online")
    there = asked(python, tmp_path, ASK, WANDB_BASE_URL="https://other.example")
    assert there["key"] == OTHER_KEY
    nowhere = asked(python, tmp_path, ASK, WANDB_BASE_URL="https://third.example")
    assert (nowhere["key"], nowhere["source"]) == ("", "")


@newest_wandb
def test_without_a_login_the_server_is_the_one_that_wandb_would_use(
    python: str, tmp_path: Path
) -> None:
    found = asked(python, tmp_path, ASK)
    code = "import json, wandb; print(json.dumps(wandb.setup().settings.base_url))"
    assert found["base_url"] == asked(python, tmp_path, code).rstrip("/")
    assert found["key"] == ""
    assert found["app_url"] != found["base_url"], "the cloud's pages are not at its API"


@newest_wandb
def test_a_key_that_is_too_short_is_a_sentence_without_the_key(
    python: str, tmp_path: Path, fake_wandb_server: FakeWandbServer
) -> None:
    given = {"WANDB_API_KEY": "secretbutshort", "WANDB_BASE_URL": fake_wandb_server.url}
    found = asked(python, tmp_path, ASK, **given)
    if "error" in found:
        assert "secretbutshort" not in found["error"]
        assert "\n" not in found["error"]
        assert "40" in found["error"]
    assert fake_wandb_server.requests == []


@every_wandb
def test_a_sweep_is_made_and_found_again(
    python: str, tmp_path: Path, fake_wandb_server: FakeWandbServer
) -> None:
    made, found = asked(python, tmp_path, CREATE, **fake_wandb_server.environment)
    sweep = fake_wandb_server.sweeps[made["id"]]
    assert (made["entity"], made["project"]) == ("team", "digits")
    assert sweep.config["parameters"] == {"lr": {"values": [1, 2]}}
    assert sweep.display_name == "made"
    assert sweep.prior_runs == ["old"]
    assert found == {
        **made,
        "config": {"method": "grid", "name": "made", "parameters": {"lr": {"values": [1, 2]}}},
        "state": "RUNNING",
    }
    assert made["url"] == f"{fake_wandb_server.url}/team/digits/sweeps/{made['id']}"
    assert fake_wandb_server.refused == []
