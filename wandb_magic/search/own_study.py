"""Chooses parameters with an Optuna study, and a space, that the user's own functions define.

As W&B's engine ``optuna`` does. The functions are called here, so this belongs into a process
that may execute them; see `supervisor.search_host`. A study whose process has ended is filled
again with all runs: one from a function's space is drawn anew with its parameters fixed, as in
W&B.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeGuard

import optuna
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.trial import TrialState, create_trial

from wandb_magic.errors import SpecError
from wandb_magic.records import Params, RunState, Trial, flatten_keys
from wandb_magic.spec import Spec
from wandb_magic.spec.continuous import (
    LogUniformDistribution,
    UniformDistribution,
)
from wandb_magic.spec.discrete import ChoiceDistribution, Constant, IntUniform
from wandb_magic.spec.distributions import Distribution, Quantised
from wandb_magic.spec.fields import to_json_value
from wandb_magic.spec.parameters import nest

logger = logging.getLogger(__name__)

SearchSpace = Callable[[optuna.Trial], Mapping[str, Any]]
Terminator = Callable[[optuna.Study], bool]

_STOPPED = "`Study.stop` is supposed to be invoked inside"
"""How Optuna answers a sampler that ends a study which is not its own loop's: a grid does."""


class StudySearcher:
    """Asks a study for parameters, and tells it what became of runs.

    A study is not a pure function: other than `Searcher` promises, its choice depends on the
    user's sampler, which is seeded anew when its process starts again.

    Parameters
    ----------
    spec
        The sweep config.
    study
        The user's study; by default one with Optuna's own sampler.
    search_space
        Returns the parameters of a run from what it draws; by default, the config's parameters are
        the space.
    terminator
        Returns whether no more runs are needed.

    Raises
    ------
    SpecError
        If the study has other objectives than the config.
    """

    def __init__(
        self,
        spec: Spec,
        study: optuna.Study | None = None,
        search_space: SearchSpace | None = None,
        terminator: Terminator | None = None,
    ) -> None:
        goals = [metric.goal for metric in spec.objectives]
        self._study = study or optuna.create_study(directions=goals)
        directions = [direction.name.lower() for direction in self._study.directions]
        if directions != goals:
            raise SpecError(
                f"scheduler.optimizer: the study is to {_listed(directions)}, and the config's "
                f"metric is to {_listed(goals)}: create the study with directions={goals}"
            )
        self._spec = spec
        self._search_space = search_space
        self._distributions = None if search_space else study_distributions(spec)
        self._terminator = terminator
        self._open: dict[int, tuple[optuna.Trial, Params]] = {}
        self._results: dict[int, Sequence[float] | None] = {}  # None: it failed
        self._is_over = False

    def ask(self, number: int, trials: Sequence[Trial], *, cheap: bool = False) -> Params | None:  # noqa: ARG002 - a study has no cheaper choice
        """Return the parameters of run `number`; None if the study or its user ends the sweep."""
        has_runs = bool(self._open or self._results)
        for trial in trials:
            if trial.number != number or trial.state.has_ended:
                self._observe(trial)
        if not has_runs and trials:
            # With its seed, the sampler would draw the first runs once more.
            self._study.sampler.reseed_rng()
        if number in self._open:  # it was chosen, and never became a run
            return self._open[number][1]
        if self._has_ended():
            return None
        self._open[number] = drawn = self._draw()
        return drawn[1]

    def _has_ended(self) -> bool:
        # A grid that is used up would start over.
        is_exhausted = getattr(self._study.sampler, "is_exhausted", None)
        if self._is_over or (is_exhausted is not None and is_exhausted(self._study)):
            return True
        return self._terminator is not None and bool(self._terminator(self._study))

    def _draw(self) -> tuple[optuna.Trial, Params]:
        if self._search_space is None:
            trial = self._study.ask(self._distributions)
            return trial, nest({path: trial.params[".".join(path)] for path in self._spec.leaves})
        trial = self._study.ask()
        returned = self._search_space(trial)
        if not isinstance(returned, Mapping):
            raise SpecError(
                "scheduler.search_space: must return the parameters as a dict, "
                f"not {type(returned).__name__}"
            )
        try:
            return trial, {str(name): to_json_value(value) for name, value in returned.items()}
        except ValueError as error:
            raise SpecError(f"scheduler.search_space: a parameter {error}") from None

    def _observe(self, trial: Trial) -> None:
        """Tell the study about a run, once it has ended; add one that it did not draw."""
        known = self._open.get(trial.number)
        if known is not None and known[1] != trial.params:  # a user's run has this number
            del self._open[trial.number]
            self._tell(known[0], None)
            known = None
        result = self._result(trial) if trial.state.has_ended else None
        if not trial.state.has_ended:
            if known is None and trial.number not in self._results:
                self._replay(trial.number, trial.params)
        elif known is not None:
            del self._open[trial.number]
            self._results[trial.number] = result
            self._tell(known[0], result)
        elif trial.number not in self._results or (
            # The same parameters were tried again, and now they succeeded.
            self._results[trial.number] is None and result is not None
        ):
            self._results[trial.number] = result
            self._add(trial, result)

    def _add(self, trial: Trial, result: Sequence[float] | None) -> None:
        """Add a run that has ended, and that this study did not draw."""
        if self._distributions is None:
            if drawn := self._replay(trial.number, trial.params):
                del self._open[trial.number]
                self._tell(drawn, result)
            return
        values = flatten_keys(trial.params)
        try:
            frozen = create_trial(
                params={name: values[name] for name in self._distributions},
                distributions=self._distributions,
                values=result,
                state=TrialState.FAIL if result is None else TrialState.COMPLETE,
            )
        except (KeyError, ValueError):
            logger.warning("run %s is not learned: it is outside the space", trial.number)
        else:
            self._study.add_trial(frozen)

    def _replay(self, number: int, params: Params) -> optuna.Trial | None:
        """Draw a run again that has these parameters; None if the space cannot give them."""
        self._study.enqueue_trial(flatten_keys(params) if self._distributions else dict(params))
        trial, drawn = self._draw()
        if drawn != params:
            logger.warning("run %s is not learned: the space cannot give its parameters", number)
            self._tell(trial, None)
            return None
        self._open[number] = trial, params
        return trial

    def _tell(self, trial: optuna.Trial, result: Sequence[float] | None) -> None:
        try:
            if result is None:
                self._study.tell(trial, state=TrialState.FAIL)
            else:
                self._study.tell(trial, list(result))
        except RuntimeError as error:
            if _STOPPED not in str(error):
                raise
            self._is_over = True

    def _result(self, trial: Trial) -> Sequence[float] | None:
        """Return the values of a run that has ended; None if it failed, or lacks one."""
        if trial.state in (RunState.FAILED, RunState.KILLED, RunState.LOST):
            return None
        if not self._spec.metrics:
            return None if trial.value is None else [trial.value]
        values = [trial.results.get(metric.name, math.nan) for metric in self._spec.metrics]
        return values if all(map(math.isfinite, values)) else None


def _listed(words: Sequence[str]) -> str:
    return ", ".join(words)


def split_optimizer(returned: object, name: str) -> tuple[optuna.Study, Terminator | None]:
    """Return the study, and the terminator if there is one, that the user's function returned.

    Parameters
    ----------
    returned
        A study, or a pair of both.
    name
        The function.

    Raises
    ------
    SpecError
        If it is neither.
    """
    study, terminator = returned if _is_pair(returned) else (returned, None)
    if isinstance(study, optuna.Study) and (terminator is None or callable(terminator)):
        return study, terminator
    raise SpecError(
        f"scheduler.optimizer: {name} must return an optuna.Study, or a study and a function that "
        f"takes it, not {type(returned).__name__}"
    )


def _is_pair(value: object) -> TypeGuard[tuple[Any, Any]]:
    return isinstance(value, tuple) and len(value) == 2  # noqa: PLR2004 - a pair has two


def study_distributions(spec: Spec) -> dict[str, BaseDistribution]:
    """Return Optuna's distribution of each parameter, by dotted name, as W&B converts them."""
    return {".".join(path): _convert(each) for path, each in spec.leaves.items()}


def _convert(distribution: Distribution) -> BaseDistribution:
    if isinstance(distribution, (Constant, ChoiceDistribution)):
        values: list[Any] = getattr(distribution, "values", None) or [distribution.sample(0.5)]
        return CategoricalDistribution(values)
    if isinstance(distribution, IntUniform):
        return IntDistribution(distribution.min, distribution.max)
    assert isinstance(distribution, (UniformDistribution, LogUniformDistribution))
    low, high = distribution.support
    step = distribution.q if isinstance(distribution, Quantised) else None
    if isinstance(distribution, LogUniformDistribution):  # on this scale, Optuna has no steps
        if step == 1 and low >= 1:
            return IntDistribution(int(low), int(high), log=True)
        return FloatDistribution(low, high, log=True)
    if step is not None and all(number == int(number) for number in (low, high, step)):
        return IntDistribution(int(low), int(high), step=int(step))
    return FloatDistribution(low, high, step=step)
