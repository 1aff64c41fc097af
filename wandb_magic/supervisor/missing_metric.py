"""Detects that runs finish without the sweep's metric, usually because its name differs a bit.

Such a sweep would run to its end, and any search in it would amount to random search.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence

from wandb_magic.log_records import HistoryRecord, LogRecord, SummaryRecord
from wandb_magic.records import RunId, RunRecord, RunState, Trial

MAX_KEYS = 2000  # remembered for each run
MAX_NAMED = 4
_SIMILAR = 0.75
_PARTS = re.compile(r"[\W_]+")


class MissingMetricDetector:
    """Remembers which keys the active runs have logged, as long as none has logged the metric.

    Parameters
    ----------
    name
        The metric, or the first of several; "" for a sweep that has none.
    others
        The other metrics, and what the constraints are about.
    """

    def __init__(self, name: str, others: Iterable[str] = ()) -> None:
        self._name = name
        self._others = [other for other in others if other != name]
        self._keys: dict[RunId, dict[str, None]] = {}

    def on_logged(self, run: RunId, entries: Sequence[LogRecord]) -> None:
        """Record the keys that a run has logged."""
        if not self._name:
            return
        keys = self._keys.setdefault(run, {})
        for entry in entries:
            if len(keys) >= MAX_KEYS:
                return
            if isinstance(entry, HistoryRecord):
                keys.update(dict.fromkeys((*entry.scalars, *entry.media)))
            elif isinstance(entry, SummaryRecord):
                keys.update(dict.fromkeys(entry.update))

    def on_run_ended(self, run: RunRecord, trials: Sequence[Trial], notices: Iterable[str]) -> str:
        """Return the notice for the user after a run has ended, or ""."""
        keys = [key for key in self._keys.pop(run.id, {}) if key[:1] != "_"]
        if not self._name or run.state is not RunState.FINISHED:
            return ""
        missing = [] if run.value is not None or _any_value(trials) else [self._name]
        missing += [name for name in self._others if all(name not in t.results for t in trials)]
        for name in missing:
            metric = f"the sweep's metric {name!r}"
            if not any(metric in notice for notice in notices):
                return _message(run.number, metric, name, keys)
        return ""


def _any_value(trials: Iterable[Trial]) -> bool:
    return any(trial.value is not None for trial in trials)


def similar_keys(name: str, keys: Iterable[str]) -> list[str]:
    """Return the keys that a name may stand for, the most similar first."""
    scores: dict[str, float] = {}
    name_words = _words(name)
    for key in keys:
        if not (words := _words(key)) or not name_words:
            continue
        share = difflib.SequenceMatcher(None, "".join(name_words), "".join(words)).ratio()
        if words == name_words:
            scores[key] = 2.0
        elif set(name_words) <= set(words) or set(words) <= set(name_words):
            scores[key] = 1.0 + share
        elif share >= _SIMILAR:
            scores[key] = share
    return sorted(scores, key=lambda key: -scores[key])


def _words(key: str) -> list[str]:
    return [word for word in _PARTS.split(key.casefold()) if word]


def _message(number: int, missing: str, name: str, keys: Sequence[str]) -> str:
    if name in keys:
        return (
            f"run {number} finished, but never logged {missing} as a finite number, "
            "so the sweep cannot tell good runs from bad ones: log it as one"
        )
    prefix = f"run {number} finished without logging {missing}"
    if similar := similar_keys(name, keys):
        named = " and ".join(map(repr, similar[:MAX_NAMED]))
        return f"{prefix}, but logged {named}: name the right one in the config, or log {name!r}"
    named = ", ".join(map(repr, keys[:MAX_NAMED])) if keys else "no numbers"
    more = f" and {len(keys) - MAX_NAMED} more" if len(keys) > MAX_NAMED else ""
    return f"{prefix}: it logged {named}{more}; so the sweep cannot tell good runs from bad ones"
