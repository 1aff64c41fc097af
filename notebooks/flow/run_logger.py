"""Where a training writes what happens: a file of its own, and W&B if there is a run.

Nothing else in this package knows W&B, so that a training is the same without it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from torch import Tensor

from flow.config import Config

if TYPE_CHECKING:
    import wandb

METRICS = "metrics.jsonl"


class RunLogger:
    """Writes ``metrics.jsonl``, a line for each entry, and to a W&B run.

    Parameters
    ----------
    folder
        Where the file and the checkpoints lie; it is made.
    run
        The W&B run, if there is one.
    append
        Whether the training goes on, so that the file is kept.
    """

    def __init__(
        self, folder: str | Path, run: wandb.Run | None = None, *, append: bool = False
    ) -> None:
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.run = run
        self._path = self.folder / METRICS
        if not append:
            self._path.write_text("", encoding="utf-8")

    def rewind(self, step: int) -> None:
        """Forget the numbers behind a step, from which a training goes on.

        W&B keeps them: what it is told once more of the same steps, it leaves out.
        """
        lines = self._path.read_text(encoding="utf-8").splitlines(keepends=True)
        whole = [line for line in lines if line.endswith("\n")]  # a kill may leave half of one
        kept = [line for line in whole if json.loads(line)["step"] <= step]
        temporary = self._path.with_suffix(".new")
        temporary.write_text("".join(kept), encoding="utf-8")
        temporary.replace(self._path)

    def log(self, values: Mapping[str, float], step: int) -> None:
        """Write numbers."""
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"step": step, **values}) + "\n")
        if self.run is not None:
            self.run.log(dict(values), step=step)

    def pictures(self, key: str, grid: Tensor, step: int, caption: str = "") -> None:
        """Write a sheet of pictures, octets of shape (height, width, channels), as a PNG, too."""
        from PIL import Image  # noqa: PLC0415 - only this needs it

        image = Image.fromarray(grid.squeeze(-1).numpy())
        image.save(self.folder / f"{key}-{step:06d}.png")
        if self.run is not None:
            import wandb  # noqa: PLC0415 - optional

            self.run.log({key: wandb.Image(image, caption=caption)}, step=step)

    def table(self, key: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        """Write a table; a sheet of pictures may stand in it."""
        if self.run is None:
            return
        import wandb  # noqa: PLC0415 - optional

        shown = [
            [
                wandb.Image(cell.squeeze(-1).numpy()) if isinstance(cell, Tensor) else cell
                for cell in row
            ]
            for row in rows
        ]
        self.run.log({key: wandb.Table(list(columns), shown)})

    def checkpoint(self, path: Path, name: str, details: Mapping[str, Any], *, best: bool) -> None:
        """Keep the weights in a file as the next version of a W&B artifact.

        Parameters
        ----------
        path
            The file, in the folder.
        name
            The artifact's name.
        details
            The artifact's metadata; the file's name is added.
        best
            Whether it is better than all before: ``best`` then points to it.
        """
        if self.run is None:
            return
        import wandb  # noqa: PLC0415 - optional

        artifact = wandb.Artifact(name, type="model", metadata={**details, "file": path.name})
        artifact.add_file(str(path), name="weights.pt")
        self.run.log_artifact(artifact, aliases=["latest", "best"] if best else ["latest"])

    def summarize(self, values: Mapping[str, Any]) -> None:
        """Write what stands for the whole training."""
        if self.run is not None:
            self.run.summary.update(dict(values))


@contextmanager
def open_run_logger(config: Config, *, append: bool = False) -> Iterator[RunLogger]:
    """Open the run_logger that a config asks for, with a W&B run or without."""
    if not config.wandb:
        yield RunLogger(config.out, append=append)
        return
    import wandb  # noqa: PLC0415 - optional

    with wandb.init(project=config.project, job_type="train", config=config.values()) as run:
        yield RunLogger(config.out, run, append=append)
