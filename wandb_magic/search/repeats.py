"""Repeats: runs with the same parameters and different seeds, whose objective is noisy.

A set of parameters is repeated once its first run has finished. After each of its runs, it races
against the best set so far (Maron and Moore, "Hoeffding Races", NIPS 1993; Birattari et al., "A
Racing Algorithm for Configuring Metaheuristics", GECCO 2002): a set whose mean is worse, by a
one-sided t-test with the noise of all sets together, gets no more runs, and those are left to
others. A grid has no race, because who asks for all combinations wants to see them.

Everything here is a function of the runs alone, so a supervisor that starts again continues.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from wandb_magic.records import RunState, Trial
from wandb_magic.spec import Spec

CONFIDENCE = 0.95
"""How sure the race is that a set is worse than the best one before it gives the set up."""


@dataclass(frozen=True)
class Noise:
    """The variance of the objective among repeats, from all sets that have several.

    Attributes
    ----------
    variance
        The pooled variance of one run.
    freedom
        How many degrees of freedom it was estimated with.
    """

    variance: float
    freedom: int


def by_group(trials: Sequence[Trial]) -> dict[int, list[Trial]]:
    """Return the runs of each set of parameters, in order of their numbers, by group."""
    groups: dict[int, list[Trial]] = {}
    for trial in trials:
        groups.setdefault(trial.repeat_group, []).append(trial)
    return groups


def due_repeats(trials: Sequence[Trial], spec: Spec, repeat: int) -> list[Trial]:
    """Return the sets of parameters that have too few runs, each by its first run, in order.

    Parameters
    ----------
    trials
        All runs so far.
    spec
        The sweep config.
    repeat
        How many runs each set has.
    """
    if repeat == 1:
        return []
    groups = by_group(trials)
    worse = worse_groups(groups, spec)
    needs_value = spec.objective is not None
    return [
        members[0]
        for group, members in groups.items()
        if len(members) < repeat
        and group not in worse
        and members[0].fork_of is None
        and members[0].state is RunState.FINISHED
        and (not needs_value or members[0].value is not None)
    ]


def worse_groups(groups: Mapping[int, Sequence[Trial]], spec: Spec) -> set[int]:
    """Return the sets that lose the race against the best one.

    There is a race for a single objective without constraints, unless the method is ``grid``, as
    soon as one set has several values.
    """
    metric = spec.metric
    if metric is None or spec.constraints or spec.method == "grid":
        return set()
    sign = -1 if metric.maximize else 1
    values = {
        group: [sign * value for value in finished_values(members)]
        for group, members in groups.items()
    }
    means = {group: mean(each) for group, each in values.items() if each}
    noise = noise_of(values.values())
    if noise is None:
        return set()
    best = min((group for group, each in values.items() if len(each) > 1), key=means.__getitem__)
    limit = _t_quantile(noise.freedom) * math.sqrt(noise.variance)
    return {
        group
        for group, own in means.items()
        if own - means[best] > limit * math.sqrt(1 / len(values[group]) + 1 / len(values[best]))
    }


def merge_repeats(trials: Sequence[Trial], index: Mapping[int, int]) -> list[Trial]:
    """Return one run for each set of parameters, as a search sees it.

    Its value is the mean of the set's finished runs, drawn towards the mean of all sets by as much
    as the noise suggests (Efron and Morris, "Data Analysis Using Stein's Estimator", 1975): a
    single lucky run counts for less than the same mean of several. Results are plain means.

    Parameters
    ----------
    trials
        All runs, or those that fit the present space.
    index
        The number that stands for each set.
    """
    groups = by_group(trials)
    values = {group: finished_values(members) for group, members in groups.items()}
    shrunk = _shrink({group: each for group, each in values.items() if each})
    return [_merge(members, index[group], shrunk.get(group)) for group, members in groups.items()]


def finished_values(members: Sequence[Trial]) -> list[float]:
    """Return the objective of the runs that have finished."""
    return [
        each.value
        for each in members
        if each.state is RunState.FINISHED and each.value is not None and math.isfinite(each.value)
    ]


def noise_of(values: Iterable[Sequence[float]]) -> Noise | None:
    """Return the noise among the values of each set; None if no set has several."""
    several = [each for each in values if len(each) > 1]
    freedom = sum(len(each) - 1 for each in several)
    if not freedom:
        return None
    return Noise(sum(map(_squares, several)) / freedom, freedom)


def mean(values: Sequence[float]) -> float:
    """Return the mean; infinite if the sum is."""
    return sum(values) / len(values)


def spread(values: Sequence[float]) -> float | None:
    """Return the standard deviation of the values; None for a single one."""
    return math.sqrt(_squares(values) / (len(values) - 1)) if len(values) > 1 else None


def _squares(values: Sequence[float]) -> float:
    center = mean(values)
    return sum((value - center) * (value - center) for value in values)


def _shrink(values: Mapping[int, Sequence[float]]) -> dict[int, float]:
    means = {group: mean(each) for group, each in values.items()}
    noise = noise_of(values.values())
    if noise is None or len(means) < 3:  # noqa: PLR2004 - fewer sets say nothing about their spread
        return means
    center = mean([*means.values()])
    of_means = {group: noise.variance / len(each) for group, each in values.items()}
    total = _squares([*means.values()]) / (len(means) - 1)
    if not math.isfinite(total + noise.variance):
        return means
    between = max(0.0, total - mean([*of_means.values()]))
    return {
        group: center + (own - center) * _weight(between, of_means[group])
        for group, own in means.items()
    }


def _weight(between: float, within: float) -> float:
    return 1.0 if within == 0 else between / (between + within)


def _merge(members: Sequence[Trial], number: int, value: float | None) -> Trial:
    finished = [each for each in members if each.state is RunState.FINISHED]
    active = [each for each in members if not each.state.has_ended]
    first = next(iter(finished or active or members))
    merged = replace(first, number=number, repeat_of=None)
    if not finished:
        return merged
    keys = set.intersection(*(set(each.results) for each in finished))
    results = {key: mean([each.results[key] for each in finished]) for key in keys}
    return replace(merged, value=first.value if value is None else value, results=results)


def _t_quantile(freedom: int) -> float:
    """Return the quantile of Student's t distribution."""
    from scipy.special import stdtrit  # noqa: PLC0415 - only races need it

    return float(stdtrit(freedom, CONFIDENCE))
