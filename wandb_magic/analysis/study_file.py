"""Writes a study to a file that optuna-dashboard opens.

Optuna's own function for copying a study locks and syncs its file for every trial, or queries the
database again for each number in one: minutes for what takes a second here. An existing file is
never appended to.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import optuna
from optuna.distributions import BaseDistribution, distribution_to_json
from optuna.storages import JournalStorage, RDBStorage
from optuna.storages.journal import BaseJournalBackend, JournalFileBackend
from optuna.trial import FrozenTrial

from wandb_magic.analysis.study import silence_optuna
from wandb_magic.errors import SweepError
from wandb_magic.records import new_id

SQLITE = frozenset({".db", ".sqlite", ".sqlite3"})


def export(study: optuna.Study, path: Path, *, overwrite: bool = False) -> Path:
    """Write a study into a new file, and return its absolute path.

    Parameters
    ----------
    study
        A study with one objective.
    path
        The file. Its suffix determines the format: ``.db``, ``.sqlite`` and ``.sqlite3`` are
        SQLite databases; anything else is a journal, which is smaller and faster to write.
    overwrite
        Whether to replace an existing file.

    Raises
    ------
    SweepError
        If the file already exists, or cannot be written.
    """
    path = path.expanduser().absolute()
    if path.is_dir() or (path.exists() and not overwrite):
        what = "is a folder" if path.is_dir() else "already exists"
        remedy = "" if path.is_dir() else ", or overwrite it (overwrite=True, --overwrite)"
        raise SweepError(f"{path} {what}: name another file{remedy}")
    staging = path.with_name(f".{new_id()}{path.suffix}")
    write = _write_database if path.suffix.lower() in SQLITE else _write_journal
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with silence_optuna():
            write(study, staging)
        staging.replace(path)
    except OSError as error:
        raise SweepError(f"{path} cannot be written: {error.strerror or error}") from error
    finally:
        with suppress(OSError):
            staging.unlink()
    return path


def dashboard_command(path: Path) -> str:
    """Return the command that opens an exported study."""
    database = path.suffix.lower() in SQLITE
    return f"optuna-dashboard {shlex.quote(f'sqlite:///{path}' if database else str(path))}"


class _MemoryJournal(BaseJournalBackend):
    """A journal in memory, so that it can be written in one operation."""

    def __init__(self) -> None:
        self.lines: list[dict[str, Any]] = []

    def read_logs(self, log_number_from: int) -> Iterable[dict[str, Any]]:
        return self.lines[log_number_from:]

    def append_logs(self, logs: list[dict[str, Any]]) -> None:
        self.lines += logs


def _write_journal(study: optuna.Study, path: Path) -> None:
    journal = _MemoryJournal()
    _empty_study(study, JournalStorage(journal)).add_trials(study.get_trials(deepcopy=False))
    JournalFileBackend(str(path)).append_logs(journal.lines)


def _write_database(study: optuna.Study, path: Path) -> None:
    # Optuna has no public way to add trials in bulk. A test reads back what this writes.
    from optuna.storages._rdb import models  # noqa: PLC0415 - imports SQLAlchemy
    from sqlalchemy import insert  # noqa: PLC0415 - as above
    from sqlalchemy.orm import Session  # noqa: PLC0415 - as above

    storage = RDBStorage(f"sqlite:///{path}")
    try:
        copy = _empty_study(study, storage)
        trials = study.get_trials(deepcopy=False)
        with Session(storage.engine) as session:
            session.add_all(
                models.TrialModel(
                    trial_id=trial.number + 1,
                    study_id=copy._study_id,  # noqa: SLF001 - as above
                    number=trial.number,
                    state=trial.state,
                    datetime_start=trial.datetime_start,
                    datetime_complete=trial.datetime_complete,
                )
                for trial in trials
            )
            session.flush()
            for model, rows in _rows(models, trials):
                if rows:
                    session.execute(insert(model), rows)
            session.commit()
    finally:
        storage.remove_session()
        storage.engine.dispose()


def _rows(models: Any, trials: list[FrozenTrial]) -> Iterator[tuple[Any, list[dict[str, Any]]]]:  # noqa: ANN401 - a module
    value = models.TrialValueModel.value_to_stored_repr
    intermediate = models.TrialIntermediateValueModel.intermediate_value_to_stored_repr
    distributions_json: dict[
        tuple[str, BaseDistribution], str
    ] = {}  # each is converted to JSON once
    for trial in trials:
        for item in trial.distributions.items():
            if item not in distributions_json:
                distributions_json[item] = distribution_to_json(item[1])

    def trial_id(trial: FrozenTrial) -> dict[str, int]:
        return {"trial_id": trial.number + 1}

    yield (
        models.TrialValueModel,
        [
            trial_id(trial) | {"objective": 0, "value": stored[0], "value_type": stored[1]}
            for trial in trials
            if trial.value is not None
            for stored in [value(trial.value)]
        ],
    )
    yield (
        models.TrialParamModel,
        [
            trial_id(trial)
            | {
                "param_name": name,
                "param_value": kind.to_internal_repr(trial.params[name]),
                "distribution_json": distributions_json[name, kind],
            }
            for trial in trials
            for name, kind in trial.distributions.items()
        ],
    )
    yield (
        models.TrialUserAttributeModel,
        [
            trial_id(trial) | {"key": key, "value_json": json.dumps(attribute)}
            for trial in trials
            for key, attribute in trial.user_attrs.items()
        ],
    )
    yield (
        models.TrialIntermediateValueModel,
        [
            trial_id(trial)
            | {
                "step": step,
                "intermediate_value": stored[0],
                "intermediate_value_type": stored[1],
            }
            for trial in trials
            for step, number in trial.intermediate_values.items()
            for stored in [intermediate(number)]
        ],
    )


def _empty_study(study: optuna.Study, storage: optuna.storages.BaseStorage) -> optuna.Study:
    """Return a copy of the study in `storage`, without its trials."""
    copy = optuna.create_study(
        storage=storage, study_name=study.study_name, direction=study.direction
    )
    if study.metric_names:
        copy.set_metric_names(study.metric_names)
    for key, attribute in study.user_attrs.items():
        copy.set_user_attr(key, attribute)
    return copy
