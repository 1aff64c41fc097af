"""A replacement for ``import wandb`` in notebooks whose sweeps run in their own processes.

The only change is ``from wandb_magic import wandb_compat as wandb`` in place of ``import wandb``.
`sweep` and `agent` are those of wandb_magic, `Api` also finds sweeps that exist only on this
machine, and everything else is wandb's own, imported when it is first used.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from wandb_magic.api import Sweep
    from wandb_magic.records import RunRecord
    from wandb_magic.store import StoreReader

_REAL_NAMES = ("__all__", "__version__")  # dunder names that are also taken from wandb


def sweep(
    sweep: Mapping[str, Any] | str | Callable[[], Any],
    entity: str | None = None,
    project: str | None = None,
    prior_runs: Sequence[str] | None = None,
) -> str:
    """Create a sweep, as ``wandb.sweep`` does; see `wandb_magic.sweep`."""
    from wandb_magic import api  # noqa: PLC0415 - runs only need wandb's names

    sweep_id = api.sweep(sweep, entity, project, prior_runs)
    print("Create sweep with ID:", sweep_id)  # noqa: T201 - as wandb does
    if url := api.attach(sweep_id).url:
        print("Sweep URL:", url)  # noqa: T201 - as wandb does
    return sweep_id


def agent(
    sweep_id: str,
    function: Callable[[], object] | None = None,
    entity: str | None = None,
    project: str | None = None,
    count: int | None = None,
    forward_signals: bool = False,  # noqa: FBT001, FBT002 - wandb's signature
    term_timeout: int | None = None,
    max_consecutive_failed_runs: int | None = None,
) -> Sweep:
    """Run a sweep, as ``wandb.agent`` does, and return immediately; see `wandb_magic.agent`."""
    from wandb_magic import api  # noqa: PLC0415 - runs only need wandb's names

    return api.agent(
        sweep_id,
        function,
        entity,
        project,
        count,
        forward_signals=forward_signals,
        term_timeout=term_timeout,
        max_consecutive_failed_runs=max_consecutive_failed_runs,
    )


def controller(*_: object, **__: object) -> None:
    """Raise an error: a sweep cannot be controlled from the notebook.

    Raises
    ------
    SweepStateError
        Always, because the sweep's own process chooses its runs.
    """
    from wandb_magic.errors import SweepStateError  # noqa: PLC0415 - as above

    raise SweepStateError(
        "wandb.controller: the sweep's own process chooses its runs: make it with wandb.sweep(), "
        "run it with wandb.agent(), or `import wandb` itself for a controller of W&B's"
    )


def login(*arguments: Any, **options: Any) -> bool:  # noqa: ANN401 - wandb's own
    """Log in to W&B, as ``wandb.login`` does; continue offline where nobody can type a key."""
    import wandb  # noqa: PLC0415 - only when it is needed

    try:
        return wandb.login(*arguments, **options)
    except (wandb.errors.UsageError, NotImplementedError) as error:
        # IPython raises NotImplementedError where a notebook runs without a user.
        no_key = isinstance(error, NotImplementedError) or "No API key" in str(error)
        if arguments or options.get("key") or not no_key:
            raise
        print("W&B finds no API key, so sweeps run offline: log in with `wandb login`.")  # noqa: T201 - the cell's answer
        return False


class Api:
    """W&B's public API, which also finds sweeps that exist only on this machine.

    Parameters
    ----------
    arguments, options
        As for ``wandb.Api``, which is created when it is first needed.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:  # noqa: ANN401 - wandb's own
        self._api: Any = None
        self._arguments, self._options = arguments, options

    def sweep(self, path: str = "") -> Any:  # noqa: ANN401 - wandb's, or ours
        """Return a sweep by its path, after waiting for the runs that this machine executes.

        ``wandb.agent`` returns only when its runs have ended, so the code after it relies on that.
        """
        local_sweep = _find_local(path)
        if local_sweep is None:
            return self._real.sweep(path)
        if local_sweep.state in {"pending", "running", "stopping"}:
            print(f"Waiting until the runs of sweep {local_sweep.id} have ended.")  # noqa: T201 - the cell waits, and says why
            local_sweep.wait()
        if local_sweep.url is None:
            return LocalSweep(local_sweep)
        record = local_sweep.status().sweep
        return self._real.sweep(f"{record.entity}/{record.project}/{record.id}")

    @property
    def _real(self) -> Any:  # noqa: ANN401 - wandb's own
        if self._api is None:
            import wandb  # noqa: PLC0415 - only when it is needed

            self._api = wandb.Api(*self._arguments, **self._options)
        return self._api

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - wandb's own
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(self._real, name)


class LocalRun:
    """A run of an offline sweep, with the most used part of ``wandb.apis.public.Run``.

    Attributes
    ----------
    id, name, state
        As in W&B.
    config, summary
        The parameters, and the last value of each key.
    """

    def __init__(self, sweep: Sweep, record: RunRecord, summary: Mapping[str, Any]) -> None:
        self._sweep = sweep
        self.id = self.name = str(record.id)
        self.state = record.state.value
        self.config = dict(record.params)
        self.summary = dict(summary)
        self.url = sweep.url_of(record.id)

    def history(self, **options: Any) -> Any:  # noqa: ANN401 - a frame
        """Return the numbers that the run logged, with one row for each step."""
        keys = options.get("keys")
        frame = self._sweep.history(keys, self.id).reset_index(level="run", drop=True)
        return frame.rename_axis("_step").reset_index()

    def __repr__(self) -> str:
        return f"<LocalRun {self.id} ({self.state})>"


class LocalSweep:
    """An offline sweep, with the most used part of ``wandb.apis.public.Sweep``.

    Attributes
    ----------
    id, name, config, state
        As in W&B.
    """

    url = None

    def __init__(self, sweep: Sweep) -> None:
        record = sweep.status().sweep
        self._sweep = sweep
        self.id, self.name, self.config = str(record.id), record.name, dict(record.spec)
        self.entity, self.project = record.entity, record.project
        self.state = record.state.value.upper()
        self.expected_run_count = record.budget

    @property
    def order(self) -> str | None:
        """The order that puts the best run first: ``+`` or ``-``, and a summary key."""
        metric = self.config.get("metric")
        if not metric:
            return None
        return f"{'-' if metric['goal'] == 'maximize' else '+'}summary_metrics.{metric['name']}"

    @property
    def runs(self) -> list[LocalRun]:
        """The runs, in order."""
        summaries = _reader(self._sweep).summaries()
        return [
            LocalRun(self._sweep, record, summaries.get(record.id, {}))
            for record in self._sweep.records()
        ]

    def best_run(self, order: str | None = None) -> LocalRun | None:
        """Return the run with the best summary value, or None if no run has the key."""
        order = order or self.order
        if order is None:
            return None
        key = order.lstrip("+-").removeprefix("summary_metrics.")
        runs = [run for run in self.runs if isinstance(run.summary.get(key), (int, float))]
        sign = -1 if order.startswith("-") else 1
        return min(runs, key=lambda run: sign * run.summary[key], default=None)

    def __repr__(self) -> str:
        return f"<LocalSweep {self.id} ({self.state})>"


def _reader(sweep: Sweep) -> StoreReader:
    from wandb_magic.paths import SweepPaths  # noqa: PLC0415 - runs only need wandb's names
    from wandb_magic.store import StoreReader  # noqa: PLC0415 - as above

    return StoreReader(SweepPaths(sweep.path).store)


def _find_local(path: str) -> Sweep | None:
    """Return this machine's sweep for a W&B path, if there is one."""
    from wandb_magic import api, registry  # noqa: PLC0415 - as above

    sweep_id = path.rstrip("/").rpartition("/")[2]
    return None if registry.find(sweep_id) is None else api.attach(sweep_id)


def __getattr__(name: str) -> Any:  # noqa: ANN401 - any attribute
    if name.startswith("__") and name not in _REAL_NAMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import wandb  # noqa: PLC0415 - only when it is needed

    return getattr(wandb, name)


def __dir__() -> list[str]:
    import wandb  # noqa: PLC0415 - only when it is needed

    return sorted({*globals(), *dir(wandb)})
