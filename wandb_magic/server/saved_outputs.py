"""Brings the outputs of sweeps up to date in notebooks that are saved or exported.

After its page was reloaded, or its kernel restarted, a notebook no longer hears from the kernel
that started a sweep, so its output would be saved as it was at the time. Jupyter calls
`SavedOutputs` with each notebook before it writes it: what is on disk has the state of the sweep
then, and no document is changed unless its user saves it. nbconvert calls `RefreshSweeps`, so
that an exported page has the state at the time of the export.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from typing import Any

from nbconvert.preprocessors import Preprocessor

from wandb_magic import registry
from wandb_magic.api._sweep import Sweep
from wandb_magic.display import sweep_output
from wandb_magic.display.sweep_output import MimeBundle
from wandb_magic.errors import SweepNotFoundError
from wandb_magic.paths import validate_id

EXPORT_PREPROCESSOR = f"{__name__}.RefreshSweeps"
TIME_LIMIT_S = (
    2.0  # Jupyter answers nothing else meanwhile; the rest is refreshed by the next save
)
MAX_REMEMBERED = 256  # outputs of sweeps that may be deleted


class SavedOutputs:
    """Refreshes the outputs of a notebook before it is saved.

    What an output showed last is remembered: a page that still has an earlier state does not
    overwrite it once the sweep has been deleted.

    Parameters
    ----------
    find
        Returns the sweep with an id.
    """

    def __init__(self, find: Callable[[str], Sweep]) -> None:
        self._find = find
        self._remembered: OrderedDict[tuple[str, bool], MimeBundle] = OrderedDict()

    def __call__(self, model: dict[str, Any], **_: object) -> None:
        """Refresh the outputs of `model`, a notebook as Jupyter's contents API has it."""
        if model.get("type") != "notebook":
            return
        until = time.monotonic() + TIME_LIMIT_S
        for data in _outputs(model.get("content")):
            if time.monotonic() > until:
                break
            self._refresh(data)

    def _refresh(self, data: MimeBundle) -> None:
        own = data[sweep_output.PANEL_MIME_TYPE]
        key = (own["id"], bool(own.get("summary")))
        try:
            sweep_output.refresh(data, self._find, time.time())
        except Exception:  # noqa: BLE001 - it cannot be read: its last known state remains
            remembered = self._remembered.get(key)
            if remembered is not None and _time(remembered) > _time(data):
                data.pop(sweep_output.WIDGET_MIME_TYPE, None)
                data.update(remembered)
            return
        self._remembered[key] = {
            mime_type: data[mime_type]
            for mime_type in (sweep_output.PANEL_MIME_TYPE, "text/html", "text/plain")
        }
        self._remembered.move_to_end(key)
        if len(self._remembered) > MAX_REMEMBERED:
            self._remembered.popitem(last=False)


class RefreshSweeps(Preprocessor):
    """Refreshes the outputs of a notebook that nbconvert exports."""

    def preprocess(
        self, nb: dict[str, Any], resources: dict[str, Any]
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Refresh the outputs of `nb`, a copy of the notebook."""
        for data in _outputs(nb):
            try:
                sweep_output.refresh(data, _find_registered, time.time(), keep_widget=False)
            except Exception:  # noqa: BLE001, S112 - its last known state remains
                continue
        return nb, resources


def _find_registered(sweep: str) -> Sweep:
    entry = registry.find_available(validate_id(sweep))
    if entry is None:
        raise SweepNotFoundError(f"there is no sweep {sweep!r}")
    return Sweep(entry.paths)


def _outputs(notebook: object) -> Iterator[MimeBundle]:
    """Yield the formats of each output of a notebook that shows a sweep."""
    for cell in _items(notebook, "cells"):
        for output in _items(cell, "outputs"):
            data = output.get("data") if isinstance(output, dict) else None
            if isinstance(data, dict) and sweep_output.sweep_id(data) is not None:
                yield data


def _items(parent: object, key: str) -> list[Any]:
    found = parent.get(key) if isinstance(parent, dict) else None
    return found if isinstance(found, list) else []


def _time(data: MimeBundle) -> float:
    found = data[sweep_output.PANEL_MIME_TYPE].get("as_of")
    return found if isinstance(found, float) else 0.0
