"""Pictures side by side, to be looked at."""

import torch
from torch import Tensor
from torch.nn import functional

_SIDE = 32  # smaller pictures are enlarged to about this


def image_grid(images: Tensor, columns: int) -> Tensor:
    """Return pictures in rows as octets, of shape (height, width, channels).

    Parameters
    ----------
    images
        Values from -1 to 1, of shape (pictures, channels, height, width); what lies beyond is cut.
    columns
        How many there are in a row; an incomplete last row is left out.
    """
    times = max(1, _SIDE // images.shape[-2])
    # A grey line parts them.
    images = functional.pad(images.clamp(-1, 1), (0, 1, 0, 1), value=0.0)
    count, channels, height, width = images.shape
    rows = count // columns
    shown = images[: rows * columns].reshape(rows, columns, channels, height, width)
    flat = shown.permute(0, 3, 1, 4, 2).reshape(rows * height, columns * width, channels)
    octets = ((flat + 1) * 127.5).round().to(torch.uint8)
    return octets.repeat_interleave(times, 0).repeat_interleave(times, 1)
