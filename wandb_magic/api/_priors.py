"""Priors of a new sweep: the runs of another sweep, or the trials of an Optuna study."""

from __future__ import annotations

import contextlib
import math
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wandb_magic.api._locate import locate, readable
from wandb_magic.api._reader import SweepReader
from wandb_magic.errors import StoreError, SweepError, SweepStateError
from wandb_magic.paths import SweepPaths, SyncPaths
from wandb_magic.spec import Spec, load
from wandb_magic.sync.state import read, sent

if TYPE_CHECKING:
    from wandb_magic.analysis.study import Study
    from wandb_magic.api._options import Prior


def from_study(
    study: Study | str | os.PathLike[str],
    config: Mapping[str, Any] | str | os.PathLike[str] | None = None,
) -> list[dict[str, Any]]:
    """Return the finished trials of an Optuna study as priors, for ``start(…, prior=…)``.

    Parameters
    ----------
    study
        The study, or its file: a journal or an SQLite database with one study.
    config
        The config of the sweep that will learn from it. Its parameters are matched by their dotted
        names, and trials that do not fit are omitted. Without it, all trials are returned.

    Returns
    -------
    list of dict
        ``params`` and ``value`` of each trial, in order.

    Raises
    ------
    SweepStateError
        If the study has several objectives or another direction than the sweep, or the file does
        not hold a study.
    """
    from wandb_magic.analysis import study_priors  # noqa: PLC0415 - imports Optuna

    loaded = (
        study_priors.load_study(Path(study)) if isinstance(study, (str, os.PathLike)) else study
    )
    spec = None if config is None else load(config)
    return list(study_priors.priors_from(loaded, spec).priors)


def resolve_priors(prior: Prior, spec: Spec) -> tuple[tuple[dict[str, Any], ...], str]:
    """Return the parameters and objective of each run to learn from, and a notice about them.

    Raises
    ------
    SweepNotFoundError
        If there is no such sweep.
    SweepStateError
        If there is nothing to learn from it.
    """
    if spec.result_keys:
        raise SweepStateError(
            "prior: a sweep with several metrics or with constraints learns from its own runs "
            "only: leave the prior out"
        )
    if _is_study(prior):
        return _priors_from_study(prior, spec)
    if isinstance(prior, (str, SweepReader)):
        return _priors_from_sweep(prior), ""
    return _validate_priors(prior), ""


def _is_study(prior: object) -> bool:
    if isinstance(prior, os.PathLike):
        return True
    if isinstance(prior, str):
        return Path(prior).expanduser().is_file()
    optuna = sys.modules.get("optuna")  # whoever has a study has imported it
    return optuna is not None and isinstance(prior, optuna.Study)


def _priors_from_study(prior: Any, spec: Spec) -> tuple[tuple[dict[str, Any], ...], str]:  # noqa: ANN401 - Optuna's, or a path
    from wandb_magic.analysis import study_priors  # noqa: PLC0415 - imports Optuna

    study = (
        study_priors.load_study(Path(prior)) if isinstance(prior, (str, os.PathLike)) else prior
    )
    match = study_priors.priors_from(study, spec)
    if not match.priors:
        raise SweepStateError(
            f"prior: none of the {match.left_out} finished trials of study {study.study_name!r} "
            "fits the parameters of the sweep: name the study's parameters by their dotted names"
        )
    notice = (
        f"{match.left_out} of {match.left_out + len(match.priors)} finished trials of the study "
        "do not fit the parameters, and are ignored"
    )
    return match.priors, notice if match.left_out else ""


def _priors_from_sweep(sweep: str | SweepReader) -> tuple[dict[str, Any], ...]:
    sweep_reader = _open_reader(sweep)
    priors = tuple(
        {"params": dict(run.params), "value": run.value}
        for run in sweep_reader.records()
        if run.value is not None
    )
    if not priors:
        raise SweepStateError(f"sweep {sweep_reader.id} has no run with a value to learn from")
    return priors


def _open_reader(sweep: str | SweepReader) -> SweepReader:
    return SweepReader(locate(sweep)[0]) if isinstance(sweep, str) else sweep


def priors_from_runs(runs: Sequence[str], spec: Spec) -> tuple[tuple[dict[str, Any], ...], str]:
    """Return the parameters and objective of runs of this machine's sweeps, and a notice.

    Parameters
    ----------
    runs
        The ids of the runs.
    spec
        The config of the sweep that will learn from them.
    """
    if spec.method != "bayes":
        return (), f"prior_runs: ignored: {spec.method} search does not learn from runs"
    if spec.result_keys:
        return (), "prior_runs: ignored: with several metrics or constraints, only own runs count"
    run_ids = [run.rpartition("/")[2] for run in runs]
    priors: dict[str, dict[str, Any]] = {}
    for sweep in readable():
        with contextlib.suppress(StoreError):
            priors |= {
                run.id: {"params": dict(run.params), "value": run.value}
                for run in sweep.records()
                if run.id in run_ids and run.value is not None
            }
    unknown = ", ".join(run for run in run_ids if run not in priors)
    notice = f"prior_runs: this machine knows no run with a value under {unknown}: left out"
    return tuple(priors.values()), notice if unknown else ""


def _validate_priors(priors: Any) -> tuple[dict[str, Any], ...]:  # noqa: ANN401 - any value
    """Return priors in the form that `from_study` returns."""
    is_valid = isinstance(priors, Sequence) and all(
        isinstance(each, Mapping)
        and isinstance(each.get("params"), Mapping)
        and isinstance(each.get("value"), (int, float))
        and math.isfinite(each["value"])
        for each in priors
    )
    if not is_valid or not priors:
        raise SweepError(
            "prior: give a sweep, an Optuna study or its file, or a list of mappings with params "
            f"and a finite value, as from_study returns; this is a {type(priors).__name__}"
        )
    return tuple(
        {"params": dict(each["params"]), "value": float(each["value"])} for each in priors
    )


def remote_run_ids(sweep: Prior, project: str) -> tuple[str, ...]:
    """Return the ids under which W&B has the runs of a sweep, for an online sweep in `project`.

    Raises
    ------
    SweepNotFoundError
        If there is no such sweep.
    SweepStateError
        If it is not at W&B, or in another project: W&B learns from runs of the same one only.
    """
    if _is_study(sweep) or not isinstance(sweep, (str, SweepReader)):
        raise SweepStateError(
            "prior: W&B learns from runs that are at W&B, not from an Optuna study: use "
            "--mode offline"
        )
    sweep_reader = _open_reader(sweep)
    record = sweep_reader.status().sweep
    is_synced = sweep_reader.url is not None
    if record.mode == "online":
        sweep_project, run_ids = record.project, tuple(run.id for run in sweep_reader.records())
    else:
        synced = SweepPaths(sweep_reader.path).sync
        sweep_project, run_ids = synced_project(synced), tuple(sent(synced)) if is_synced else ()
    if not run_ids:
        raise SweepStateError(
            f"prior: sweep {sweep_reader.id} has no run at W&B: send it there with "
            f"%wandb_sweep sync {sweep_reader.id}, or use --mode offline"
        )
    if sweep_project != project:
        raise SweepStateError(
            f"prior: the runs of sweep {sweep_reader.id} are in the project {sweep_project!r}, "
            "and W&B learns only from runs of the same project: use --project "
            f"{sweep_project}"
        )
    return run_ids


def synced_project(synced: SyncPaths) -> str:
    """Return the project to which a sweep was sent, "" if it was not."""
    state = read(synced)
    return "" if state is None else state.target.project
