"""The networks whose features say how alike two sets of pictures are.

FID and inception score depend on the network that looks, so a metric bears its name: only figures
with the same name can be compared.
"""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from pictures import Pictures

_FEATURES = 64
_INCEPTION = "inception-v3-torchvision"
_INCEPTION_SIDE = 299
_INCEPTION_FEATURES = 2048


class Extractor(nn.Module):
    """Looks at pictures.

    Parameters
    ----------
    name
        What stands in the names of the metrics.
    body
        From pictures, values from -1 to 1, to features.
    head
        From features to one logit for each class.
    num_features
        How many features there are; torchmetrics reads this.
    """

    def __init__(self, name: str, body: nn.Module, head: nn.Module, num_features: int) -> None:
        super().__init__()
        self.name = name
        self.body = body
        self.head = head
        self.num_features = num_features

    def forward(self, images: Tensor) -> Tensor:
        """Return the features of pictures."""
        return self.body(images)

    @torch.no_grad()
    def accuracy(self, data: Pictures) -> float:
        """Return which share of the pictures it classifies rightly."""
        images, labels = data[:]
        return (self.head(self(images)).argmax(1) == labels).float().mean().item()


def extractor(data: Pictures, epochs: int = 12) -> Extractor:
    """Return Inception if it is there, else a small classifier of these very pictures.

    Inception is torchvision's, with weights that lie in PyTorch's folder already. They are not the
    ones of published figures, so its name says whose they are.
    """
    return _inception() or classifier(data, epochs)


def classifier(data: Pictures, epochs: int = 12, seed: int = 0) -> Extractor:
    """Train a small classifier."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        channels, height, width = data.shape
        body = nn.Sequential(
            nn.Conv2d(channels, 32, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(32, 64, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Flatten(),
            nn.Linear(64 * (height // 2) * (width // 2), _FEATURES),
            nn.ReLU(),
        )
        found = Extractor(
            f"{data.name}-classifier", body, nn.Linear(_FEATURES, data.classes), _FEATURES
        )
        optimizer = torch.optim.AdamW(found.parameters(), lr=2e-3, weight_decay=0.01)
        for _ in range(epochs):
            for batch in torch.randperm(len(data)).split(64):
                images, labels = data[batch]
                loss = functional.cross_entropy(found.head(found(images)), labels)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
    return found.eval().requires_grad_(requires_grad=False)


def _inception() -> Extractor | None:
    try:
        from torchvision.models import Inception_V3_Weights, inception_v3  # noqa: PLC0415 - optional
    except (ImportError, RuntimeError):  # or it was built for another torch
        return None
    url = Inception_V3_Weights.IMAGENET1K_V1.url
    weights = Path(torch.hub.get_dir(), "checkpoints", url.rpartition("/")[2])
    if not weights.exists():
        return None
    # Untransformed, it takes values from -1 to 1.
    network = inception_v3(weights=None, init_weights=False, transform_input=False)
    network.load_state_dict(torch.load(weights, weights_only=True))
    head, network.fc = network.fc, nn.Identity()
    body = nn.Sequential(_AsInception(), network)
    found = Extractor(_INCEPTION, body, head, _INCEPTION_FEATURES)
    return found.eval().requires_grad_(requires_grad=False)


class _AsInception(nn.Module):
    def forward(self, images: Tensor) -> Tensor:
        side = (_INCEPTION_SIDE, _INCEPTION_SIDE)
        large = functional.interpolate(images, side, mode="bilinear", antialias=True)
        return large.expand(-1, 3, -1, -1) if large.shape[1] == 1 else large
