"""Population-based training: poor runs are replaced by forks of good ones, with other parameters.

Jaderberg et al., "Population Based Training of Neural Networks", 2017, arXiv:1711.09846,
with truncation selection (their section 4.1.1), asynchronously and under the names of Ray Tune's
``PopulationBasedTraining``: after each ``perturbation_interval`` values, a run among the worst
``quantile_fraction`` of the running ones is replaced by a fork of one among the best. Each
parameter of the fork is drawn anew with the ``resample_probability``, and is 0.8 or 1.2 times its
parent's otherwise; a choice moves to a neighbour in the list of values.

Here is which runs are replaced, and by what: a pure function of the seed and the runs.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from random import Random

from pydantic import JsonValue

from wandb_magic.records import Params, RunState, Trial
from wandb_magic.search.random import MAX_DRAWS, RandomSearcher
from wandb_magic.spec import EarlyTerminate, Spec
from wandb_magic.spec.discrete import ChoiceDistribution, Constant, IntUniform
from wandb_magic.spec.distributions import Continuous, Distribution, as_number
from wandb_magic.spec.parameters import flatten, nest

FACTORS = (0.8, 1.2)
"""What a number is multiplied with, as in the paper."""


@dataclass(frozen=True)
class Exploit:
    """A run that is replaced.

    Attributes
    ----------
    run
        Its number.
    parents
        The numbers of the good runs, in the order in which to fork them: the first that has a
        checkpoint is the parent.
    """

    run: int
    parents: tuple[int, ...]


def exploits(
    spec: Spec, trials: Sequence[Trial], seed: int, ending: Collection[int] = ()
) -> Iterator[Exploit]:
    """Yield which runs are to be replaced now.

    A run is judged by the last of its values at a multiple of the interval, and not before it has
    one; nor is any before as many runs have one as make a quantile, or all that are running.

    Parameters
    ----------
    spec
        The sweep config, with a rule ``pbt`` and a metric.
    trials
        All runs so far, with their histories.
    seed
        Determines what is random.
    ending
        The numbers of runs that are being ended.
    """
    rule, metric = spec.early_terminate, spec.objective
    assert rule is not None
    assert metric is not None
    running = [
        trial for trial in trials if trial.state is RunState.RUNNING and trial.number not in ending
    ]
    scores = {
        trial.number: (_badness(trial, rule, maximize=metric.maximize), trial.number)
        for trial in running
        if len(trial.history) >= rule.perturbation_interval
    }
    if len(scores) < min(len(running), math.ceil(1 / rule.quantile_fraction)):
        return
    size = min(math.ceil(len(scores) * rule.quantile_fraction), len(scores) // 2)
    if not size:
        return
    ranked = sorted(scores, key=scores.__getitem__)
    for number in ranked[-size:]:
        good = ranked[:size]
        Random(f"{seed}:{number}:parent").shuffle(good)  # noqa: S311 - no secret
        yield Exploit(number, tuple(good))


def _badness(trial: Trial, rule: EarlyTerminate, *, maximize: bool) -> float:
    interval = rule.perturbation_interval
    value = trial.history[len(trial.history) // interval * interval - 1]
    if not math.isfinite(value):
        return math.inf
    return -value if maximize else value


def explore(spec: Spec, parent: Params, number: int, seed: int) -> Params:
    """Return the parameters of a fork: its parent's, perturbed.

    Parameters
    ----------
    spec
        The sweep config, with a rule ``pbt``.
    parent
        The parameters of the run that it continues.
    number
        The fork's number.
    seed
        Determines what is random.
    """
    rule = spec.early_terminate
    assert rule is not None
    known = flatten(parent, spec.parameters)
    draws = RandomSearcher(spec, seed=seed).draws(number)
    random = Random(f"{seed}:{number}:explore")  # noqa: S311 - no secret
    for drawn, _ in zip(draws, range(MAX_DRAWS), strict=False):
        values = drawn | known
        for path, distribution in spec.leaves.items():
            chosen = not rule.hyperparam_mutations or ".".join(path) in rule.hyperparam_mutations
            if chosen and not isinstance(distribution, Constant):
                values[path] = _perturb(distribution, values[path], rule, random)
        active = spec.conditions.active(values)
        if spec.conditions.allows(active):
            return nest(active)
    return parent


def _perturb(
    distribution: Distribution,
    value: JsonValue,
    rule: EarlyTerminate,
    random: Random,
) -> JsonValue:
    resampled = distribution.sample(random.random())
    step = random.choice((0, 1))
    if random.random() < rule.resample_probability:
        return resampled
    if isinstance(distribution, ChoiceDistribution):
        index = distribution.index(value)
        if index is None:
            return resampled
        neighbour = index + (-1, 1)[step]
        return distribution.values[min(max(neighbour, 0), len(distribution.values) - 1)]
    old = as_number(value)
    if old is None:
        return resampled
    new = old * FACTORS[step]
    if isinstance(distribution, IntUniform):
        whole = round(new)
        whole += (whole == old) * (-1, 1)[step]
        return min(max(whole, distribution.min), distribution.max)
    assert isinstance(distribution, Continuous)
    low, high = distribution.support
    # By way of its quantile, so that a multiple of `q` stays one.
    return distribution.sample(distribution.below(min(max(new, low), high)))
