"""Records of what a run logged, independent of wandb's own record types.

`wandb_log` creates these from a transaction log, `store` saves them; neither imports the other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class HistoryRecord:
    """One logged step.

    Attributes
    ----------
    step
        W&B's step.
    time
        Seconds since the epoch, or None if the log does not have it.
    scalars
        Numbers by dotted key; NaN and infinities are kept.
    media
        Everything else by dotted key, as W&B's JSON: images, tables, histograms, strings, …
    """

    step: int
    time: float | None
    scalars: Mapping[str, float]
    media: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class SummaryRecord:
    """Changes to the summary: values (JSON) by dotted key, and keys that were removed."""

    update: Mapping[str, Any]
    remove: tuple[str, ...] = ()


@dataclass(frozen=True)
class ConfigRecord:
    """Changes to the config: values (JSON) by dotted key, and keys that were removed."""

    update: Mapping[str, Any]
    remove: tuple[str, ...] = ()


@dataclass(frozen=True)
class ChartRecord:
    """How W&B draws a table that the run logs, as defined by ``wandb.plot``.

    Attributes
    ----------
    table
        The key under which the table is logged.
    key
        The key under which the chart is logged.
    kind
        W&B's name of the chart's definition, as ``wandb/line/v0``.
    fields
        The table's column for each field of the definition.
    texts
        The string for each string setting of the definition, such as the title.
    """

    table: str
    key: str
    kind: str
    fields: Mapping[str, str]
    texts: Mapping[str, str]


@dataclass(frozen=True)
class SystemRecord:
    """One sample of system metrics (CPU, memory, GPU, …) by wandb's own key, at a time."""

    time: float
    values: Mapping[str, float]


@dataclass(frozen=True)
class FilesRecord:
    """Files that the run saved, relative to its ``files/`` folder."""

    paths: tuple[str, ...]


@dataclass(frozen=True)
class ArtifactRecord:
    """An artifact that the run logged (`used` False) or used (True)."""

    name: str
    type: str
    aliases: tuple[str, ...]
    used: bool
    metadata: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class AlertRecord:
    """What the run passed to ``run.alert``."""

    title: str
    text: str


@dataclass(frozen=True)
class InfoRecord:
    """What W&B shows in the header of a run: name, project, group, tags, notes, host, commit."""

    name: str
    project: str
    group: str
    job_type: str
    tags: tuple[str, ...]
    notes: str
    host: str
    git_commit: str
    start_time: float


@dataclass(frozen=True)
class ExitRecord:
    """The run's own exit record: its code and run time in seconds."""

    code: int
    runtime: float


@dataclass(frozen=True)
class OmittedRecord:
    """Something that the run logged and that is left out, since the store cannot represent it.

    Attributes
    ----------
    key
        The dotted key of the value; "" if it is a whole record.
    reason
        Why, as the rest of a sentence.
    """

    key: str
    reason: str


@dataclass(frozen=True)
class OverwriteRecord:
    """A later ``wandb.init`` of the run started over, which overwrites what was logged before."""


LogRecord = (
    HistoryRecord
    | SummaryRecord
    | ConfigRecord
    | ChartRecord
    | SystemRecord
    | FilesRecord
    | ArtifactRecord
    | InfoRecord
    | ExitRecord
    | OmittedRecord
    | OverwriteRecord
    | AlertRecord
)
