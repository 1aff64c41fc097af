"""What follows from a sweep's results: weights, plots, comparisons, and files for others."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from wandb_magic.api._locate import locate
from wandb_magic.api._reader import SweepReader

if TYPE_CHECKING:
    import pandas as pd

    from wandb_magic.analysis.comparison import Comparison
    from wandb_magic.analysis.plots import Plots
    from wandb_magic.analysis.study import Study


class AnalysisMixin(SweepReader):
    """All of a sweep that is concluded from its results; see `SweepReader`."""

    def importance(self) -> pd.DataFrame:
        """Return how much each parameter matters for the objective, most important first.

        The columns are ``parameter``, ``importance`` (shares of one) and ``correlation``
        (Spearman's, NaN for what has no order). ``attrs`` has the ``metric``, the number of
        ``runs``, the ``evaluator`` and a ``warning`` where there are few of them. A parameter that
        never varied is left out.

        Raises
        ------
        SweepStateError
            If the sweep has no metric.
        """
        from wandb_magic.analysis import importance_frame  # noqa: PLC0415 - imports Optuna

        return importance_frame.importance_frame(self._reader)

    def compare(self, *others: SweepReader | str) -> Comparison:
        """Return this sweep beside others, each given as a sweep or as `attach` takes it.

        The comparison has three frames: ``table`` with a row a sweep (its runs by state, best and
        median value, times), ``differences`` of the configs, and ``progress``, the best value so
        far by run number.

        Raises
        ------
        SweepNotFoundError
            If there is no such sweep.
        SweepStateError
            If they have not all the same metric and goal.
        """
        from wandb_magic.analysis import comparison  # noqa: PLC0415 - imports numpy

        sweeps = [
            SweepReader(locate(each)[0]) if isinstance(each, str) else each for each in others
        ]
        readers = {each.id: each._reader for each in (self, *sweeps)}  # noqa: SLF001 - its own class
        return comparison.compare(list(readers.values()))

    @property
    def plot(self) -> Plots:
        """What can be drawn of the sweep: ``plot.curves()``, ``plot.parallel()`` and so on."""
        from wandb_magic.analysis.plots import Plots  # noqa: PLC0415 - most need no plots

        return Plots(self._reader)

    def report(self, file: str | os.PathLike[str] = "report.html") -> Path:
        """Write the sweep as one page to share, and return where it is.

        The page loads nothing: plots, table, config, code and environment are in it. What looks
        like a key or a password is masked.

        Parameters
        ----------
        file
            The page; one that is there is replaced.

        Raises
        ------
        SweepError
            If it is a folder, or cannot be written.
        """
        from wandb_magic.analysis import report  # noqa: PLC0415 - few ask for one

        return report.write(self._reader, self._paths, file, state=self.state, url=self.url or "")

    def to_parquet(self, path: str | os.PathLike[str], *, overwrite: bool = False) -> Path:
        """Write the results into a new folder, and return its absolute path.

        It has ``runs``, ``history`` (with ``_runtime``), ``summary`` and ``system`` as Parquet
        files, which `pandas.read_parquet` reads back as the frames are here, and ``sweep.json``
        with the sweep config and versions. Lists and mappings are JSON text there.

        Parameters
        ----------
        path
            A folder that is empty or does not exist.
        overwrite
            Whether it may replace an earlier folder of this kind.

        Raises
        ------
        SweepError
            If there is something at that place, or it cannot be written.
        UnsupportedError
            If pyarrow is missing.
        """
        from wandb_magic.analysis import parquet  # noqa: PLC0415 - imports numpy

        return parquet.write(self._reader, Path(path), overwrite=overwrite)

    def study(
        self, export: str | os.PathLike[str] | None = None, *, overwrite: bool = False
    ) -> Study:
        """Return the sweep as an `optuna.Study` in memory, for all of `optuna.visualization`.

        It has a trial for each run that has ended, in order of their numbers. Parameters go by
        dotted key and have the values of the runs; categories that are no plain values are JSON
        text. Finished and stopped runs with a value are ``COMPLETE``, pruned ones ``PRUNED``, all
        others ``FAIL``. Intermediate values are the metric's history, at most 100 of them;
        ``user_attrs`` have the run's id, name, number, attempt, state and cause.

        Parameters
        ----------
        export
            A file to write it to, for optuna-dashboard: an SQLite database if it ends in ``.db``,
            ``.sqlite`` or ``.sqlite3``, else a journal.
        overwrite
            Whether that file may exist.

        Raises
        ------
        SweepStateError
            If the sweep has no metric.
        SweepError
            If there is such a file already, or it cannot be written.
        """
        from wandb_magic.analysis import study, study_file  # noqa: PLC0415 - imports Optuna

        result = study.study_of(self._reader)
        if export is not None:
            study_file.export(result, Path(export), overwrite=overwrite)
        return result
