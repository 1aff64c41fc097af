from typing import Any

import pytest

from wandb_magic.errors import SpecError
from wandb_magic.search import SAMPLERS, make_searcher
from wandb_magic.search.grid import GridSearcher
from wandb_magic.search.random import RandomSearcher
from wandb_magic.spec import Spec, load


def spec(method: str) -> Spec:
    return load(
        {
            "method": method,
            "metric": {"name": "m", "goal": "minimize"},
            "parameters": {"x": {"values": [1, 2]}},
        }
    )


@pytest.mark.parametrize(
    ("method", "sampler", "kind"),
    [
        ("grid", None, GridSearcher),
        ("grid", "auto", GridSearcher),
        ("random", None, RandomSearcher),
        ("random", "random", RandomSearcher),
        ("bayes", "random", RandomSearcher),
    ],
)
def test_the_method_decides(method: str, sampler: str | None, kind: type[Any]) -> None:
    assert isinstance(make_searcher(spec(method), seed=0, sampler=sampler), kind)


def test_an_unknown_sampler_is_refused_with_the_choices() -> None:
    with pytest.raises(SpecError, match="must be one of auto, gp, tpe, cmaes, random, not 'gpp'"):
        make_searcher(spec("bayes"), seed=0, sampler="gpp")


@pytest.mark.parametrize("sampler", [name for name in SAMPLERS if name != "auto"])
def test_a_sampler_without_bayes_is_refused(sampler: str) -> None:
    with pytest.raises(SpecError, match=f"{sampler} goes with method bayes, not grid"):
        make_searcher(spec("grid"), seed=0, sampler=sampler)
