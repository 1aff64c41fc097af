"""No run has a parameter that it should not have, nor a combination that is forbidden."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wandb_magic.errors import SpecError
from wandb_magic.records import Params, RunState, Trial, flatten_keys
from wandb_magic.search import make_searcher
from wandb_magic.search.bayes.space import SearchSpace
from wandb_magic.search.grid import GridSearcher
from wandb_magic.spec import Spec, load
from wandb_magic.spec.metrics import wandb_config

OPTIMIZERS: dict[str, Any] = {
    "optimizer": {"values": ["sgd", "adam", "lion"]},
    "momentum": {"values": [0.0, 0.9], "when": {"optimizer": "sgd"}},
    "nesterov": {"values": [True, False], "when": {"momentum": {"min": 0.5}}},
    "net": {
        "when": {"optimizer": ["adam", "lion"]},
        "parameters": {
            "depth": {"values": [1, 2, 3]},
            "skip": {"value": True, "when": {"depth": [2, 3]}},
        },
    },
    "lr": {"values": [0.1, 0.2]},
}


def spec(parameters: dict[str, Any], forbid: object = None, method: str = "random") -> Spec:
    keys = {} if forbid is None else {"forbid": forbid}
    metric = {"name": "loss", "goal": "minimize"}
    return load({"method": method, "metric": metric, "parameters": parameters, **keys})


def is_right(params: Params) -> bool:
    """Return whether a run may have these parameters of `OPTIMIZERS`, told independently."""
    flat = flatten_keys(params)
    expected = {"optimizer", "lr"}
    if flat["optimizer"] == "sgd":
        expected.add("momentum")
        if flat["momentum"] >= 0.5:
            expected.add("nesterov")
    else:
        expected.add("net.depth")
        if flat["net.depth"] > 1:
            expected.add("net.skip")
    forbidden = flat["optimizer"] == "sgd" and flat["lr"] == 0.2
    return flat.keys() == expected and not forbidden


FORBID = [{"optimizer": "sgd", "lr": 0.2}]


def test_a_grid_has_every_combination_once() -> None:
    search = GridSearcher(spec(OPTIMIZERS, FORBID, "grid"))
    found = [search.ask(number) for number in range(search.size)]
    assert all(params is not None and is_right(params) for params in found)
    assert len({repr(params) for params in found}) == search.size
    # sgd: no momentum, or momentum with and without nesterov; else depth; each with its rates
    assert search.size == 3 * 1 + 2 * 3 * 2
    assert search.ask(search.size) is None


@pytest.mark.parametrize("sampler", ["gp", "tpe", "cmaes", "random"])
def test_no_choice_of_bayes_breaks_a_rule(sampler: str) -> None:
    config = spec(OPTIMIZERS, FORBID, "bayes")
    searcher = make_searcher(config, seed=1, sampler=sampler)
    trials: list[Trial] = []
    for number in range(13 if sampler == "gp" else 40):
        params = searcher.ask(number, trials)
        assert params is not None
        assert is_right(params), params
        # What is forbidden would be the best.
        value = params["lr"] * -1 + (params["optimizer"] != "sgd")
        trials.append(Trial(number, params, RunState.FINISHED, value))


def test_bayes_learns_from_runs_that_lack_a_parameter() -> None:
    config = spec(OPTIMIZERS, method="bayes")
    space = SearchSpace(config)
    draw = make_searcher(spec(OPTIMIZERS), seed=1)
    for number in range(50):
        params = draw.ask(number, [])
        assert params is not None
        choice = space.encode(params)
        assert choice is not None
        assert space.decode(choice) == params
    assert space.encode({"optimizer": "sgd", "lr": 0.1}) is None  # it should have momentum
    # A prior may have more than its values allow here.
    extra = {"optimizer": "adam", "lr": 0.1, "net": {"depth": 1}, "momentum": 0.9}
    assert space.encode(extra) == space.encode({k: extra[k] for k in ("optimizer", "lr", "net")})


NAMES = st.sampled_from("abcde")
VALUES = st.lists(st.sampled_from([0, 1, 2, "x", True]), min_size=1, max_size=3, unique_by=repr)


@st.composite
def spaces(draw: st.DrawFn) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return parameters that depend on those before them, and what is forbidden."""
    names = draw(st.lists(NAMES, min_size=2, max_size=5, unique=True))
    parameters: dict[str, Any] = {}
    for name in names:
        entry: dict[str, Any] = {"values": draw(VALUES)}
        if parameters and draw(st.booleans()):
            other = draw(st.sampled_from(sorted(parameters)))
            allowed = draw(st.sampled_from(parameters[other]["values"]))
            entry["when"] = {other: [allowed]}
        parameters[name] = entry
    pair = draw(st.lists(st.sampled_from(names), min_size=2, max_size=2, unique=True))
    rule = {name: draw(st.sampled_from(parameters[name]["values"])) for name in pair}
    return parameters, draw(st.sampled_from([[], [rule]]))


def obeys(params: Params, parameters: dict[str, Any], forbid: list[dict[str, Any]]) -> bool:
    for name, entry in parameters.items():  # those that others depend on come first
        needed = all(
            other in params and repr(params[other]) in map(repr, allowed)
            for other, allowed in entry.get("when", {}).items()
        )
        if (name in params) != needed:
            return False
    return not any(
        all(name in params and repr(params[name]) == repr(value) for name, value in rule.items())
        for rule in forbid
    )


@given(spaces())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_no_run_has_an_inactive_or_forbidden_parameter(
    space: tuple[dict[str, Any], list[dict[str, Any]]],
) -> None:
    parameters, forbid = space
    refused = ""
    try:
        grid = GridSearcher(spec(parameters, forbid or None, "grid"))
    except SpecError as error:
        refused = str(error)
    if refused:
        assert refused.startswith("forbid: it rules out")
        return
    found = [grid.ask(number) for number in range(grid.size)]
    assert all(params is not None and obeys(params, parameters, forbid) for params in found)
    assert len({repr(params) for params in found}) == grid.size
    assert found
    drawn = make_searcher(spec(parameters, forbid or None), seed=0)
    for number in range(5):
        params = drawn.ask(number, [])
        assert params is not None
        assert obeys(params, parameters, forbid)
        assert params in found  # a grid leaves nothing out
    if all(len(entry["values"]) == 1 for entry in parameters.values()):
        return  # nothing to learn
    learns = make_searcher(spec(parameters, forbid or None, "bayes"), seed=0, sampler="tpe")
    trials = [
        Trial(number, drawn.ask(number, []) or {}, RunState.FINISHED, float(number % 3))
        for number in range(12)
    ]
    params = learns.ask(12, trials)
    assert params in found


def test_a_space_in_which_nothing_is_allowed_is_refused() -> None:
    with pytest.raises(SpecError, match="forbid: it rules out each of 2000 combinations"):
        spec({"a": {"values": [1]}, "b": {"values": [1, 2]}}, [{"a": 1}])
    rare = {"a": {"min": 0.0, "max": 1.0}}
    assert spec(rare, [{"a": {"max": 0.99}}]).conditions.forbid


def test_the_conditions_are_part_of_the_config() -> None:
    config = spec(OPTIMIZERS, FORBID)
    written = config.to_dict()
    assert load(written) == config
    assert written["parameters"]["net"]["when"] == {"optimizer": ["adam", "lion"]}
    assert written["forbid"] == [{"optimizer": ["sgd"], "lr": [0.2]}]
    told = wandb_config(written)
    assert "when" not in repr(told)
    assert "forbid" not in told


@pytest.mark.parametrize(
    ("entry", "problem"),
    [
        ({"when": {"optimizr": "sgd"}}, "parameters.x.when.optimizr: there is no such parameter"),
        ({"when": {"optimizer": "sdg"}}, "parameters.x.when.optimizer: the parameter is never"),
        ({"when": 3}, "parameters.x.when: must be a mapping, not 3"),
        ({"when": {"x": 1}}, "parameters.x.when: depends on itself"),
        ({"when": {"lr": {"min": "q"}}}, "parameters.x.when.lr: must be a finite number"),
        ({"when": {"optimizer": []}}, "parameters.x.when.optimizer: is empty"),
        ({"when": {"y": 1}}, "parameters: x and y depend on each other"),
    ],
)
def test_a_mistake_is_told_in_a_sentence(entry: dict[str, Any], problem: str) -> None:
    parameters = {
        "optimizer": {"values": ["sgd", "adam"]},
        "lr": {"min": 0.0, "max": 1.0},
        "x": {"values": [1, 2], **entry},
        "y": {"values": [1], "when": {"x": 1}},
    }
    with pytest.raises(SpecError) as caught:
        spec(parameters)
    (told,) = caught.value.problems
    assert told.startswith(problem)
