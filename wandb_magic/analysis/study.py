"""Converts a sweep to an Optuna study in memory, for `optuna.visualization` and similar tools.

It is a copy: changes to it do not affect the sweep. The parameters have the values that the runs
had, so that axes are readable; see `parameter_distributions`.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any

import optuna
from optuna.trial import FrozenTrial, TrialState

from wandb_magic.analysis._downsample import downsample
from wandb_magic.analysis.parameter_distributions import ParameterDistribution, distributions_of
from wandb_magic.analysis.pareto import Objectives
from wandb_magic.errors import SweepStateError
from wandb_magic.records import RunRecord, RunState, SweepRecord, flatten_keys, sweep_metric
from wandb_magic.spec import Spec, load, load_lenient
from wandb_magic.spec.parameters import flatten
from wandb_magic.store import StoreReader

if TYPE_CHECKING:
    from wandb_magic.store.curves import Curve

Study = optuna.Study

POINTS = 100
"""The most intermediate values of a trial: a study with millions is too slow to display."""


def study_of(reader: StoreReader) -> optuna.Study:
    """Return the study; see `Sweep.study`.

    Raises
    ------
    SweepStateError
        If the sweep has no metric.
    """
    sweep = reader.sweep()
    metric = sweep_metric(sweep)
    if metric is None:
        raise SweepStateError(
            f"sweep {sweep.id} has no metric, which a study needs: put metric: {{name: …}} into "
            "the config of the next one"
        )
    objectives = Objectives.of(sweep)
    summaries = reader.summaries() if objectives.are_several else {}
    runs = [run for run in reader.runs() if run.state.has_ended]
    spec = spec_of(sweep)
    params = [_dotted_params(run, spec) for run in runs]
    seen: dict[str, list[Any]] = {}
    for run_params in params:
        for name, value in run_params.items():
            seen.setdefault(name, []).append(value)
    distributions = distributions_of(spec, seen)
    starts, infos = reader.start_times(), reader.infos()
    curves = reader.history([metric.name], points=None)
    trials = [
        _trial(
            number,
            run,
            {name: value for name, value in params[number].items() if name in distributions},
            distributions,
            started=starts.get(run.id) or run.created,
            name=infos.get(run.id, {}).get("name") or run.id,
            curve=None if objectives.are_several else curves.get(run.id, {}).get(metric.name),
            values=objectives.values(flatten_keys(summaries.get(run.id, {})))
            if objectives.are_several
            else None
            if run.value is None
            else (run.value,),
        )
        for number, run in enumerate(runs)
    ]
    with silence_optuna():
        study = optuna.create_study(
            study_name=sweep.name,
            directions=[
                "maximize" if each.maximize else "minimize" for each in objectives.metrics
            ],
        )
        study.set_metric_names([each.name for each in objectives.metrics])
        for key, value in _study_attributes(sweep, spec, distributions).items():
            study.set_user_attr(key, value)
        study.add_trials(trials)
    return study


def spec_of(sweep: SweepRecord) -> Spec:
    """Return the sweep config; one chosen by W&B may contain more than our own search supports."""
    return load_lenient(sweep.spec) if sweep.mode == "online" else load(sweep.spec)


@contextmanager
def silence_optuna() -> Iterator[None]:
    """Suppress Optuna's messages and warnings that do not concern users of sweeps."""
    verbosity = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            yield
    finally:
        optuna.logging.set_verbosity(verbosity)


def _trial(
    number: int,
    run: RunRecord,
    params: Mapping[str, Any],
    distributions: Mapping[str, ParameterDistribution],
    *,
    started: float,
    name: str,
    curve: Curve | None,
    values: Sequence[float] | None,
) -> FrozenTrial:
    state = _state(run, values)
    return FrozenTrial(
        number=number,
        trial_id=number,
        state=state,
        value=None,
        values=None if state is TrialState.FAIL else values,
        datetime_start=datetime.fromtimestamp(started),  # noqa: DTZ006 - Optuna's are also local
        datetime_complete=datetime.fromtimestamp(run.ended or started),  # noqa: DTZ006 - as above
        params={key: distributions[key].value(value) for key, value in params.items()},
        distributions={key: distributions[key].distribution for key in params},
        user_attrs={
            "run": run.id,
            "name": name,
            "number": run.number,
            "attempt": run.attempt,
            "state": run.state.value,
            "cause": run.cause,
        },
        system_attrs={},
        intermediate_values={} if curve is None else _downsample(curve),
    )


def _state(run: RunRecord, values: Sequence[float] | None) -> TrialState:
    """Return Optuna's state: a run that was stopped but has a value counts as complete."""
    if run.state is RunState.PRUNED:
        return TrialState.PRUNED
    if run.state in (RunState.FINISHED, RunState.STOPPED) and values is not None:
        return TrialState.COMPLETE
    return TrialState.FAIL


def _downsample(curve: Curve) -> dict[int, float]:
    """Return evenly spaced points of a curve, the last one included."""
    kept = downsample(range(len(curve.steps)), POINTS)
    points = zip(curve.steps[kept].tolist(), curve.lows[kept].tolist(), strict=True)
    return {step: value for step, value in points if math.isfinite(value)}


def _dotted_params(run: RunRecord, spec: Spec) -> dict[str, Any]:
    return {".".join(path): each for path, each in flatten(run.params, spec.parameters).items()}


def _study_attributes(
    sweep: SweepRecord, spec: Spec, distributions: Mapping[str, ParameterDistribution]
) -> dict[str, Any]:
    constants = {
        ".".join(path): distribution.sample(0.5)
        for path, distribution in spec.leaves.items()
        if ".".join(path) not in distributions
    }
    return {
        "sweep": sweep.id,
        "project": sweep.project,
        "url": sweep.url,
        "method": spec.method,
        "constants": flatten_keys(constants),
    }
