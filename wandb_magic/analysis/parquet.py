"""Exports a sweep's results as a folder of Parquet files, for other tools and other machines.

The folder appears complete or not at all. Curves are written in portions, so a sweep may be larger
than memory. Nothing is deleted, except an earlier folder of this kind if that is requested.
"""

from __future__ import annotations

import json
import platform
import shutil
from collections.abc import Callable, Iterator, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wandb_magic.analysis import frames
from wandb_magic.analysis.curve_frame import CurveTable
from wandb_magic.errors import SweepError, UnsupportedError
from wandb_magic.records import RunId, SweepRecord, new_id, sweep_metric
from wandb_magic.store import StoreReader
from wandb_magic.version import __version__

if TYPE_CHECKING:
    import pandas as pd

ABOUT, RUNS, SUMMARY = "sweep.json", "runs.parquet", "summary.parquet"
HISTORY, SYSTEM = "history.parquet", "system.parquet"
FILES = frozenset({ABOUT, RUNS, SUMMARY, HISTORY, SYSTEM})
PORTION = 4_000_000
"""The most numbers in memory at a time, unless a single run has more."""
_PACKAGES = ("wandb", "pandas", "pyarrow")


def write(reader: StoreReader, path: Path, *, overwrite: bool = False) -> Path:
    """Write everything into a new folder, and return its path; see `Sweep.to_parquet`.

    Raises
    ------
    SweepError
        If the path already exists, or cannot be written.
    UnsupportedError
        If pyarrow is missing.
    """
    try:
        import pyarrow as pa  # noqa: F401, PLC0415 - an extra
    except ImportError:
        raise UnsupportedError(
            "Parquet files need pyarrow, which is not installed: "
            "pip install 'wandb-magic[analysis]'"
        ) from None
    path = path.expanduser().absolute()
    _check_target(path, overwrite=overwrite)
    staging = path.with_name(f".{path.name}.{new_id()}")
    try:
        staging.mkdir(parents=True)
        _write_all(reader, staging)
        _replace_folder(staging, path)
    except OSError as error:
        raise SweepError(f"{path} cannot be written: {error.strerror or error}") from error
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    return path


def _write_all(reader: StoreReader, folder: Path) -> None:
    metadata = json.dumps(_sweep_metadata(reader.sweep()), indent=1, allow_nan=False)
    (folder / ABOUT).write_text(metadata + "\n", "utf-8")
    _with_json_text(frames.runs(reader)).to_parquet(folder / RUNS, engine="pyarrow")
    _with_json_text(frames.summary(reader)).to_parquet(folder / SUMMARY, engine="pyarrow")
    keys = [*reader.keys(), "_runtime"]

    def history(runs: list[RunId]) -> CurveTable:
        return frames.history_table(reader, keys, runs)

    _write_curves(folder / HISTORY, history, _portions(reader, "history", len(keys)))
    names = reader.keys("system")

    def system(runs: list[RunId]) -> CurveTable:
        return frames.system_table(reader, names, runs)

    _write_curves(folder / SYSTEM, system, _portions(reader, "system", len(names)))


def _write_curves(
    file: Path, read: Callable[[list[RunId]], CurveTable], portions: Iterator[list[RunId]]
) -> None:
    import numpy as np  # noqa: PLC0415 - as in the store
    import pyarrow as pa  # noqa: PLC0415 - an extra
    import pyarrow.parquet as pq  # noqa: PLC0415 - as above

    # A frame with one row has the schema of every portion, including pandas' metadata.
    sample = read([])
    sample.add(RunId("run"), frames.empty_curves(sample.keys))
    schema = pa.Table.from_pandas(sample.frame()).schema
    with pq.ParquetWriter(file, schema) as writer:
        for runs in portions:
            stack = read(runs)
            names = pa.array([str(run) for run in stack.runs], pa.string())
            positions = np.repeat(np.arange(len(stack.runs), dtype=np.int32), stack.lengths)
            columns = [
                *stack.columns().values(),
                pa.DictionaryArray.from_arrays(positions, names).cast(pa.string()),
                stack.index_values(),
            ]
            arrays = [
                pa.array(column, field.type, from_pandas=False)
                for column, field in zip(columns, schema, strict=True)
            ]
            writer.write_table(pa.Table.from_arrays(arrays, schema=schema))


def _portions(reader: StoreReader, stream: str, keys: int) -> Iterator[list[RunId]]:
    """Yield the runs that logged anything, in order, as many at a time as memory allows."""
    lengths = reader.curve_lengths(stream)
    portion: list[RunId] = []
    numbers = 0
    for run in reader.end_times():
        if run not in lengths:
            continue
        size = lengths[run] * keys
        if portion and numbers + size > PORTION:
            yield portion
            portion, numbers = [], 0
        portion.append(run)
        numbers += size
    if portion:
        yield portion


def _with_json_text(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the frame with lists, mappings and mixtures as JSON text."""
    import pandas as pd  # noqa: PLC0415 - a second to import

    columns: dict[Any, Any] = {
        name: pd.array([_text(value) for value in frame[name]], dtype="string")
        for name in frame
        if frame[name].dtype == object
    }
    plain: pd.DataFrame = frame.assign(**columns)
    return plain


def _text(value: object) -> str | None:
    return None if value is None else json.dumps(value)


def _sweep_metadata(sweep: SweepRecord) -> Mapping[str, Any]:
    metric = sweep_metric(sweep)
    return {
        "id": sweep.id,
        "name": sweep.name,
        "project": sweep.project,
        "entity": sweep.entity,
        "mode": sweep.mode,
        "url": sweep.url,
        "state": sweep.state.value,
        "cause": sweep.cause,
        "created": sweep.created,
        "started": sweep.started,
        "ended": sweep.ended,
        "seed": sweep.options.seed,
        "metric": None if metric is None else metric.name,
        "spec": sweep.spec,
        "versions": {
            "python": platform.python_version(),
            "wandb-magic": __version__,
            **{name: version(name) for name in _PACKAGES},
        },
    }


def _check_target(path: Path, *, overwrite: bool) -> None:
    if not path.exists() or (path.is_dir() and not any(path.iterdir())):
        return
    if not path.is_dir():
        raise SweepError(f"{path} is a file: name a folder that does not exist yet")
    others = sorted({each.name for each in path.iterdir()} - FILES)
    if others:
        raise SweepError(
            f"{path} contains other files, such as {others[0]}: name a folder that does not exist"
        )
    if not overwrite:
        raise SweepError(
            f"{path} already contains results: name another folder, or overwrite them "
            "(overwrite=True, --overwrite)"
        )


def _replace_folder(staging: Path, path: Path) -> None:
    """Replace an earlier folder with the new one."""
    if path.exists() and any(path.iterdir()):
        earlier = path.with_name(f".{path.name}.{new_id()}")
        path.rename(earlier)
        staging.rename(path)
        shutil.rmtree(earlier, ignore_errors=True)
    else:
        staging.rename(path)  # an empty folder is replaced
