"""A sweep's plots: plotly figures, each with a picture that a saved notebook shows anywhere.

plotly is imported with the first plot, matplotlib with the first picture; if one is missing, the
error says what to install. Only logged values are drawn: what is left out of a large sweep is
stated in the plot.
"""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, Protocol

from wandb_magic.analysis.run_selection import select_runs
from wandb_magic.errors import UnsupportedError
from wandb_magic.query import parse_query
from wandb_magic.store import StoreReader

if TYPE_CHECKING:
    from wandb_magic.analysis.plots.chart import Chart
    from wandb_magic.analysis.plots.figure import Figure
    from wandb_magic.analysis.plots.plot_data import PlotData

REQUIRED_PACKAGES = ("plotly", "matplotlib")


class HasPlots(Protocol):
    """An object with plots: a sweep."""

    @property
    def plot(self) -> Plots:
        """Its plots."""


class Plots:
    """The plots of one sweep; each method returns a figure from the current contents of the store.

    Without a `metric`, the sweep's objective is used.

    Parameters
    ----------
    reader
        The reader of the sweep's store.
    query
        Only the runs that it selects are drawn.

    Raises
    ------
    UnsupportedError
        If plotly or matplotlib is missing.
    SweepStateError
        In each method, if there is nothing to draw yet.
    """

    def __init__(self, reader: StoreReader, query: str = "") -> None:
        check_installed()
        self._reader = reader
        self._query = query

    def where(self, query: str) -> Plots:
        """Return the plots of the runs that a query selects; see `Sweep.runs`.

        Each plot selects anew, so runs that are added later are drawn as well.

        Raises
        ------
        QueryError
            If the query is invalid.
        """
        parse_query(query)
        return Plots(self._reader, query)

    def curves(
        self,
        metric: str | None = None,
        *,
        best: int = 1,
        smooth: float = 0.0,
        band: bool = False,
        axis: str = "step",
        log: bool = False,
    ) -> Figure:
        """Draw a metric over the steps of all runs.

        Parameters
        ----------
        metric
            The key that the runs logged.
        best
            How many of the best runs to draw in colour; the others are grey.
        smooth
            The amount of smoothing, from 0 to below 1, as in W&B.
        band
            Whether to draw the median, and the band that contains 8 of 10 runs.
        axis
            ``step``, or ``time``: seconds since each run's start.
        log
            Whether the metric's axis is logarithmic.
        """
        from wandb_magic.analysis.plots.curves import curves  # noqa: PLC0415 - plotly is heavy

        return _figure(
            curves(
                self._plot_data, metric, best=best, smooth=smooth, band=band, axis=axis, log=log
            )
        )

    def progress(self, by: str = "run") -> Figure:
        """Draw the best value so far, by ``run`` or by ``time``."""
        from wandb_magic.analysis.plots.optimization_history import progress  # noqa: PLC0415 - as above

        return _figure(progress(self._plot_data, by))

    def parallel(self, *parameters: str, metric: str | None = None) -> Figure:
        """Draw each run as a line through its parameters; by default all that vary."""
        from wandb_magic.analysis.plots.parallel import parallel  # noqa: PLC0415 - as above

        return _figure(parallel(self._plot_data, parameters, metric))

    def importance(
        self, metric: str | None = None, evaluator: str = "ped-anova", quantile: float = 0.5
    ) -> Figure:
        """Draw how much each parameter matters; see `Sweep.importance`."""
        from wandb_magic.analysis.plots.importances import importances  # noqa: PLC0415 - as above

        return _figure(importances(self._plot_data, metric, evaluator, quantile))

    def contour(
        self, x: str | None = None, y: str | None = None, *, metric: str | None = None
    ) -> Figure:
        """Draw the metric over two parameters; by default those that matter most."""
        from wandb_magic.analysis.plots.contour import contour  # noqa: PLC0415 - as above

        return _figure(contour(self._plot_data, x, y, metric))

    def slice(self, *parameters: str, metric: str | None = None) -> Figure:
        """Draw the metric over each parameter; by default the six that matter most."""
        from wandb_magic.analysis.plots.slices import slices  # noqa: PLC0415 - as above

        return _figure(slices(self._plot_data, parameters, metric))

    def front(self, *objectives: str) -> Figure:
        """Draw the front of several objectives; a third one is the colour.

        Only runs that keep to the constraints are drawn. With more than three objectives, name
        the two or three to draw; the front is that of all.
        """
        from wandb_magic.analysis.plots.front import front  # noqa: PLC0415 - as above

        return _figure(front(self._plot_data, objectives))

    def timeline(self) -> Figure:
        """Draw when each agent executed which run, coloured by the run's state."""
        from wandb_magic.analysis.plots.timeline import timeline  # noqa: PLC0415 - as above

        return _figure(timeline(self._plot_data))

    def terminations(self, metric: str | None = None) -> Figure:
        """Draw the runs that were ended early, and where."""
        from wandb_magic.analysis.plots.curves import terminations  # noqa: PLC0415 - as above

        return _figure(terminations(self._plot_data, metric))

    def costs(self, price: float | None = None, currency: str = "") -> Figure:
        """Draw how long each run took, or, with a `price` per hour, what it cost."""
        from wandb_magic.analysis.plots.timeline import costs  # noqa: PLC0415 - as above

        return _figure(costs(self._plot_data, price, currency))

    def compare(self, *others: HasPlots, by: str = "run") -> Figure:
        """Draw the best value so far of this sweep and of others, by ``run`` or by ``time``."""
        from wandb_magic.analysis.plots.optimization_history import compare  # noqa: PLC0415 - as above

        sweeps = [self._plot_data, *(other.plot._plot_data for other in others)]  # noqa: SLF001 - the same class
        return _figure(compare(sweeps, by))

    @staticmethod
    def of(figure: object) -> Figure:
        """Return any plotly figure, such as one from ``optuna.visualization``, for a notebook.

        The notebook stores it as compactly as these plots, but without a picture: only a Jupyter
        server that has plotly shows it.
        """
        from wandb_magic.analysis.plots.figure import Figure  # noqa: PLC0415 - as above

        return figure if isinstance(figure, Figure) else Figure(figure)

    @property
    def _plot_data(self) -> PlotData:
        from wandb_magic.analysis.plots.plot_data import PlotData  # noqa: PLC0415 - as above

        if not self._query:
            return PlotData(self._reader)
        runs = select_runs(self._reader, self._query).runs
        return PlotData(self._reader.restricted(run.id for run in runs))


def _figure(chart: Chart) -> Figure:
    from wandb_magic.analysis.plots.figure import Figure  # noqa: PLC0415 - as above

    return Figure.of_chart(chart)


def check_installed() -> None:
    """Raise an error if a required package is missing.

    Raises
    ------
    UnsupportedError
        If plotly or matplotlib is missing.
    """
    missing = [name for name in REQUIRED_PACKAGES if find_spec(name) is None]
    if missing:
        raise UnsupportedError(
            f"plots need {' and '.join(missing)}: pip install 'wandb-magic[analysis]'"
        )
