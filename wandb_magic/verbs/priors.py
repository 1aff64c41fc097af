"""What a new sweep learns from: the runs of another one, or the trials of an Optuna study."""

from __future__ import annotations

import contextlib
import math
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wandb_magic.errors import StoreError, SweepError, SweepStateError
from wandb_magic.paths import SweepPaths, SyncPaths
from wandb_magic.spec import Spec, load
from wandb_magic.sync.state import read, sent
from wandb_magic.verbs.locating import locate, readable
from wandb_magic.verbs.results import Results

if TYPE_CHECKING:
    from wandb_magic.analysis.study import Study
    from wandb_magic.verbs.settings import Prior


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

    opened = study_priors.opened(Path(study)) if isinstance(study, (str, os.PathLike)) else study
    spec = None if config is None else load(config)
    return list(study_priors.priors_from(opened, spec).priors)


def priors_of(prior: Prior, spec: Spec) -> tuple[tuple[dict[str, Any], ...], str]:
    """Return parameters and objective of each run to learn from, and what is to be said of them.

    Raises
    ------
    SweepNotFoundError
        If there is no such sweep.
    SweepStateError
        If there is nothing to learn from it.
    """
    if _is_study(prior):
        return _of_study(prior, spec)
    if isinstance(prior, (str, Results)):
        return _of_sweep(prior), ""
    return _checked(prior), ""


def _is_study(prior: object) -> bool:
    if isinstance(prior, os.PathLike):
        return True
    if isinstance(prior, str):
        return Path(prior).expanduser().is_file()
    optuna = sys.modules.get("optuna")  # who has a study has it
    return optuna is not None and isinstance(prior, optuna.Study)


def _of_study(prior: Any, spec: Spec) -> tuple[tuple[dict[str, Any], ...], str]:  # noqa: ANN401 - Optuna's, or a path
    from wandb_magic.analysis import study_priors  # noqa: PLC0415 - imports Optuna

    study = study_priors.opened(Path(prior)) if isinstance(prior, (str, os.PathLike)) else prior
    found = study_priors.priors_from(study, spec)
    if not found.priors:
        raise SweepStateError(
            f"prior: none of the {found.left_out} finished trials of study {study.study_name!r} "
            "fits the parameters of the sweep: its names are the dotted names of the parameters"
        )
    notice = (
        f"{found.left_out} of {found.left_out + len(found.priors)} finished trials of the study "
        "do not fit the parameters, and are left out"
    )
    return found.priors, notice if found.left_out else ""


def _of_sweep(sweep: str | Results) -> tuple[dict[str, Any], ...]:
    handle = _results(sweep)
    found = tuple(
        {"params": dict(run.params), "value": run.value}
        for run in handle.records()
        if run.value is not None
    )
    if not found:
        raise SweepStateError(f"sweep {handle.id} has no run with a value to learn from")
    return found


def _results(sweep: str | Results) -> Results:
    return Results(locate(sweep)[0]) if isinstance(sweep, str) else sweep


def priors_of_runs(runs: Sequence[str], spec: Spec) -> tuple[tuple[dict[str, Any], ...], str]:
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
    wanted = [run.rpartition("/")[2] for run in runs]
    found: dict[str, dict[str, Any]] = {}
    for sweep in readable():
        with contextlib.suppress(StoreError):
            found |= {
                run.id: {"params": dict(run.params), "value": run.value}
                for run in sweep.records()
                if run.id in wanted and run.value is not None
            }
    unknown = ", ".join(run for run in wanted if run not in found)
    notice = f"prior_runs: this machine knows no run with a value under {unknown}: left out"
    return tuple(found.values()), notice if unknown else ""


def _checked(priors: Any) -> tuple[dict[str, Any], ...]:  # noqa: ANN401 - whatever was given
    """Return priors that somebody made; `from_study` returns such."""
    known = isinstance(priors, Sequence) and all(
        isinstance(each, Mapping)
        and isinstance(each.get("params"), Mapping)
        and isinstance(each.get("value"), (int, float))
        and math.isfinite(each["value"])
        for each in priors
    )
    if not known or not priors:
        raise SweepError(
            "prior: give a sweep, an Optuna study or its file, or a list of mappings with params "
            f"and a finite value, as from_study returns; this is a {type(priors).__name__}"
        )
    return tuple(
        {"params": dict(each["params"]), "value": float(each["value"])} for each in priors
    )


def prior_runs_of(sweep: Prior, project: str) -> tuple[str, ...]:
    """Return the ids under which W&B has the runs of a sweep, for an online sweep in `project`.

    Raises
    ------
    SweepNotFoundError
        If there is no such sweep.
    SweepStateError
        If it is not at W&B, or in another project: W&B learns from runs of the same one only.
    """
    if _is_study(sweep) or not isinstance(sweep, (str, Results)):
        raise SweepStateError(
            "prior: W&B learns from runs that are at W&B, not from an Optuna study: use "
            "--mode offline"
        )
    handle = _results(sweep)
    record = handle.status().sweep
    there = handle.url is not None
    if record.mode == "online":
        home, found = record.project, tuple(run.id for run in handle.records())
    else:
        synced = SweepPaths(handle.path).sync
        home, found = project_of(synced), tuple(sent(synced)) if there else ()
    if not found:
        raise SweepStateError(
            f"prior: sweep {handle.id} has no run at W&B: send it there with "
            f"%wandb_sweep sync {handle.id}, or use --mode offline"
        )
    if home != project:
        raise SweepStateError(
            f"prior: the runs of sweep {handle.id} are in the project {home!r}, and W&B learns "
            f"from runs of the same project only: use --project {home}"
        )
    return found


def project_of(synced: SyncPaths) -> str:
    """Return the project to which a sweep was sent, "" if it was not."""
    state = read(synced)
    return "" if state is None else state.target.project
