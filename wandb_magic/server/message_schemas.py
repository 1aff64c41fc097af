"""What goes over the page's WebSocket: what the page has open, and the messages that follow it."""

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
    """All sweeps, as they change."""

    topic: Literal["sweeps"]


class RunsTopic(TypedDict):
    """The runs of a sweep that change after `mark`, and its keys."""

    topic: Literal["runs"]
    sweep: str
    mark: str


class CurvesTopic(TypedDict):
    """Curves of some runs, as they grow."""

    topic: Literal["curves"]
    sweep: str
    stream: Stream
    keys: list[str]
    runs: list[str]
    axis: Axis


class RunTopic(TypedDict):
    """One run's page."""

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
    """From the page: all that it has open, by its own names; replaces what it said before."""

    open: dict[str, Topic]


class SweepsMessage(TypedDict):
    """Sweeps that have changed, and ids of those that are gone; `whole` if these are all."""

    kind: Literal["sweeps"]
    to: str
    whole: bool
    changed: list[SweepSummary]
    unreadable: list[Unreadable]
    gone: list[str]


class RunsMessage(TypedDict):
    """Runs that have changed; `keys` if those have."""

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
    """A run's page that has changed."""

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
    """Why a topic cannot be followed (any more)."""

    kind: Literal["problem"]
    to: str
    message: str


Message = SweepsMessage | RunsMessage | CurvesMessage | RunMessage | LogMessage | ProblemMessage


class Frame(TypedDict):
    """From the server: some messages; frames are numbered from 1 without a gap."""

    seq: int
    messages: list[Message]
