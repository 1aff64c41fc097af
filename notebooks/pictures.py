"""Small pictures with labels, all through one `Dataset`: MNIST, CIFAR-10, scikit-learn's digits.

MNIST and CIFAR-10 are read by torchvision, if it is installed and their files are there; nothing
is ever downloaded here. The digits come with scikit-learn, so they are always there.
"""

import os
from functools import cache
from pathlib import Path

import torch
from torch import Tensor
from torch.utils.data import Dataset

NAMES = ("mnist", "cifar10", "digits")
FOLDER = "data"
_HELD_OUT = 5  # of the digits, each fifth picture of a class is for testing


class Pictures(Dataset[tuple[Tensor, Tensor]]):
    """Pictures in memory.

    Parameters
    ----------
    name
        What they are called, as in `NAMES`.
    images
        Octets, of shape (pictures, channels, height, width).
    labels
        The class of each, of shape (pictures,).

    Attributes
    ----------
    classes
        How many classes there are.
    shape
        Channels, height and width of a picture.
    """

    def __init__(self, name: str, images: Tensor, labels: Tensor) -> None:
        self.name = name
        self.images = images
        self.labels = labels
        self.classes = int(labels.max()) + 1
        channels, height, width = images.shape[1:]
        self.shape = (channels, height, width)

    def __len__(self) -> int:
        """Return how many pictures there are."""
        return len(self.images)

    def __getitem__(self, index: int | slice | Tensor) -> tuple[Tensor, Tensor]:
        """Return a picture, or several: values from -1 to 1, and the classes."""
        return self.images[index].float() / 127.5 - 1, self.labels[index]

    def every(self, nth: int) -> "Pictures":
        """Return each `nth` picture only, for a quick look."""
        return Pictures(self.name, self.images[::nth], self.labels[::nth])


def missing(name: str, folder: str | Path | None = None) -> str | None:
    """Say why the pictures of a name are not there; None if they are.

    Parameters
    ----------
    name
        One of `NAMES`.
    folder
        Where torchvision's files lie; the environment variable ``DATA_DIR``, else ``data``, by
        default.
    """
    if name == "digits":
        return None
    try:
        from torchvision import datasets  # noqa: PLC0415 - it is optional
    except ImportError:
        return "torchvision is not installed"
    except RuntimeError as error:  # it was built for another torch
        return f"torchvision does not work with this torch ({str(error).splitlines()[0]})"
    kinds = {"mnist": datasets.MNIST, "cifar10": datasets.CIFAR10}
    try:
        kinds[name](_folder(folder), download=False)
    except RuntimeError:
        return f"its files are not in the folder {Path(_folder(folder)).name!r}"
    return None


def load(name: str, *, train: bool, folder: str | Path | None = None) -> Pictures:
    """Return pictures, to train with or to test; scikit-learn's digits where others are missing.

    Parameters
    ----------
    name
        One of `NAMES`.
    train
        Whether the ones to train with, else those held out.
    folder
        As for `missing`.

    Raises
    ------
    ValueError
        If there is no such name.
    """
    if name not in NAMES:
        raise ValueError(f"dataset must be one of {', '.join(NAMES)}, and is {name!r}")
    reason = missing(name, folder)
    if reason is not None:
        _say(f"{name}: {reason}; scikit-learn's digits instead")
    if name == "digits" or reason is not None:
        return _digits(train=train)
    from torchvision import datasets  # noqa: PLC0415 - it is optional

    if name == "mnist":
        found = datasets.MNIST(_folder(folder), train=train, download=False)
        images = found.data[:, None]
    else:
        found = datasets.CIFAR10(_folder(folder), train=train, download=False)
        images = torch.from_numpy(found.data).permute(0, 3, 1, 2).contiguous()
    return Pictures(name, images, torch.as_tensor(found.targets))


@cache
def _say(line: str) -> None:
    """Print a line, once."""
    print(line)


def _folder(folder: str | Path | None) -> str:
    return str(folder or os.environ.get("DATA_DIR") or FOLDER)


def _digits(*, train: bool) -> Pictures:
    from sklearn.datasets import load_digits  # noqa: PLC0415 - not needed for the others

    found = load_digits()
    images = torch.from_numpy(found.images * (255 / 16)).round().to(torch.uint8)[:, None]
    labels = torch.from_numpy(found.target).long()
    held_out = torch.zeros(len(labels), dtype=torch.bool)
    for label in range(10):
        held_out[torch.nonzero(labels == label)[::_HELD_OUT]] = True
    chosen = ~held_out if train else held_out
    return Pictures("digits", images[chosen], labels[chosen])
