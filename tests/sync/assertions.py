"""What the server must have of a sweep: exactly the content of the sweep's files."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fake_wandb_server.server import FakeWandbServer
from wandb_magic.api import Sweep
from wandb_magic.log_records import ExitRecord, HistoryRecord
from wandb_magic.records import RunRecord
from wandb_magic.wandb_log import LogFollower


@dataclass(frozen=True)
class Local:
    """A run as its own files have it."""

    record: RunRecord
    folder: Path
    history: list[HistoryRecord]
    exit_code: int | None

    @property
    def media(self) -> dict[str, bytes]:
        root = self.folder / "files"
        return {
            str(path.relative_to(root)): path.read_bytes()
            for path in (root / "media").rglob("*")
            if path.is_file()
        }


def local(run: RunRecord) -> Local:
    folder = Path(run.directory)
    follower = LogFollower(folder)
    entries: list[Any] = []
    while found := follower.poll():
        entries += found
    follower.close()
    codes = [entry.code for entry in entries if isinstance(entry, ExitRecord)]
    history = [entry for entry in entries if isinstance(entry, HistoryRecord)]
    return Local(run, folder, history, codes[-1] if codes else None)


def said(sweep: Sweep) -> str:
    return (sweep.path / "sync" / "sync.log").read_text(encoding="utf-8")


def check_arrived(server: FakeWandbServer, sweep: Sweep) -> None:
    """Check that the server has exactly the sweep's runs, each once and as a whole."""
    runs = sorted(sweep.records(), key=lambda run: (run.number, run.attempt))
    [remote] = server.sweeps.values()
    assert list(server.runs) == [run.id for run in runs], said(sweep)
    assert list(remote.runs) == [run.id for run in runs]
    for run in runs:
        here, there = local(run), server.runs[run.id]
        assert there.sweep == remote.name
        assert there.exit_code == here.exit_code
        assert there.state == ("finished" if here.exit_code == 0 else "failed")
        assert there.config == dict(run.params)
        assert [row["_step"] for row in there.history] == [each.step for each in here.history]
        scalars = [each.scalars for each in here.history if "loss" in each.scalars]
        assert [row["loss"] for row in there.history if "loss" in row] == [
            each["loss"] for each in scalars
        ]
        assert there.summary["kept"] == run.params["lr"]
        cause = there.summary.get("wandb_magic/cause", "")
        assert cause == run.cause
        assert here.media
        for name, content in here.media.items():
            assert there.files[name].content == content, name
        assert there.files["kept.txt"].content == str(run.params["lr"]).encode()
        console = "\n".join(there.console)
        assert console.count(f"begins with {run.params['lr']}") == 1
        assert console.count(" ends") == 1
        models = [each for each in there.logged if each.startswith("model-")]
        assert models == [f"model-{run.id}:v0"]
        assert "best" in server.artifacts[models[0]].aliases
    assert not server.refused, server.refused


def key_is_nowhere(root: Path, key: str) -> bool:
    """Look for the key in all that a sweep and its sync left."""
    raw = key.encode()
    return not any(raw in path.read_bytes() for path in root.rglob("*") if path.is_file())
