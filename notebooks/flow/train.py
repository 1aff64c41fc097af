"""Trains a rectified flow on pictures: ``python -m flow.train --config configs/flow_digits.yaml``.

What is random is drawn anew for each epoch from the seed, so a training that goes on from its
checkpoint computes what it would have computed without the break.
"""

from __future__ import annotations

import argparse
import math
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
import yaml
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from torch.utils.data import BatchSampler, DataLoader, RandomSampler

from flow.config import Config
from flow.image_grid import image_grid
from flow.matching import draw, matching_loss
from flow.model import Velocity
from flow.run_logger import RunLogger, open_run_logger
from pictures import Pictures, load

STATE = "state.pt"
BEST = "best.pt"
LATEST = "latest.pt"
_VALIDATION_SEED = 1_000_003
_ROWS = 6
COLUMNS = ("epoch", "loss", "valid loss", "learning rate", "gradient norm", "seconds", "samples")


@dataclass
class Training:
    """A training on its way: everything that a checkpoint has to hold.

    Attributes
    ----------
    model, averaged
        The network that is trained, and the running mean of its weights, which draws.
    epoch, step
        How many epochs and steps are done.
    best
        The lowest validation loss at a checkpoint so far.
    rows
        A row for each epoch, in the order of `COLUMNS`, without the samples.
    """

    config: Config
    model: Velocity
    averaged: AveragedModel
    optimizer: torch.optim.Optimizer
    schedule: torch.optim.lr_scheduler.LambdaLR
    epoch: int = 0
    step: int = 0
    best: float = math.inf
    rows: list[list[Any]] = field(default_factory=list)

    def save(self, path: Path) -> None:
        """Write all of it, through a temporary file."""
        parts = (self.model, self.averaged, self.optimizer, self.schedule)
        save_atomically(
            path,
            {
                "config": self.config.values(),
                "parts": [part.state_dict() for part in parts],
                "progress": [self.epoch, self.step, self.best, self.rows],
            },
        )

    def restore(self, path: Path) -> None:
        """Go on from what `save` wrote."""
        found = torch.load(path, map_location=self.config.place(), weights_only=True)
        parts = (self.model, self.averaged, self.optimizer, self.schedule)
        for part, state in zip(parts, found["parts"], strict=True):
            part.load_state_dict(state)
        self.epoch, self.step, self.best, self.rows = found["progress"]


def train(config: Config, run_logger: RunLogger, *, resume: bool = False) -> Training:
    """Train, and write what happens into the run_logger.

    Parameters
    ----------
    config
        What to train.
    run_logger
        Its folder gets ``state.pt`` to go on from, and the weights ``latest.pt`` and ``best.pt``.
    resume
        Go on from ``state.pt`` if it is there.
    """
    if config.threads:
        torch.set_num_threads(config.threads)
    data = load(config.dataset, train=True, folder=config.data)
    held_out = load(config.dataset, train=False, folder=config.data)
    training = begin(config, data)
    state = run_logger.folder / STATE
    if resume and state.exists():
        training.restore(state)
        run_logger.rewind(training.step)
    samples: dict[int, Tensor] = {}
    while training.epoch < config.epochs:
        row = _epoch(training, data, run_logger)
        row[2] = validate(training.averaged, held_out, config)
        training.rows.append(row)
        done = training.epoch
        losses = {"epoch/loss": row[1], "epoch/valid_loss": row[2]}
        run_logger.log({"epoch": done, **losses}, training.step)
        if done % config.sample_every == 0 or done == config.epochs:
            samples[done] = _sample(training, data, run_logger)
        if done % config.checkpoint_every == 0 or done == config.epochs:
            _checkpoint(training, data, run_logger)
    shown = [[*row, samples.get(row[0])] for row in training.rows if row[0] in samples]
    run_logger.table("epochs", COLUMNS, shown)
    run_logger.summarize({"best/valid_loss": training.best})
    return training


def begin(config: Config, data: Pictures) -> Training:
    """Return a training at its beginning."""
    torch.manual_seed(config.seed)
    model = velocity(config, data).to(config.place())
    averaged = AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(config.average))
    optimizer = torch.optim.AdamW(model.parameters(), lr=config.learning_rate)
    steps = config.epochs * math.ceil(len(data) / config.batch_size)
    factor = _warm_then_cosine(config.warmup, steps)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, factor)
    return Training(config, model, averaged, optimizer, schedule)


def velocity(config: Config, data: Pictures) -> Velocity:
    """Return the network for these pictures.

    Raises
    ------
    ValueError
        If their sides cannot be halved as often as the network does.
    """
    halved = 2 ** (len(config.widths) - 1)
    if any(side % halved for side in data.shape[1:]):
        raise ValueError(
            f"{len(config.widths)} widths need pictures whose sides divide by {halved}:"
            f" {data.name} has {data.shape[1]} by {data.shape[2]}"
        )
    return Velocity(data.shape[0], config.widths, data.classes if config.conditional else 0)


@torch.no_grad()
def validate(model: nn.Module, data: Pictures, config: Config) -> float:
    """Return the loss on pictures that were held out, always at the same times and noise."""
    place = config.place()
    generator = torch.Generator().manual_seed(_VALIDATION_SEED)
    images, labels = (part.to(place) for part in data[:512])
    was = model.training
    model.eval()
    # The draws come from the CPU, so that they are the same on each device.
    noise = torch.randn(images.shape, generator=generator).to(place)
    times = torch.rand(len(images), generator=generator).to(place)
    share = times[:, None, None, None]
    moved = model(times, (1 - share) * noise + share * images, labels)
    model.train(was)
    return nn.functional.mse_loss(moved, images - noise).item()


def save_atomically(path: Path, value: object) -> None:
    """Save a value, through a temporary file."""
    temporary = path.with_suffix(".new")
    torch.save(value, temporary)
    temporary.replace(path)


def _epoch(training: Training, data: Pictures, run_logger: RunLogger) -> list[Any]:
    config, place = training.config, training.config.place()
    began = time.monotonic()
    seed = config.seed * 1_000_000 + training.epoch
    order = torch.Generator().manual_seed(seed)
    draws = torch.Generator(place).manual_seed(seed)
    # Whole batches come out of `Pictures` at once: one by one would cost more than the network.
    batches = BatchSampler(
        RandomSampler(data, generator=order), config.batch_size, drop_last=False
    )
    loader = DataLoader(data, sampler=batches, batch_size=None)
    training.model.train()
    losses, norms = [], []
    for images, labels in loader:
        loss = matching_loss(training.model, images.to(place), labels.to(place), draws)
        training.optimizer.zero_grad()
        loss.backward()
        norm = nn.utils.clip_grad_norm_(training.model.parameters(), config.clip)
        rate = training.schedule.get_last_lr()[0]
        training.optimizer.step()
        training.schedule.step()
        training.averaged.update_parameters(training.model)
        training.step += 1
        losses.append(loss.item())
        norms.append(norm.item())
        values = {"train/loss": losses[-1], "train/lr": rate, "train/gradient_norm": norms[-1]}
        run_logger.log(values, training.step)
    training.epoch += 1
    seconds = time.monotonic() - began
    mean_loss, mean_norm = sum(losses) / len(losses), sum(norms) / len(norms)
    return [training.epoch, mean_loss, math.nan, rate, mean_norm, seconds]


def _sample(training: Training, data: Pictures, run_logger: RunLogger) -> Tensor:
    config, place = training.config, training.config.place()
    generator = torch.Generator().manual_seed(config.seed)
    labels = torch.arange(_ROWS * data.classes) % data.classes
    noise = torch.randn((len(labels), *data.shape), generator=generator).to(place)
    path = draw(training.averaged, noise, labels.to(place), config.solver, config.evaluations)
    drawn = image_grid(path.end.cpu(), data.classes)
    caption = f"epoch {training.epoch}, {config.solver}, {path.evaluations} evaluations"
    run_logger.pictures("samples", drawn, training.step, caption)
    return drawn


def _checkpoint(training: Training, data: Pictures, run_logger: RunLogger) -> None:
    config, valid_loss = training.config, training.rows[-1][2]
    better = valid_loss < training.best
    training.best = min(training.best, valid_loss)
    training.save(run_logger.folder / STATE)
    weights = {
        "config": config.values(),
        "shape": list(data.shape),
        "classes": data.classes,
        "weights": training.averaged.module.state_dict(),
    }
    for name in (LATEST, BEST) if better else (LATEST,):
        save_atomically(run_logger.folder / name, weights)
    details = {"epoch": training.epoch, "step": training.step, "valid_loss": valid_loss}
    path = run_logger.folder / (BEST if better else LATEST)
    run_logger.checkpoint(path, f"flow-{data.name}", details, best=better)


def _warm_then_cosine(warmup: float, steps: int) -> Any:  # noqa: ANN401 - a function of the step
    rising = max(1, round(warmup * steps))

    def factor(step: int) -> float:
        if step < rising:
            return (step + 1) / rising
        return 0.5 * (1 + math.cos(math.pi * (step - rising) / max(1, steps - rising)))

    return factor


def main() -> None:
    """Train as the command line says."""
    parser = argparse.ArgumentParser(prog="python -m flow.train", description=main.__doc__)
    parser.add_argument("--config", required=True, help="a YAML file")
    parser.add_argument("--resume", action="store_true", help="go on from the last checkpoint")
    parser.add_argument(
        "--set", action="append", default=[], metavar="FIELD=VALUE", help="change a field"
    )
    given = parser.parse_args()
    changes = {}
    for each in given.set:
        name, _, value = each.partition("=")
        changes[name] = yaml.safe_load(value)
    try:
        config = Config.read(given.config, changes)
    except (OSError, TypeError, ValueError, yaml.YAMLError) as error:
        parser.error(str(error))
    with open_run_logger(config, append=given.resume) as run_logger:
        training = train(config, run_logger, resume=given.resume)
    print(f"{training.epoch} epochs, validation loss {training.rows[-1][2]:.4f}: {config.out}")


if __name__ == "__main__":
    main()
