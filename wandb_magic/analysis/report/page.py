"""Composes a report, and writes it.

The page's policy allows two scripts by their hashes, and no requests. These two may use `eval`,
because plotly compiles the code that draws parallel coordinates.
"""

from __future__ import annotations

import base64
import hashlib
import time
from datetime import datetime, timezone
from importlib.resources import files
from os import PathLike
from pathlib import Path
from string import Template

from wandb_magic.analysis.plots import check_installed
from wandb_magic.errors import SweepError
from wandb_magic.paths import SweepPaths, write_atomically
from wandb_magic.store import StoreReader
from wandb_magic.version import __version__


def write(
    reader: StoreReader, paths: SweepPaths, file: str | PathLike[str], *, state: str, url: str = ""
) -> Path:
    """Write the report of a sweep, and return its path.

    Parameters
    ----------
    reader, paths
        The sweep's store and paths.
    file
        The page; its folder must exist. An existing page is replaced once the new one is complete.
    state
        The state of the sweep, in one word.
    url
        Its page at W&B, if it has one.

    Raises
    ------
    UnsupportedError
        If plotly or matplotlib is missing.
    SweepError
        If `file` cannot be written.
    """
    check_installed()
    target = Path(file).expanduser()
    if target.is_dir():
        raise SweepError(f"{target} is a folder: name a file, as in {target / 'report.html'}")
    if not target.parent.is_dir():
        raise SweepError(f"there is no folder {target.parent}: make it, or name another file")
    page = compose(reader, paths, state, url)
    try:
        write_atomically(target, page)
    except OSError as error:
        raise SweepError(f"{target} cannot be written: {error.strerror}") from error
    return target.resolve()


def compose(reader: StoreReader, paths: SweepPaths, state: str, url: str) -> str:
    """Return the page."""
    from plotly.offline import get_plotlyjs  # noqa: PLC0415 - plotly is heavy, and optional

    from wandb_magic.analysis.plots.figure import CONFIG  # noqa: PLC0415 - as above
    from wandb_magic.analysis.plots.plot_data import PlotData  # noqa: PLC0415 - as above
    from wandb_magic.analysis.report import (  # noqa: PLC0415 - as above
        markup,
        provenance,
        sections,
    )
    from wandb_magic.analysis.report.charts import charts  # noqa: PLC0415 - as above

    plot_data = PlotData(reader)
    code = provenance.code_of(paths, plot_data)
    packages = provenance.packages_of(paths, [*plot_data.ranked_runs(), *plot_data.runs])
    chart_section, figures = charts(plot_data)
    body = [
        sections.headline(plot_data, code, state, url),
        sections.best(plot_data),
        chart_section,
        sections.table(plot_data),
        sections.failures(plot_data),
        sections.spec(plot_data),
        sections.code(code),
        sections.environment(code, packages),
    ]
    plotly, script = get_plotlyjs(), _part("page.js")
    return Template(_part("page.html")).substitute(
        hashes=f"{_hash(plotly)} {_hash(script)}",
        version=__version__,
        title=markup.text(plot_data.sweep.name, 120),
        style=_part("page.css"),
        body="\n".join(body),
        moment=datetime.fromtimestamp(time.time(), timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
        figures=markup.script({"figures": figures, "config": CONFIG}),
        plotly=plotly,
        script=script,
    )


def _part(name: str) -> str:
    return (files(__package__ or "") / name).read_text(encoding="utf-8")


def _hash(script: str) -> str:
    """Return a script's hash as a policy lists it: no other script is executed."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"
