"""What keeps a sweep from being online: one sentence, and nothing is left behind."""

from collections.abc import Callable
from pathlib import Path

import pytest

from fake_wandb_server.server import FakeWandbServer
from wandb_magic import registry
from wandb_magic.api import Sweep
from wandb_magic.errors import SweepError

CELL = "import wandb\nwith wandb.init() as run:\n    run.log({'loss': 1})\n"

pytestmark = pytest.mark.timeout(90)  # wandb itself would try for minutes

Start = Callable[..., Sweep]
Refused = Callable[..., str]


@pytest.fixture
def refused(
    start: Start,
    fake_wandb_server: FakeWandbServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Refused:
    def sentence(config: object = None, mode: str = "auto", **variables: str) -> str:
        for name, value in {**fake_wandb_server.environment, **variables}.items():
            monkeypatch.setenv(name, value)
        with pytest.raises(SweepError) as caught:
            start(CELL, config, mode=mode)
        assert list(tmp_path.glob("wandb/*")) == []
        assert list(registry.list_sweeps()) == []
        assert "\n" not in str(caught.value)
        assert fake_wandb_server.key not in str(caught.value)
        return str(caught.value)

    return sentence


def test_a_server_that_is_not_there(fake_wandb_server: FakeWandbServer, refused: Refused) -> None:
    fake_wandb_server.close()
    said = refused()
    assert (
        f"127.0.0.1:{fake_wandb_server.port} cannot be reached: it refuses the connection" in said
    )
    assert "WANDB_BASE_URL" in said
    assert "--mode offline" in said


def test_a_server_that_says_only_errors(
    fake_wandb_server: FakeWandbServer, refused: Refused
) -> None:
    fake_wandb_server.fault("status", status=503)
    assert "is in trouble (HTTP 503)" in refused()


def test_a_key_that_is_rejected(fake_wandb_server: FakeWandbServer, refused: Refused) -> None:
    said = refused(WANDB_API_KEY="f" * 40)
    assert "rejects the API key from WANDB_API_KEY" in said
    assert "f" * 40 not in said
    assert fake_wandb_server.sweeps == {}


def test_a_key_that_is_too_short(fake_wandb_server: FakeWandbServer, refused: Refused) -> None:
    said = refused(WANDB_API_KEY="tooshort")
    assert "tooshort" not in said
    assert fake_wandb_server.sweeps == {}


def test_an_entity_that_is_not_ours(fake_wandb_server: FakeWandbServer, refused: Refused) -> None:
    said = refused(WANDB_ENTITY="strangers")
    assert "'strangers' is neither you nor one of your teams" in said
    assert "team" in said
    assert fake_wandb_server.sweeps == {}


def test_a_sweep_that_is_not_there(refused: Refused) -> None:
    said = refused(config="team/tests/abcd1234")
    assert "has no sweep team/tests/abcd1234" in said


def test_no_key_at_all(refused: Refused, fake_wandb_server: FakeWandbServer) -> None:
    said = refused(mode="online", WANDB_API_KEY="")
    assert "online is unavailable" in said
    assert "wandb login" in said
    assert fake_wandb_server.requests == []
