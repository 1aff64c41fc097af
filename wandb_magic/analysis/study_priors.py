"""Converts an Optuna study to priors of a sweep: its finished trials, in the sweep's parameters.

Trials that do not fit are counted and left out, never adjusted: otherwise a search would learn
from runs that never happened.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import optuna
from optuna.storages import JournalStorage, RDBStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import FrozenTrial, TrialState

from wandb_magic.analysis.parameter_distributions import distributions_of
from wandb_magic.analysis.study import silence_optuna
from wandb_magic.errors import SweepStateError
from wandb_magic.records import Params
from wandb_magic.search.bayes.space import SearchSpace
from wandb_magic.spec import Spec
from wandb_magic.spec.discrete import ChoiceDistribution, Constant
from wandb_magic.spec.distributions import Distribution
from wandb_magic.spec.fields import canonical
from wandb_magic.spec.parameters import nest

_SQLITE = b"SQLite format 3\x00"


@dataclass(frozen=True)
class StudyPriors:
    """The priors from a study.

    Attributes
    ----------
    priors
        ``params`` and ``value`` of each trial that fits.
    left_out
        The number of finished trials that do not fit.
    """

    priors: tuple[dict[str, Any], ...]
    left_out: int


def load_study(file: Path) -> optuna.Study:
    """Return the single study in a file.

    Raises
    ------
    SweepStateError
        If it contains none, or several, or is not such a file.
    """
    file = file.expanduser().absolute()
    try:
        with file.open("rb") as stream:
            is_database = stream.read(len(_SQLITE)) == _SQLITE
        with silence_optuna():
            storage = (
                RDBStorage(f"sqlite:///{file}", skip_table_creation=True)
                if is_database
                else JournalStorage(JournalFileBackend(str(file)))
            )
            names = [each.study_name for each in storage.get_all_studies()]
            if len(names) == 1:
                return optuna.load_study(study_name=names[0], storage=storage)
    except (
        Exception
    ) as error:  # whatever Optuna and SQLAlchemy raise for a file that is not a study
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise SweepStateError(
            f"prior: {file} cannot be read as an Optuna study: {reason}"
        ) from error
    if not names:
        raise SweepStateError(
            f"prior: {file} contains no study: give a journal or an SQLite database that has one"
        )
    raise SweepStateError(
        f"prior: {file} holds {len(names)} studies ({', '.join(names)}): give the one itself, "
        "prior=optuna.load_study(…)"
    )


def priors_from(study: optuna.Study, spec: Spec | None) -> StudyPriors:
    """Return the finished trials as priors; without a spec, all of them, unconverted.

    Raises
    ------
    SweepStateError
        If the study has several objectives, or another direction than the sweep.
    """
    if len(study.directions) != 1:
        raise SweepStateError(
            f"prior: the study has {len(study.directions)} objectives, and a sweep has one"
        )
    maximize = study.direction is optuna.study.StudyDirection.MAXIMIZE
    if spec is not None and spec.metric is not None and spec.metric.maximize is not maximize:
        raise SweepStateError(
            f"prior: the study is to {'maximize' if maximize else 'minimize'}, and the sweep to "
            f"{spec.metric.goal} {spec.metric.name}: they do not have the same objective"
        )
    finished = [
        trial
        for trial in study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
        if trial.value is not None and math.isfinite(trial.value)
    ]
    convert = _TrialConverter(spec) if spec is not None else _identity
    params = [(convert(trial), trial.value) for trial in finished]
    priors = tuple(
        {"params": converted, "value": value}
        for converted, value in params
        if converted is not None
    )
    return StudyPriors(priors, len(finished) - len(priors))


def _identity(trial: FrozenTrial) -> Params:
    return nest({tuple(name.split(".")): value for name, value in trial.params.items()})


class _TrialConverter:
    """Converts a trial's parameters to those of a run of the sweep."""

    def __init__(self, spec: Spec) -> None:
        self._spec = spec
        self._space = SearchSpace(spec)
        spelled = {name for name, kind in distributions_of(spec, {}).items() if kind.is_json_text}
        self._spelled = {
            path: {canonical(value): value for value in distribution.values}
            for path, distribution in spec.leaves.items()
            if isinstance(distribution, ChoiceDistribution) and ".".join(path) in spelled
        }

    def __call__(self, trial: FrozenTrial) -> Params | None:
        values: dict[tuple[str, ...], Any] = {}
        for path, distribution in self._spec.leaves.items():
            if isinstance(distribution, Constant):
                values[path] = distribution.value
                continue
            name = ".".join(path)
            if name not in trial.params:
                return None
            param = trial.params[name]
            texts = self._spelled.get(path, {})
            value = texts[param] if isinstance(param, str) and param in texts else param
            if distribution.to_unit(value) is None:
                return None
            values[path] = _canonical_value(distribution, value)
        params = nest(values)
        return None if self._space.encode(params) is None else params


def _canonical_value(distribution: Distribution, value: Any) -> Any:  # noqa: ANN401 - a JSON value
    """Return a value in the distribution's own form: 8.0 among integers is 8."""
    if isinstance(distribution, ChoiceDistribution):
        position = distribution.index(value)
        assert position is not None
        return distribution.values[position]
    is_whole = isinstance(value, float) and value.is_integer()
    return int(value) if is_whole and isinstance(distribution.sample(0.5), int) else value
