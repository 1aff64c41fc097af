"""What is learned, and how pictures are drawn with it: the mathematics of a rectified flow.

A picture x₁ and noise x₀ are joined by the straight line x(t) = (1 - t) x₀ + t x₁, on which the
velocity is x₁ - x₀. The network learns the mean velocity at each place and time; following that
from noise at t = 0 leads to data at t = 1. See Liu, Gong and Liu, 2022, and Lipman and others,
2022.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional
from torchdiffeq import odeint

SOLVERS = {"euler": 1, "midpoint": 2, "rk4": 4, "dopri5": 0}
"""The solvers, and how often each asks for the velocity in a step; 0 if it decides itself."""

Field = Callable[[Tensor, Tensor], Tensor]
"""A velocity, by time and place."""


@dataclass(frozen=True)
class Path:
    """Where a solver arrived, and how often it asked for the velocity."""

    end: Tensor
    evaluations: int


def matching_loss(
    model: torch.nn.Module,
    images: Tensor,
    labels: Tensor | None,
    generator: torch.Generator | None = None,
) -> Tensor:
    """Return the mean squared error of the velocity, at random times on the way to `images`.

    Parameters
    ----------
    model
        Called with times, pictures and labels.
    images
        Data, of shape (pictures, channels, height, width).
    labels
        Their classes, if the model is told them.
    generator
        Draws noise and times; on the device of the pictures.
    """
    noise = torch.empty_like(images).normal_(generator=generator)
    time = torch.empty(len(images), device=images.device).uniform_(generator=generator)
    share = time[:, None, None, None]
    place = (1 - share) * noise + share * images
    return functional.mse_loss(model(time, place, labels), images - noise)


def follow(
    field: Field, start: Tensor, solver: str, evaluations: int = 0, tolerance: float = 1e-3
) -> Path:
    """Follow a velocity from time 0 to 1.

    Parameters
    ----------
    field
        The velocity, by time and place.
    start
        The place at time 0.
    solver
        One of `SOLVERS`.
    evaluations
        How often it may ask for the velocity; not for ``dopri5``.
    tolerance
        The relative and absolute error of a step, for ``dopri5`` only.

    Raises
    ------
    ValueError
        If there is no such solver, or it cannot do with so few evaluations.
    """
    if solver not in SOLVERS:
        raise ValueError(f"solver must be one of {', '.join(SOLVERS)}, and is {solver!r}")
    asked = 0

    def counted(time: Tensor, place: Tensor) -> Tensor:
        nonlocal asked
        asked += 1
        return field(time, place)

    ends = torch.tensor([0.0, 1.0], dtype=start.dtype, device=start.device)
    each = SOLVERS[solver]
    if not each:
        path = odeint(counted, start, ends, method=solver, rtol=tolerance, atol=tolerance)
    elif evaluations < each:
        raise ValueError(f"{solver} needs at least {each} evaluations, and has {evaluations}")
    else:
        times = torch.linspace(0, 1, evaluations // each + 1, dtype=start.dtype).to(start.device)
        path = odeint(counted, start, times, method=solver)
    return Path(path[-1], asked)


@torch.no_grad()
def draw(
    model: torch.nn.Module,
    noise: Tensor,
    labels: Tensor | None,
    solver: str = "midpoint",
    evaluations: int = 32,
) -> Path:
    """Draw pictures from noise; values beyond -1 and 1 are left as they are.

    Parameters
    ----------
    model
        Called with times, pictures and labels.
    noise
        Of shape (pictures, channels, height, width).
    labels
        The classes to draw, if the model is told them.
    solver, evaluations
        As for `follow`.
    """
    was = model.training
    model.eval()
    path = follow(lambda time, place: model(time, place, labels), noise, solver, evaluations)
    model.train(was)
    return path
