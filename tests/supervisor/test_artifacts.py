"""Online, a run uses the artifact that a run of another sweep logged."""

from collections.abc import Callable

import pytest

from fake_wandb_server.server import FakeWandbServer
from wandb_magic.api import Sweep
from wandb_magic.log_records import ArtifactRecord

LOG = """
import wandb
from pathlib import Path

weights = Path(ROOT, "weights.bin")
with wandb.init() as run:
    for version in range(2):
        weights.write_bytes(bytes([version]))
        artifact = wandb.Artifact("net", type="model", metadata={"version": version})
        artifact.add_file(weights, name="weights.bin")
        run.log_artifact(artifact, aliases=["best"] if version == 0 else [])
    run.log({"loss": 0.0})
"""
USE = """
import wandb
from pathlib import Path

with wandb.init() as run:
    folder = run.use_artifact("net:best").download(root=Path(ROOT, "used"))
    run.log({"loss": Path(folder, "weights.bin").read_bytes()[0] + 0.5})
"""
ONE = {
    "method": "grid",
    "metric": {"name": "loss", "goal": "minimize"},
    "parameters": {"lr": {"value": 0.5}},
}


@pytest.mark.slow
def test_an_artifact_of_one_sweep_is_used_by_another(
    online: Callable[..., Sweep], fake_wandb_server: FakeWandbServer
) -> None:
    made = online(fake_wandb_server, LOG, config=ONE).wait(120)
    [maker] = made.records()
    assert maker.state.value == "finished", maker.error
    used = online(fake_wandb_server, USE, config=ONE).wait(120)
    [user] = used.records()
    assert user.state.value == "finished", user.error
    assert user.value == 0.5  # version 0 is the best
    [entry] = [each for each in used._reader.artifacts(user.id) if each.type == "model"]
    assert entry == ArtifactRecord("net:best", "model", (), used=True)
    assert fake_wandb_server.runs[maker.id].logged == ["net:v0", "net:v1"]
    assert fake_wandb_server.runs[user.id].used == ["net:v0"]
