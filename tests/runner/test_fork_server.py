"""Runs are forked from one process: what they share must outlive each of them."""

from pathlib import Path

import pytest

from wandb_magic import start

CONFIG = {"method": "random", "parameters": {"lr": {"min": 0.0, "max": 1.0}}}


@pytest.mark.slow
def test_every_run_can_log_media_in_wandbs_temporary_folder(tmp_path: Path) -> None:
    own = tmp_path / "own"

    def train() -> None:
        import tempfile  # noqa: PLC0415 - the cell's own

        import wandb  # noqa: PLC0415

        with wandb.init() as run, own.open("a", encoding="utf-8") as file:
            run.log({"table": wandb.Table(columns=["a"], data=[[1]])})
            # What a run makes itself ends with it.
            global kept  # noqa: PLW0603 - it has to live until then
            kept = tempfile.TemporaryDirectory(dir=tmp_path)
            file.write(f"{kept.name}\n")

    sweep = start(CONFIG, train, count=3).wait(120)
    assert [run.error for run in sweep.records()] == ["", "", ""]
    folders = own.read_text(encoding="utf-8").splitlines()
    assert len(set(folders)) == 3
    assert not [folder for folder in folders if Path(folder).exists()]
