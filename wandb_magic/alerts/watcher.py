"""Watches a sweep, and finds which of its rules apply."""

from __future__ import annotations

from collections.abc import Iterator

from wandb_magic.alert_rules import ALERT_PREFIX, AlertRule
from wandb_magic.analysis.escape_sequences import plain_line
from wandb_magic.analysis.report.redaction import redact
from wandb_magic.api._quiet import quiet_runs
from wandb_magic.api._status import Status
from wandb_magic.nonfinite import finite_or_none
from wandb_magic.paths import SweepPaths
from wandb_magic.records import RunState, SweepState
from wandb_magic.store import StoreReader

_MAX_TEXT = 500


def applying(
    rules: tuple[AlertRule, ...], status: Status, reader: StoreReader, paths: SweepPaths
) -> Iterator[tuple[str, str]]:
    """Yield a key and a text for each alert that the sweep's present state calls for.

    Each key stands for one alert, however often it is found.
    """
    for rule in rules:
        if rule.what == "alert":
            for notice in status.sweep.notices:
                if notice.startswith(ALERT_PREFIX):
                    yield notice, _line(notice)
        elif rule.what == "ended":
            yield from _end(status)
        elif rule.what == "quiet":
            if status.sweep.state is SweepState.RUNNING:
                for run in quiet_runs(reader, paths, rule.bound):
                    yield f"{rule.text}: run {run.number}", str(run)
        elif rule.applies(value := _value(rule.what, status)):
            yield rule.text, f"{rule.text}: {rule.what} is {value:.6g}"


def _value(what: str, status: Status) -> float | None:
    if what == "best":
        return None if status.best is None else finite_or_none(status.best.value)
    if what == "failed":
        return status.failed
    return status.counts.get(RunState(what), 0)


def _end(status: Status) -> Iterator[tuple[str, str]]:
    sweep = status.sweep
    if sweep.state.has_ended and sweep.ended is not None:
        cause = f" ({sweep.cause})" if sweep.cause else ""
        yield f"ended at {sweep.ended:.3f}", _line(f"{sweep.state.value}{cause}")


def _line(text: str) -> str:
    return plain_line(redact(text[: 4 * _MAX_TEXT]))[:_MAX_TEXT]
