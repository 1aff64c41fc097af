"""The user's own study, compared with W&B's scheduler, which is installed with wandb."""

from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any

import optuna
import pytest
from wandb.sdk.sweeps.run_state import RunState as WandbState
from wandb.sdk.sweeps.scheduler.optimizer import RunConfig, RunWithMetrics
from wandb.sdk.sweeps.scheduler.optuna import (
    OptunaOptions,
    make_optimizer,
    search_space_from_sweep_config,
)
from wandb.sdk.sweeps.sweep_info import SweepInfo

from wandb_magic.errors import SpecError
from wandb_magic.records import Params, RunState, Trial
from wandb_magic.search.own_study import StudySearcher, split_optimizer, study_distributions
from wandb_magic.spec import Spec, load

SCHEDULER = {"engine": "optuna", "source": "own.py"}
PARAMETERS: dict[str, Any] = {
    "batch": {"distribution": "q_uniform", "min": 16, "max": 64, "q": 16},
    "dropout": {"distribution": "q_uniform", "min": 0.0, "max": 0.5, "q": 0.1},
    "epochs": {"value": 3},
    "layers": {"min": 1, "max": 4},
    "lr": {"distribution": "log_uniform_values", "min": 1e-4, "max": 1.0},
    "momentum": {"min": 0.0, "max": 0.9},
    "optimizer": {"values": ["sgd", "adam"]},
    "units": {"distribution": "q_log_uniform_values", "min": 8, "max": 512, "q": 1},
}


def config(parameters: Mapping[str, Any] | None = None, **keys: object) -> dict[str, Any]:
    space = {"parameters": parameters} if parameters else {}
    functions = {"optimizer": "study"} if parameters else {"search_space": "suggest"}
    metric = {"metric": {"name": "loss", "goal": "minimize"}}
    return {"method": "custom", "scheduler": SCHEDULER | functions, **metric, **space, **keys}


def suggest(trial: optuna.Trial) -> dict[str, Any]:
    params: dict[str, Any] = {"optimizer": trial.suggest_categorical("optimizer", ["sgd", "adam"])}
    params["lr"] = trial.suggest_float("lr", 1e-4, 1.0, log=True)
    if params["optimizer"] == "sgd":
        params["momentum"] = trial.suggest_float("momentum", 0.0, 0.9)
    return params


def study(**keywords: Any) -> optuna.Study:  # noqa: ANN401 - Optuna's own
    sampler = optuna.samplers.TPESampler(seed=1, n_startup_trials=5)
    return optuna.create_study(**{"sampler": sampler, **keywords})


def loss(params: Params) -> float:
    return float(params["lr"]) + float(params.get("momentum", 0.3))


def chosen_by_wandb(settings: dict[str, Any], options: OptunaOptions, runs: int) -> list[Params]:
    sweep = SweepInfo("id", "name", "entity", "project", settings, "")
    optimizer, chosen = make_optimizer(sweep, options), []
    for number in range(runs):
        suggestion = optimizer.ask_n_runs(1)[0]
        params = suggestion.config.flat_dict()
        chosen.append(params)
        failed = number % 7 == 3  # some runs fail
        state = WandbState.FAILED if failed else WandbState.FINISHED
        summary = {} if failed else {"loss": loss(params)}
        told = RunWithMetrics(RunConfig.from_values(params), state, "id", summary, [])
        optimizer.tell_run(suggestion.run_id, told)
    return chosen


def result(number: int, params: Params) -> Trial:
    if number % 7 == 3:
        return Trial(number, params, RunState.FAILED)
    return Trial(number, params, RunState.FINISHED, loss(params))


def chosen_here(searcher: StudySearcher, runs: int, trials: list[Trial]) -> list[Params]:
    chosen = []
    for number in range(len(trials), len(trials) + runs):
        params = searcher.ask(number, trials)
        assert params is not None
        chosen.append(params)
        trials.append(result(number, params))
    return chosen


@pytest.mark.parametrize("space", [None, PARAMETERS])
def test_it_chooses_what_the_scheduler_of_wandb_chooses(space: Mapping[str, Any] | None) -> None:
    settings = config(space)
    options = (
        OptunaOptions(study(), distributions=search_space_from_sweep_config(dict(space)))
        if space
        else OptunaOptions(study(), search_space=suggest)
    )
    searcher = StudySearcher(load(settings), study(), None if space else suggest)
    chosen = chosen_here(searcher, 25, [])
    assert chosen == chosen_by_wandb(settings, options, 25)
    assert len({str(params) for params in chosen}) == 25


def test_the_distributions_are_those_of_wandb() -> None:
    spec = load(config(PARAMETERS))
    assert study_distributions(spec) == search_space_from_sweep_config(PARAMETERS)


@pytest.mark.parametrize("space", [None, PARAMETERS])
def test_a_study_that_starts_again_knows_all_runs(space: Mapping[str, Any] | None) -> None:
    spec, trials = load(config(space)), list[Trial]()
    chosen_here(StudySearcher(spec, study(), None if space else suggest), 12, trials)
    trials.append(Trial(12, trials[0].params, RunState.RUNNING))
    own = study()
    searcher = StudySearcher(spec, own, None if space else suggest)
    assert searcher.ask(13, trials)
    values = [trial.value for trial in own.trials if trial.state.name == "COMPLETE"]
    assert values == [trial.value for trial in trials[:12] if trial.value is not None]
    assert searcher.ask(14, []) not in [trial.params for trial in trials]  # though it has a seed
    states = [trial.state.name for trial in own.trials]
    assert [states.count(name) for name in ("COMPLETE", "FAIL", "RUNNING")] == [10, 2, 3]


def test_a_choice_that_never_became_a_run_is_kept_and_one_that_the_user_replaced_is_not() -> None:
    own = study()
    searcher = StudySearcher(load(config()), own, suggest)
    first = searcher.ask(0, [])
    assert searcher.ask(0, []) == first
    replaced = Trial(0, {"optimizer": "adam", "lr": 0.5}, RunState.FINISHED, 0.8)
    assert searcher.ask(1, [replaced]) is not None
    assert [trial.value for trial in own.trials if trial.state.name == "COMPLETE"] == [0.8]
    assert own.best_params == replaced.params


def test_parameters_that_failed_once_are_learned_when_they_succeed() -> None:
    own = study()
    searcher = StudySearcher(load(config()), own, suggest)
    params = searcher.ask(0, [])
    assert params is not None
    assert searcher.ask(1, [Trial(0, params, RunState.FAILED)])
    assert searcher.ask(2, [Trial(0, params, RunState.FINISHED, 0.25)])
    assert (own.best_value, own.best_params) == (0.25, params)


def test_a_run_outside_the_space_is_left_out() -> None:
    own = study()
    searcher = StudySearcher(load(config(PARAMETERS)), own)
    assert searcher.ask(1, [Trial(0, {"lr": 7.0}, RunState.FINISHED, 0.1)])
    imperative = StudySearcher(load(config()), study(), suggest)
    odd = Trial(0, {"optimizer": "adam", "lr": 0.1, "extra": 1}, RunState.FINISHED, 0.1)
    assert imperative.ask(1, [odd])
    assert not [trial for trial in own.trials if trial.state.name == "COMPLETE"]


def test_several_objectives_are_told_in_the_order_of_the_config() -> None:
    metrics = [{"name": "acc", "goal": "maximize"}, {"name": "ms", "goal": "minimize"}]
    settings = {**config(), "metrics": metrics}
    del settings["metric"]
    own = optuna.create_study(
        directions=["maximize", "minimize"], sampler=optuna.samplers.RandomSampler(seed=0)
    )
    searcher = StudySearcher(load(settings), own, suggest)
    params = searcher.ask(0, [])
    assert params is not None
    searcher.ask(1, [Trial(0, params, RunState.FINISHED, 0.9, results={"ms": 20.0, "acc": 0.9})])
    assert own.trials[0].values == [0.9, 20.0]


@pytest.mark.parametrize(
    "sampler", [optuna.samplers.GridSampler({"x": [0, 1], "y": [0.0, 1.0]}), None]
)
def test_a_grid_ends_and_so_does_a_sweep_whose_terminator_says_so(sampler: Any) -> None:  # noqa: ANN401 - Optuna's own
    own = optuna.create_study(sampler=sampler or optuna.samplers.RandomSampler(seed=0))
    over: Callable[[optuna.Study], bool] = lambda study: len(study.trials) >= 4  # noqa: E731 - as users write it
    spec = load(config({"x": {"min": 0, "max": 1}, "y": {"min": 0.0, "max": 1.0}}))
    searcher, trials = StudySearcher(spec, own, None, None if sampler else over), list[Trial]()
    while (params := searcher.ask(len(trials), trials)) is not None:
        assert len(trials) < 4
        trials.append(Trial(len(trials), params, RunState.FINISHED, 1.0))
    assert len(trials) == 4
    if sampler:
        points = sorted((trial.params["x"], trial.params["y"]) for trial in trials)
        assert all(one != other for one, other in pairwise(points))


@pytest.mark.parametrize(
    ("call", "problem"),
    [
        (
            lambda spec: StudySearcher(spec, study(direction="maximize")),
            "scheduler.optimizer: the study is to maximize, and the config's metric is to minimi",
        ),
        (
            lambda spec: StudySearcher(spec, None, lambda _: 3).ask(0, []),  # type: ignore[arg-type, return-value] # on purpose
            "scheduler.search_space: must return the parameters as a dict, not int",
        ),
        (
            lambda spec: StudySearcher(spec, None, lambda _: {"x": {1, 2}}).ask(0, []),
            "scheduler.search_space: a parameter ",
        ),
        (
            lambda _: split_optimizer((1, 2, 3), "make"),
            "scheduler.optimizer: make must return an optuna.Study, or a study and a function",
        ),
    ],
)
def test_what_cannot_be_used_is_refused(call: Callable[[Spec], object], problem: str) -> None:
    with pytest.raises(SpecError) as caught:
        call(load(config(PARAMETERS)))
    assert str(caught.value).startswith(problem)
