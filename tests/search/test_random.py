"""Random search draws from W&B's distributions: scipy's own distributions are the reference."""

import math
from collections import Counter
from functools import cache
from typing import Any

import pytest
from scipy import stats

from wandb_magic.search import make_searcher
from wandb_magic.search.random import RandomSearcher
from wandb_magic.spec import load

DRAWS = 3000
LIKELY = 1e-3  # of a fixed seed, so a test that passes once passes for ever

CONTINUOUS: dict[str, tuple[dict[str, Any], Any]] = {
    "uniform": ({"min": -1.5, "max": 4}, stats.uniform(-1.5, 5.5)),
    "log_uniform": ({"min": -3, "max": 2}, stats.loguniform(math.exp(-3), math.exp(2))),
    "log_uniform_values": ({"min": 1e-5, "max": 0.1}, stats.loguniform(1e-5, 0.1)),
    "inv_log_uniform": ({"min": -1, "max": 3}, stats.loguniform(math.exp(-3), math.exp(1))),
    "inv_log_uniform_values": ({"min": 1e-5, "max": 0.1}, stats.loguniform(1e-5, 0.1)),
    "normal": ({"mu": 1, "sigma": 3}, stats.norm(1, 3)),
    "log_normal": ({"mu": 1, "sigma": 0.5}, stats.lognorm(0.5, scale=math.e)),
    "beta": ({"a": 2, "b": 0.5}, stats.beta(2, 0.5)),
}
QUANTISED: dict[str, tuple[dict[str, Any], Any]] = {
    "q_uniform": ({"min": 0.4, "max": 10.6, "q": 0.5}, stats.uniform(0.4, 10.2)),
    "q_log_uniform": ({"min": 0, "max": 4, "q": 2}, stats.loguniform(1, math.exp(4))),
    "q_log_uniform_values": ({"min": 1, "max": 100, "q": 5}, stats.loguniform(1, 100)),
    "q_normal": ({"mu": 1, "sigma": 3, "q": 2}, stats.norm(1, 3)),
    "q_log_normal": ({"mu": 1, "sigma": 1, "q": 1}, stats.lognorm(1, scale=math.e)),
    "q_beta": ({"a": 2, "b": 3, "q": 0.1}, stats.beta(2, 3)),
}
LISTED: dict[str, tuple[dict[str, Any], dict[Any, float]]] = {
    "categorical": ({"values": ["a", "b", "b", None]}, {"a": 0.25, "b": 0.5, None: 0.25}),
    "categorical_w_probabilities": (
        {"values": ["a", "b", "c", "d"], "probabilities": [0.1, 0.6, 0, 0.3]},
        {"a": 0.1, "b": 0.6, "d": 0.3},
    ),
    "int_uniform": ({"min": -2, "max": 5}, dict.fromkeys(range(-2, 6), 1 / 8)),
}


@cache
def drawn() -> list[dict[str, Any]]:
    """Return the draws of all distributions at once, nested, as one sweep makes them."""
    entries = {
        name: {"distribution": name, **entry}
        for name, (entry, _) in {**CONTINUOUS, **QUANTISED, **LISTED}.items()
    }
    search = RandomSearcher(load({"all": {"parameters": entries}}), seed=3)
    return [dict(search.ask(number)["all"]) for number in range(DRAWS)]


def draws(name: str) -> list[Any]:
    return [params[name] for params in drawn()]


@pytest.mark.parametrize("name", CONTINUOUS)
def test_continuous_laws_are_followed(name: str) -> None:
    assert stats.kstest(draws(name), CONTINUOUS[name][1].cdf).pvalue > LIKELY


@pytest.mark.parametrize("name", QUANTISED)
def test_quantised_laws_are_followed(name: str) -> None:
    entry, distribution = QUANTISED[name]
    q = entry["q"]
    counts = Counter(round(value / q) for value in draws(name))
    assert all(math.isclose(value, round(value / q) * q) for value in draws(name))
    common = [
        step
        for step in range(min(counts), max(counts) + 1)
        if distribution.cdf((step + 0.5) * q) - distribution.cdf((step - 0.5) * q) > 5 / DRAWS
    ]
    expected = [
        DRAWS * (distribution.cdf((s + 0.5) * q) - distribution.cdf((s - 0.5) * q)) for s in common
    ]
    seen = [counts[step] for step in common]
    if DRAWS - sum(expected) > 1:  # what is rare counts together
        seen.append(DRAWS - sum(seen))
        expected.append(DRAWS - sum(expected))
    assert chi_square(seen, expected) > LIKELY


@pytest.mark.parametrize("name", LISTED)
def test_listed_laws_are_followed(name: str) -> None:
    counts, odds = Counter(draws(name)), LISTED[name][1]
    assert set(counts) == set(odds)
    assert chi_square([counts[v] for v in odds], [DRAWS * p for p in odds.values()]) > LIKELY


def chi_square(seen: list[int], expected: list[float]) -> float:
    statistic = sum((s - e) ** 2 / e for s, e in zip(seen, expected, strict=True))
    return float(stats.chi2.sf(statistic, len(seen) - 1))


def test_parameters_and_runs_are_independent() -> None:
    first = draws("uniform")
    assert abs(stats.spearmanr(first, draws("normal")).statistic) < 0.06
    assert abs(stats.spearmanr(first[1:], first[:-1]).statistic) < 0.06


def test_a_run_depends_on_seed_and_number_alone() -> None:
    spec = load({"x": {"min": 0.0, "max": 1}, "y": {"values": [1, 2, 3]}})
    forth = [make_searcher(spec, seed=1).ask(number, []) for number in range(5)]
    back = [make_searcher(spec, seed=1).ask(number, []) for number in reversed(range(5))]
    other = [make_searcher(spec, seed=2).ask(number, []) for number in range(5)]
    assert forth == back[::-1]
    assert all(one != two for one, two in zip(forth, other, strict=True))


def test_the_same_seed_draws_the_same_everywhere() -> None:
    params = RandomSearcher(load({"x": {"min": 0, "max": 10**6}}), seed=0).ask(0)
    assert params == {"x": 584701}
