"""Computes from the earlier logs of a run where a later ``wandb.init`` has to continue.

For online runs, W&B's server has this state. For offline runs, the logs are read in full, once.
Damaged records are skipped, as everywhere.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from wandb_magic.records import INTERNAL_KEY
from wandb_magic.wandb_log import protobuf_schema
from wandb_magic.wandb_log.record_reader import RecordReader


@dataclass
class ResumeState:
    """The state of a run at its end.

    Attributes
    ----------
    has_begun
        Whether the logs have a record of the run.
    next_step
        The step after the last one that was logged.
    runtime
        The run time so far, in seconds.
    summary, config
        JSON values by top-level key, without W&B's own keys.
    """

    has_begun: bool = False
    next_step: int = 0
    runtime: float = 0.0
    summary: dict[str, Any] = field(default_factory=dict)
    config: dict[str, Any] = field(default_factory=dict)

    def apply(self, raw: bytes) -> None:
        """Apply one record.

        Raises
        ------
        wandb_magic.wandb_log.protobuf_schema.DecodeError, ValueError
            If `raw` is not a protobuf message, or a value in it is not JSON.
        """
        record = protobuf_schema.parse_record(raw)
        kind = record.WhichOneof("record_type")
        if kind == "run":
            self.has_begun = True
            _apply_change(self.config, record.run.config)
        elif kind == "config":
            _apply_change(self.config, record.config)
        elif kind == "summary":
            _apply_change(self.summary, record.summary)
        elif kind == "history":
            self._take_step(record.history)

    def _take_step(self, history: protobuf_schema.Message) -> None:
        values = {_path(item): json.loads(item.value_json) for item in history.item}
        for path, value in values.items():
            _set(self.summary, path, value)
        step = values.get(("_step",), history.step.num)
        self.next_step = max(self.next_step, int(step) + 1)
        self.runtime = float(self.summary.get("_runtime", self.runtime))


def read_resume_state(directories: Iterable[Path]) -> ResumeState:
    """Read the logs of W&B's run folders, in the given order of their creation."""
    state = ResumeState()
    for directory in directories:
        for record in _records(directory):
            with suppress(protobuf_schema.DecodeError, ValueError):
                state.apply(record)
    return state


def _records(directory: Path) -> Iterator[bytes]:
    log = next(directory.glob("run-*.wandb"), None)
    if log is None:
        return
    descriptor = os.open(log, os.O_RDONLY | os.O_CLOEXEC)
    try:
        yield from RecordReader(descriptor).read()
    finally:
        os.close(descriptor)


def _apply_change(document: dict[str, Any], record: protobuf_schema.Message) -> None:
    for item in record.remove:
        _remove(document, _path(item))
    for item in record.update:
        _set(document, _path(item), json.loads(item.value_json))


def _path(item: protobuf_schema.Message) -> tuple[str, ...]:
    return tuple(item.nested_key) or (item.key,)


def _set(document: dict[str, Any], path: tuple[str, ...], value: Any) -> None:  # noqa: ANN401 - any JSON value
    if path[0] == INTERNAL_KEY:
        return
    for part in path[:-1]:
        inner = document.get(part)
        if not isinstance(inner, dict):
            inner = document[part] = {}
        document = inner
    document[path[-1]] = value


def _remove(document: dict[str, Any], path: tuple[str, ...]) -> None:
    for part in path[:-1]:
        inner = document.get(part)
        if not isinstance(inner, dict):
            return
        document = inner
    document.pop(path[-1], None)
