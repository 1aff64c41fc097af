"""The network: how fast, and where to, a picture on its way from noise moves at a time."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

_GROUPS = 8
_FREQUENCIES = 64
_FASTEST = 100.0  # radians from noise to data


class Velocity(nn.Module):
    """A small U-Net that tells the velocity of a picture.

    Parameters
    ----------
    channels
        Of the pictures.
    widths
        Channels inside, one number for each resolution; each is half of the one before.
    classes
        How many classes it is told; 0 for none.
    """

    def __init__(self, channels: int, widths: Sequence[int], classes: int = 0) -> None:
        super().__init__()
        embedding = 4 * widths[0]
        self.time = nn.Sequential(
            nn.Linear(_FREQUENCIES, embedding), nn.SiLU(), nn.Linear(embedding, embedding)
        )
        self.label = nn.Embedding(classes, embedding) if classes else None
        self.enter = nn.Conv2d(channels, widths[0], 3, padding=1)
        before = [widths[0], *widths[:-1]]
        self.down = nn.ModuleList(
            Block(entering, width, embedding)
            for entering, width in zip(before, widths, strict=True)
        )
        self.middle = Block(widths[-1], widths[-1], embedding)
        self.up = nn.ModuleList(
            Block(2 * width, entering, embedding)
            for entering, width in reversed(list(zip(before, widths, strict=True)))
        )
        self.leave = nn.Sequential(
            nn.GroupNorm(_GROUPS, widths[0]),
            nn.SiLU(),
            nn.Conv2d(widths[0], channels, 3, padding=1),
        )
        # It begins with velocity 0, from which training is steady.
        nn.init.zeros_(self.leave[-1].weight)
        nn.init.zeros_(self.leave[-1].bias)

    def forward(self, time: Tensor, images: Tensor, labels: Tensor | None = None) -> Tensor:
        """Return the velocity.

        Parameters
        ----------
        time
            From 0, noise, to 1, data; one number, or one for each picture.
        images
            Of shape (pictures, channels, height, width).
        labels
            Their classes, if the network is told them.
        """
        told = self.time(waves(time.expand(len(images))))
        if self.label is not None and labels is not None:
            told = told + self.label(labels)
        features = self.enter(images)
        kept: list[Tensor] = []
        for at, block in enumerate(self.down):
            features = block(functional.avg_pool2d(features, 2) if at else features, told)
            kept.append(features)
        features = self.middle(features, told)
        for at, block in enumerate(self.up):
            if at:
                features = functional.interpolate(features, scale_factor=2.0)
            features = block(torch.cat([features, kept.pop()], dim=1), told)
        return self.leave(features)


class Block(nn.Module):
    """Two convolutions beside a shortcut, scaled and shifted by what the network is told."""

    def __init__(self, entering: int, leaving: int, embedding: int) -> None:
        super().__init__()
        self.first = nn.Sequential(
            nn.GroupNorm(_GROUPS, entering), nn.SiLU(), nn.Conv2d(entering, leaving, 3, padding=1)
        )
        self.told = nn.Sequential(nn.SiLU(), nn.Linear(embedding, 2 * leaving))
        self.norm = nn.GroupNorm(_GROUPS, leaving)
        self.second = nn.Conv2d(leaving, leaving, 3, padding=1)
        self.shortcut = nn.Conv2d(entering, leaving, 1)

    def forward(self, features: Tensor, told: Tensor) -> Tensor:
        """Return the features of the next layer."""
        scale, shift = self.told(told)[:, :, None, None].chunk(2, dim=1)
        inner = self.norm(self.first(features)) * (1 + scale) + shift
        return self.shortcut(features) + self.second(functional.silu(inner))


def waves(time: Tensor) -> Tensor:
    """Return times as sines and cosines, of shape (times, 64).

    The encoding of Vaswani and others, Attention Is All You Need, 2017.
    """
    half = _FREQUENCIES // 2
    exponents = torch.arange(half, device=time.device) / (half - 1)
    angles = time[:, None] * _FASTEST**exponents
    return torch.cat([angles.sin(), angles.cos()], dim=1)
