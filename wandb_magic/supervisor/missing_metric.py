"""Notices that runs finish without the sweep's metric, which is mostly a name that differs a bit.

Such a sweep would go on to its end, and every search in it would be a random one.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence

from wandb_magic.log_records import HistoryRecord, LogRecord, SummaryRecord
from wandb_magic.records import RunId, RunRecord, RunState, Trial

MAX_KEYS = 2000  # of a run that are remembered
MAX_NAMED = 4
_SIMILAR = 0.75
_PARTS = re.compile(r"[\W_]+")


class MissingMetricDetector:
    """Remembers which keys the living runs have logged, as long as none has logged the metric.

    Parameters
    ----------
    name
        The metric; "" for a sweep that has none.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._keys: dict[RunId, dict[str, None]] = {}

    def on_logged(self, run: RunId, entries: Sequence[LogRecord]) -> None:
        """Take up what a run has logged."""
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
        """Return what to tell the user now that a run has ended; "" for nothing."""
        keys = self._keys.pop(run.id, {})
        if not self._name or run.state is not RunState.FINISHED or run.value is not None:
            return ""
        missing = f"the sweep's metric {self._name!r}"
        if any(trial.value is not None for trial in trials):
            return ""
        if any(missing in notice for notice in notices):
            return ""
        return _message(run.number, missing, self._name, [key for key in keys if key[:1] != "_"])


def similar_keys(name: str, keys: Iterable[str]) -> list[str]:
    """Return the keys that may be meant by a name, the most similar first."""
    found: dict[str, float] = {}
    wanted = _words(name)
    for key in keys:
        if not (words := _words(key)) or not wanted:
            continue
        share = difflib.SequenceMatcher(None, "".join(wanted), "".join(words)).ratio()
        if words == wanted:
            found[key] = 2.0
        elif set(wanted) <= set(words) or set(words) <= set(wanted):
            found[key] = 1.0 + share
        elif share >= _SIMILAR:
            found[key] = share
    return sorted(found, key=lambda key: -found[key])


def _words(key: str) -> list[str]:
    return [word for word in _PARTS.split(key.casefold()) if word]


def _message(number: int, missing: str, name: str, keys: Sequence[str]) -> str:
    if name in keys:
        return (
            f"run {number} finished, but logged {missing} never as a finite number, "
            "so the sweep cannot tell good runs from bad ones: log it as one"
        )
    said = f"run {number} finished without logging {missing}"
    if meant := similar_keys(name, keys):
        named = " and ".join(map(repr, meant[:MAX_NAMED]))
        return f"{said}, but logged {named}: name the right one in the config, or log {name!r}"
    named = ", ".join(map(repr, keys[:MAX_NAMED])) if keys else "no numbers"
    more = f" and {len(keys) - MAX_NAMED} more" if len(keys) > MAX_NAMED else ""
    return f"{said}: it logged {named}{more}; so the sweep cannot tell good runs from bad ones"
