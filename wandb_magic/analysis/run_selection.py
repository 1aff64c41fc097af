"""Selects the runs of a sweep with a query."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from wandb_magic.query import QueryRun, parse_query
from wandb_magic.records import RunRecord, SweepRecord, sweep_constraints, sweep_metrics
from wandb_magic.store import StoreReader


@dataclass(frozen=True)
class RunSelection:
    """The runs that a query selects.

    Attributes
    ----------
    runs
        These runs, in order of their numbers.
    notes
        A sentence for each name in the query that no run of the sweep has.
    """

    runs: list[RunRecord]
    notes: list[str]


def select_runs(reader: StoreReader, where: str) -> RunSelection:
    """Return the runs that a query selects; all for an empty query.

    Raises
    ------
    QueryError
        If the query is invalid.
    """
    query = parse_query(where)
    records, summaries, infos = reader.runs(), reader.summaries(), reader.infos()
    runs = [QueryRun(run, summaries.get(run.id, {}), infos.get(run.id, {})) for run in records]
    notes = query.unknown_names(runs, _config_names(reader.sweep())) if runs else []
    return RunSelection([run.record for run in runs if query.matches(run)], notes)


def _config_names(sweep: SweepRecord) -> Iterator[str]:
    """Yield what runs will have by the sweep's config, even if none has it yet."""
    yield from (metric.name for metric in sweep_metrics(sweep))
    yield from (constraint.name for constraint in sweep_constraints(sweep))
    yield from _parameter_names(sweep.spec.get("parameters", {}), "")


def _parameter_names(parameters: Mapping[str, Any], prefix: str) -> Iterator[str]:
    for name, parameter in parameters.items():
        nested = parameter.get("parameters")
        if isinstance(nested, Mapping):
            yield from _parameter_names(nested, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}"
