"""What a new sweep learns from: the runs of another one, or the trials of an Optuna study."""

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
    """Return the finished trials of an Optuna study as priors: ``start(…, prior=…)`` takes them.

    Parameters
    ----------
    study
        The study, or its file: a journal or an SQLite database with one study.
    config
        The config of the sweep that is to learn from it. Its parameters are found by their dotted
        names, and trials that do not fit are left out. Without it, all are returned.

    Returns
    -------
    list of dict
        ``params`` and ``value`` of each, in order.

    Raises
    ------
    SweepStateError
        If the study has several objectives or another direction than the sweep, or the file holds
        no study.
    """
    from wandb_magic.analysis import study_priors  # noqa: PLC0415 - imports Optuna

    opened = (
        study_priors.load_study(Path(study)) if isinstance(study, (str, os.PathLike)) else study
    )
    spec = None if config is None else load(config)
    return list(study_priors.priors_from(opened, spec).priors)


def resolve_priors(prior: Prior, spec: Spec) -> tuple[tuple[dict[str, Any], ...], str]:
    """Return parameters and objective of each run to learn from, and what is to be said of them.

    Raises
    ------
    SweepNotFoundError
        If there is no such sweep.
    SweepStateError
        If there is nothing to learn from it.
    """
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
    optuna = sys.modules.get("optuna")  # who has a study has it
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
            "fits the parameters of the sweep: its names are the dotted names of the parameters"
        )
    notice = (
        f"{match.left_out} of {match.left_out + len(match.priors)} finished trials of the study "
        "do not fit the parameters, and are left out"
    )
    return match.priors, notice if match.left_out else ""


def _priors_from_sweep(sweep: str | SweepReader) -> tuple[dict[str, Any], ...]:
    handle = _results(sweep)
    priors = tuple(
        {"params": dict(run.params), "value": run.value}
        for run in handle.records()
        if run.value is not None
    )
    if not priors:
        raise SweepStateError(f"sweep {handle.id} has no run with a value to learn from")
    return priors


def _results(sweep: str | SweepReader) -> SweepReader:
    return SweepReader(locate(sweep)[0]) if isinstance(sweep, str) else sweep


def priors_from_runs(runs: Sequence[str], spec: Spec) -> tuple[tuple[dict[str, Any], ...], str]:
    """Return parameters and objective of runs of any sweep here, and what is to be said of them.

    Parameters
    ----------
    runs
        The ids of the runs.
    spec
        The config of the sweep that is to learn from them.
    """
    if spec.method != "bayes":
        return (), f"prior_runs: ignored: {spec.method} search does not learn from runs"
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


def _validate_priors(priors: Any) -> tuple[dict[str, Any], ...]:  # noqa: ANN401 - whatever was given
    """Return priors that somebody made; `from_study` returns such."""
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
    handle = _results(sweep)
    record = handle.status().sweep
    is_synced = handle.url is not None
    if record.mode == "online":
        home, run_ids = record.project, tuple(run.id for run in handle.records())
    else:
        synced = SweepPaths(handle.path).sync
        home, run_ids = synced_project(synced), tuple(sent(synced)) if is_synced else ()
    if not run_ids:
        raise SweepStateError(
            f"prior: sweep {handle.id} has no run at W&B: send it there with "
            f"%wandb_sweep sync {handle.id}, or use --mode offline"
        )
    if home != project:
        raise SweepStateError(
            f"prior: the runs of sweep {handle.id} are in the project {home!r}, and W&B learns "
            f"from runs of the same project only: use --project {home}"
        )
    return run_ids


def synced_project(synced: SyncPaths) -> str:
    """Return the project to which a sweep was sent, "" if it was not."""
    state = read(synced)
    return "" if state is None else state.target.project
