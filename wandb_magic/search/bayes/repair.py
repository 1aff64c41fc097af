"""Replaces a choice that is forbidden: Optuna's samplers know no such rules."""

from __future__ import annotations

import numpy as np

from wandb_magic.search.bayes.space import Choice, SearchSpace
from wandb_magic.search.random import RandomSearcher
from wandb_magic.spec import Spec

CANDIDATES = 256


def allowed_choice(choice: Choice, spec: Spec, space: SearchSpace, seed: int) -> Choice:
    """Return `choice` if it is allowed, else the nearest one of some that are.

    Parameters
    ----------
    choice
        What a sampler has chosen.
    spec
        The sweep config.
    space
        Its search space.
    seed
        Determines which others are considered.
    """
    if space.is_allowed(choice):
        return choice
    draw = RandomSearcher(spec, seed=seed)
    drawn = [params for number in range(CANDIDATES) if (params := draw.ask(number)) is not None]
    candidates = [each for params in drawn if (each := space.encode(params)) is not None]
    places = np.array([space.to_units(each) for each in candidates])
    distances = ((places - space.to_units(choice)) ** 2).sum(axis=1)
    return candidates[int(np.argmin(distances))]
