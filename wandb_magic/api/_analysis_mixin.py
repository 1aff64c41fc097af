"""Analysis of a sweep: parameter importance, plots, comparison, export."""

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
    """The analysis methods of a sweep; see `SweepReader`."""

    def importance(self) -> pd.DataFrame:
        """Return how much each parameter matters for the objective, most important first.

        The columns are ``parameter``, ``importance`` (shares of one) and ``correlation``
        (Spearman's, NaN for values without an order). ``attrs`` has the ``metric``, the number of
        ``runs``, the ``evaluator`` and, if there are few runs, a ``warning``. Parameters that
        never varied are omitted.

        Raises
        ------
        SweepStateError
            If the sweep has no metric.
        """
        from wandb_magic.analysis import importance_frame  # noqa: PLC0415 - imports Optuna

        return importance_frame.importance_frame(self._reader)

    def compare(self, *others: SweepReader | str) -> Comparison:
        """Compare this sweep with others, each given as a sweep or in any form `attach` accepts.

        The comparison has three frames: ``table`` with one row per sweep (its runs by state, best
        and median value, times), ``differences`` of the configs, and ``progress``, the best value
        so far by run number.

        Raises
        ------
        SweepNotFoundError
            If there is no such sweep.
        SweepStateError
            If their metrics or goals differ.
        """
        from wandb_magic.analysis import comparison  # noqa: PLC0415 - imports numpy

        sweeps = [
            SweepReader(locate(each)[0]) if isinstance(each, str) else each for each in others
        ]
        readers = {each.id: each._reader for each in (self, *sweeps)}  # noqa: SLF001 - the same class
        return comparison.compare(list(readers.values()))

    @property
    def plot(self) -> Plots:
        """The plots of the sweep: ``plot.curves()``, ``plot.parallel()`` and so on."""
        from wandb_magic.analysis.plots import Plots  # noqa: PLC0415 - rarely needed

        return Plots(self._reader)

    def report(self, file: str | os.PathLike[str] = "report.html") -> Path:
        """Write a self-contained HTML report of the sweep, and return its path.

        The page loads nothing: it contains the plots, table, config, code and environment.
        Anything that looks like a key or a password is masked.

        Parameters
        ----------
        file
            The path of the page; an existing file is replaced.

        Raises
        ------
        SweepError
            If the path is a folder, or cannot be written.
        """
        from wandb_magic.analysis import report  # noqa: PLC0415 - rarely needed

        return report.write(self._reader, self._paths, file, state=self.state, url=self.url or "")

    def to_parquet(self, path: str | os.PathLike[str], *, overwrite: bool = False) -> Path:
        """Write the results to a new folder, and return its absolute path.

        It contains ``runs``, ``history`` (with ``_runtime``), ``summary`` and ``system`` as
        Parquet files, which `pandas.read_parquet` reads back as the same frames, and
        ``sweep.json`` with the sweep config and versions. Lists and mappings are stored as JSON
        text.

        Parameters
        ----------
        path
            A folder that is empty or does not exist.
        overwrite
            Whether to replace an earlier folder of this kind.

        Raises
        ------
        SweepError
            If the folder is not empty, or cannot be written.
        UnsupportedError
            If pyarrow is missing.
        """
        from wandb_magic.analysis import parquet  # noqa: PLC0415 - imports numpy

        return parquet.write(self._reader, Path(path), overwrite=overwrite)

    def study(
        self, export: str | os.PathLike[str] | None = None, *, overwrite: bool = False
    ) -> Study:
        """Return the sweep as an in-memory `optuna.Study`, for example for `optuna.visualization`.

        It has one trial for each run that has ended, ordered by number. Parameters are named by
        dotted key and have the runs' values; categories other than plain values are JSON text.
        Finished and stopped runs with a value are ``COMPLETE``, pruned ones ``PRUNED``, all others
        ``FAIL``. Intermediate values are the metric's history, at most 100 of them; ``user_attrs``
        has the run's id, name, number, attempt, state and cause.

        Parameters
        ----------
        export
            A file to write the study to, for optuna-dashboard: an SQLite database if it ends in
            ``.db``, ``.sqlite`` or ``.sqlite3``, else a journal.
        overwrite
            Whether to replace an existing file.

        Raises
        ------
        SweepStateError
            If the sweep has no metric.
        SweepError
            If the file already exists, or cannot be written.
        """
        from wandb_magic.analysis import study, study_file  # noqa: PLC0415 - imports Optuna

        result = study.study_of(self._reader)
        if export is not None:
            study_file.export(result, Path(export), overwrite=overwrite)
        return result
