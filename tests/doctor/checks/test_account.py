"""Mode, key and server, against a server of the tests' own."""

import os
import socket
import time
from collections.abc import Callable

import pytest

from fake_wandb_server.server import FakeWandbServer
from fake_wandb_server.site import ENTITY
from wandb_magic.doctor.checks import account
from wandb_magic.doctor.diagnostics import Diagnostic, Level
from wandb_magic.doctor.environment import Environment

Bad = Callable[[list[Diagnostic]], list[Diagnostic]]
KEY = "0123456789abcdef" * 3


def told(**environment: str) -> list[Diagnostic]:
    """Ask with these variables; no key is ever among what is said."""
    env = Environment(variables={**os.environ, **environment})
    found = list(account.check(env))
    key = environment.get("WANDB_API_KEY")
    assert key is None or key not in repr(found)
    return found


@pytest.fixture
def refused() -> str:
    """Give an address at which nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{taken.getsockname()[1]}"


def test_without_a_key_sweeps_are_offline_and_nobody_is_asked() -> None:
    mode, key = told()
    assert mode.text.startswith("sweeps are offline, because W&B finds no API key")
    assert key.text.startswith("no API key is found")


def test_a_key_that_the_server_knows_is_well(fake_wandb_server: FakeWandbServer, bad: Bad) -> None:
    found = told(**fake_wandb_server.environment)
    assert not bad(found)
    mode, key, server, entity = (finding.text for finding in found)
    assert mode.startswith("sweeps are online, because W&B finds an API key")
    assert key == "an API key is found: WANDB_API_KEY"
    assert server == f"W&B at {fake_wandb_server.url} answers, and accepts the key"
    assert entity == f"sweeps go to the entity {ENTITY}"


def test_an_entity_of_others_is_told(fake_wandb_server: FakeWandbServer, bad: Bad) -> None:
    (finding,) = bad(told(**{**fake_wandb_server.environment, "WANDB_ENTITY": "strangers"}))
    assert finding.level is Level.PROBLEM
    assert "'strangers' is neither you nor one of your teams" in finding.text
    assert finding.remedy == f"export WANDB_ENTITY={ENTITY}"


def test_offline_by_choice_says_so_and_finds_the_key(fake_wandb_server: FakeWandbServer) -> None:
    mode, key, *server = told(**fake_wandb_server.environment, WANDB_MODE="offline")
    assert mode.text.startswith("sweeps are offline, because WANDB_MODE is offline")
    assert key.text.endswith("WANDB_API_KEY")
    assert [finding.level for finding in server] == [Level.OK, Level.OK]


def test_a_stale_service_does_not_keep_wandb_from_answering(
    fake_wandb_server: FakeWandbServer, bad: Bad
) -> None:
    assert not bad(told(**fake_wandb_server.environment, WANDB_SERVICE="3-1-unix-/gone"))


def test_a_rejected_key_is_told(fake_wandb_server: FakeWandbServer, bad: Bad) -> None:
    fake_wandb_server.reject_keys()
    (finding,) = bad(told(**fake_wandb_server.environment))
    assert finding.level is Level.PROBLEM
    assert "rejects the API key from WANDB_API_KEY" in finding.text
    assert finding.remedy.splitlines()[0] == "wandb login --relogin"


def test_a_refused_connection_is_told(refused: str, bad: Bad) -> None:
    (finding,) = bad(told(WANDB_BASE_URL=refused, WANDB_API_KEY=KEY))
    assert finding.level is Level.PROBLEM
    assert "it refuses the connection" in finding.text
    assert finding.remedy == "export WANDB_MODE=offline"


def test_offline_the_server_is_no_problem(refused: str, bad: Bad) -> None:
    (finding,) = bad(told(WANDB_BASE_URL=refused, WANDB_API_KEY=KEY, WANDB_MODE="offline"))
    assert finding.level is Level.NOTE


def test_an_unknown_host_is_told(bad: Bad) -> None:
    (finding,) = bad(told(WANDB_BASE_URL="http://nowhere.invalid", WANDB_API_KEY=KEY))
    assert "cannot be reached" in finding.text


def test_a_server_that_hangs_is_given_up(
    fake_wandb_server: FakeWandbServer, monkeypatch: pytest.MonkeyPatch, bad: Bad
) -> None:
    fake_wandb_server.fault("hang")
    monkeypatch.setattr(account, "TIMEOUT_S", 0.5)
    began = time.monotonic()
    (finding,) = bad(told(**fake_wandb_server.environment))
    assert time.monotonic() - began < 60  # wandb itself would wait for minutes
    assert "does not answer within" in finding.text
    fake_wandb_server.heal()
