"""How good drawn pictures are, and what a solver costs: FID, inception score, evaluations.

FID is the distance between the features of drawn and of real pictures (Heusel and others, GANs
Trained by a Two Time-Scale Update Rule, 2017); the inception score is high where each picture is
clearly of one class and all classes occur (Salimans and others, Improved Techniques for Training
GANs, 2016).
"""

from __future__ import annotations

import argparse
import hashlib
import time
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torchmetrics.image.fid import FrechetInceptionDistance
from torchmetrics.image.inception import InceptionScore

from flow.config import Config
from flow.features import Extractor, extractor
from flow.matching import SOLVERS, draw
from flow.model import Velocity
from pictures import Pictures, load

if TYPE_CHECKING:
    import wandb

_BATCH = 256
_SPLITS = 4
COUNTS = (4, 8, 16, 32, 64)
COLUMNS = ("solver", "evaluations", "fid", "inception score", "error", "seconds")


@dataclass(frozen=True)
class Generator:
    """A trained model that draws.

    Attributes
    ----------
    shape
        Channels, height and width of a picture.
    classes
        How many classes there are.
    """

    model: Velocity
    config: Config
    shape: tuple[int, int, int]
    classes: int

    @classmethod
    def read(cls, path: str | Path) -> Generator:
        """Return what a training wrote as weights, ``best.pt`` say."""
        found = torch.load(path, map_location="cpu", weights_only=True)
        config = Config.of(found["config"])
        channels, height, width = found["shape"]
        model = Velocity(channels, config.widths, found["classes"] if config.conditional else 0)
        model.load_state_dict(found["weights"])
        place = config.place()
        return cls(model.to(place), config, (channels, height, width), found["classes"])

    def draw(
        self, count: int, solver: str | None = None, evaluations: int | None = None, seed: int = 1
    ) -> tuple[Tensor, int]:
        """Draw pictures of all classes in turn, always from the same noise for a seed.

        Returns
        -------
        tuple of Tensor and int
            The pictures, values from -1 to 1, and how often each asked for the velocity.
        """
        place = self.config.place()
        noise = torch.randn(
            (count, *self.shape), generator=torch.Generator().manual_seed(seed)
        ).to(place)
        labels = torch.arange(count, device=place) % self.classes
        parts, asked = [], 0
        for batch, told in zip(noise.split(_BATCH), labels.split(_BATCH), strict=True):
            path = draw(
                self.model,
                batch,
                told,
                solver or self.config.solver,
                evaluations or self.config.evaluations,
            )
            parts.append(path.end.clamp(-1, 1).cpu())
            asked = max(asked, path.evaluations)
        return torch.cat(parts), asked


class Evaluator:
    """Scores pictures against real ones.

    Parameters
    ----------
    looks
        Whose features count.
    real
        What the drawn pictures should be like.
    """

    def __init__(self, looks: Extractor, real: Pictures) -> None:
        self.name = looks.name
        self._looks = looks
        self._distance = FrechetInceptionDistance(looks, reset_real_features=False)
        for batch in real[:][0].split(_BATCH):
            self._distance.update(batch, real=True)

    def fid(self, images: Tensor) -> float:
        """Return the Fréchet distance of the features of pictures, values from -1 to 1."""
        self._distance.reset()
        for batch in images.split(_BATCH):
            self._distance.update(batch, real=False)
        return float(self._distance.compute())

    def inception_score(self, images: Tensor) -> float:
        """Return the inception score of pictures: from 1 to the number of classes."""
        with warnings.catch_warnings(), torch.random.fork_rng(devices=[]):
            warnings.filterwarnings("ignore", message=".*will save all extracted features.*")
            torch.manual_seed(0)  # it shuffles them
            score = InceptionScore(_Logits(self._looks), splits=_SPLITS)
            for batch in images.split(_BATCH):
                score.update(batch)
            return float(score.compute()[0])

    def scores(self, images: Tensor) -> dict[str, float]:
        """Return both, under names that say who looks."""
        return {
            f"fid/{self.name}": self.fid(images),
            f"inception_score/{self.name}": self.inception_score(images),
        }


class _Logits(torch.nn.Module):
    def __init__(self, looks: Extractor) -> None:
        super().__init__()
        self.looks = looks

    def forward(self, images: Tensor) -> Tensor:
        return self.looks.head(self.looks(images))


def compare(
    generator: Generator,
    evaluator: Evaluator,
    count: int,
    solvers: Iterable[str] = SOLVERS,
    counts: Iterable[int] = COUNTS,
) -> list[list[str | int | float]]:
    """Return what each solver makes of a number of evaluations: rows with `COLUMNS`.

    The error is the root mean square distance to where ``rk4`` with 200 evaluations arrives; all
    begin with the same noise.

    Parameters
    ----------
    generator, evaluator
        Who draws, and who scores.
    count
        How many pictures each draws.
    solvers, counts
        What to compare; ``dopri5`` decides itself how often it asks, so it has one row.
    """
    exact, _ = generator.draw(count, "rk4", 200)
    rows: list[list[str | int | float]] = []
    for solver in solvers:
        for asked in counts if SOLVERS[solver] else (0,):
            began = time.monotonic()
            images, evaluations = generator.draw(count, solver, asked or 1)
            seconds = time.monotonic() - began
            error = (images - exact).square().mean().sqrt().item()
            scores = [evaluator.fid(images), evaluator.inception_score(images)]
            rows.append([solver, evaluations, *scores, error, seconds])
    return rows


def take(run: wandb.Run, artifact: str, kept: Path) -> Path:
    """Return a file with the weights of an artifact's best version, and note that a run uses it.

    Offline W&B refuses to use artifacts: the file is then the one that the training kept, and the
    run's config says which it was.

    Parameters
    ----------
    run
        The run that uses the weights.
    artifact
        The artifact's name, without an alias.
    kept
        What the training wrote.
    """
    name = f"{artifact}:best"
    if not run.offline:
        return Path(run.use_artifact(name).download(), "weights.pt")
    digest = hashlib.sha256(kept.read_bytes()).hexdigest()
    run.config.update({"weights": {"artifact": name, "sha256": digest}})
    return kept


def main() -> None:
    """Score the pictures that a training's weights draw."""
    parser = argparse.ArgumentParser(prog="python -m flow.evaluate", description=main.__doc__)
    parser.add_argument("weights", help="a file that a training wrote, out/best.pt say")
    parser.add_argument("--count", type=int, default=1000, help="how many pictures are drawn")
    given = parser.parse_args()
    generator = Generator.read(given.weights)
    real = load(generator.config.dataset, train=True, folder=generator.config.data)
    evaluator = Evaluator(extractor(real), real)
    for name, value in evaluator.scores(generator.draw(given.count)[0]).items():
        print(f"{name}: {value:.3f}")


if __name__ == "__main__":
    main()
