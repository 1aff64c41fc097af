"""The schemas of the WebSocket's messages: the client's open topics, and the server's messages."""

from __future__ import annotations

from typing import Literal, TypedDict

from wandb_magic.server.schemas import (
    Axis,
    Curve,
    Keys,
    LogPage,
    RunDetail,
    RunsPage,
    Stream,
    SweepSummary,
    Unreadable,
)


class SweepsTopic(TypedDict):
    """Changes of all sweeps."""

    topic: Literal["sweeps"]


class RunsTopic(TypedDict):
    """The runs of a sweep that change after the cursor `mark`, and its keys."""

    topic: Literal["runs"]
    sweep: str
    mark: str


class CurvesTopic(TypedDict):
    """Growing curves of some runs."""

    topic: Literal["curves"]
    sweep: str
    stream: Stream
    keys: list[str]
    runs: list[str]
    axis: Axis


class RunTopic(TypedDict):
    """The details of one run."""

    topic: Literal["run"]
    sweep: str
    run: str


class LogTopic(TypedDict):
    """The end of one run's output."""

    topic: Literal["log"]
    sweep: str
    run: str


Topic = SweepsTopic | RunsTopic | CurvesTopic | RunTopic | LogTopic


class Open(TypedDict):
    """From the client: all open topics, by names that it chooses; replaces earlier messages."""

    open: dict[str, Topic]


class SweepsMessage(TypedDict):
    """Changed sweeps, and ids of those that no longer exist; `whole` if these are all sweeps."""

    kind: Literal["sweeps"]
    to: str
    whole: bool
    changed: list[SweepSummary]
    unreadable: list[Unreadable]
    gone: list[str]


class RunsMessage(TypedDict):
    """Changed runs; `keys` if the keys have changed."""

    kind: Literal["runs"]
    to: str
    page: RunsPage
    keys: Keys | None


class CurvesMessage(TypedDict):
    """Curves that have grown."""

    kind: Literal["curves"]
    to: str
    curves: list[Curve]


class RunMessage(TypedDict):
    """Changed details of a run."""

    kind: Literal["run"]
    to: str
    run: RunDetail
    media: int


class LogMessage(TypedDict):
    """The last lines of an output that has grown."""

    kind: Literal["log"]
    to: str
    page: LogPage


class ProblemMessage(TypedDict):
    """The reason why a topic cannot be read at the moment."""

    kind: Literal["problem"]
    to: str
    message: str


Message = SweepsMessage | RunsMessage | CurvesMessage | RunMessage | LogMessage | ProblemMessage


class Frame(TypedDict):
    """From the server: a message batch; batches are numbered from 1 without gaps."""

    seq: int
    messages: list[Message]
