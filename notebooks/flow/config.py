"""What a training is told: a YAML file, its fields one by one, or the config of a W&B run."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import yaml

from flow.matching import SOLVERS
from pictures import NAMES


@dataclass(frozen=True)
class Config:
    """One training.

    Attributes
    ----------
    wandb
        Whether W&B records it.
    project
        Its project at W&B.
    dataset, data
        The pictures, one of `pictures.NAMES`, and the folder with their files; None for
        ``DATA_DIR``.
    out
        The folder for metrics and checkpoints.
    widths
        Channels of the network, one number for each resolution.
    conditional
        Whether the network is told the class that it draws.
    epochs, batch_size, learning_rate, warmup, clip
        The optimisation; `warmup` is a share of all steps, `clip` the longest gradient.
    average
        How much of the averaged weights stays with each step; 0 for no averaging.
    sample_every, checkpoint_every
        Epochs between samples from fixed noise, and between checkpoints; both also at the end.
    solver, evaluations
        How samples are drawn; see `flow.matching.follow`.
    seed
        Decides everything that is random.
    device
        Where it computes: ``auto`` is CUDA where there is one, then Apple's GPU, else the CPU.
    threads
        Of the CPU; 0 leaves that to PyTorch.
    """

    wandb: bool = False
    project: str = "flow-matching"
    dataset: str = "digits"
    data: str | None = None
    out: str = "out"
    widths: tuple[int, ...] = (16, 32)
    conditional: bool = True
    epochs: int = 100
    batch_size: int = 128
    learning_rate: float = 4e-3
    warmup: float = 0.1
    clip: float = 1.0
    average: float = 0.995
    sample_every: int = 20
    checkpoint_every: int = 20
    solver: str = "midpoint"
    evaluations: int = 32
    seed: int = 0
    device: str = "auto"
    threads: int = 1

    def __post_init__(self) -> None:
        object.__setattr__(self, "widths", tuple(self.widths))
        if self.dataset not in NAMES:
            raise ValueError(f"dataset must be one of {', '.join(NAMES)}, and is {self.dataset!r}")
        if self.solver not in SOLVERS:
            raise ValueError(f"solver must be one of {', '.join(SOLVERS)}, and is {self.solver!r}")
        for name in ("epochs", "batch_size", "sample_every", "checkpoint_every"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be 1 or more, and is {getattr(self, name)}")
        if not self.widths or any(width < 1 or width % 8 for width in self.widths):
            raise ValueError(f"widths must be multiples of 8, and are {list(self.widths)}")

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> "Config":
        """Return a config of some of its fields.

        Raises
        ------
        ValueError
            If there is another field among them, or a value that cannot be.
        """
        known = {field.name for field in dataclasses.fields(cls)}
        unknown = sorted(set(values) - known)
        if unknown:
            raise ValueError(f"a config has no field {', '.join(unknown)}")
        return cls(**values)

    @classmethod
    def read(cls, path: str | Path, changes: Mapping[str, Any] | None = None) -> "Config":
        """Return the config in a YAML file, with some of its fields changed."""
        found = yaml.safe_load(Path(path).read_text(encoding="utf-8")) or {}
        return cls.of(found | dict(changes or {}))

    def changed(self, values: Mapping[str, Any]) -> "Config":
        """Return a copy with some fields changed, to what a W&B run was given say."""
        return Config.of(self.values() | dict(values))

    def values(self) -> dict[str, Any]:
        """Return its fields as plain values, for W&B and for checkpoints."""
        return dataclasses.asdict(self) | {"widths": list(self.widths)}

    def place(self) -> torch.device:
        """Return the device that it names."""
        if self.device != "auto":
            return torch.device(self.device)
        if torch.cuda.is_available():
            return torch.device("cuda")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
