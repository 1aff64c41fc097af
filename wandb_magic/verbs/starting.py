"""Starting a sweep: check, freeze, write the folder, and hand it to a supervisor.

All or nothing: when anything is wrong, no folder stays behind and no process was started.
"""

from __future__ import annotations

import errno
import os
import secrets
import shutil
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import yaml

from wandb_magic import index
from wandb_magic.bundle import Contents, freeze
from wandb_magic.bundle.manifest import inherited
from wandb_magic.detach import start_supervisor
from wandb_magic.errors import SpecError, SweepError, UnsupportedError
from wandb_magic.paths import FOLDER_MODE, SweepPaths, write_atomically
from wandb_magic.records import Options, SweepId, SweepRecord, SweepState, new_id
from wandb_magic.search import SAMPLERS
from wandb_magic.search.grid import size
from wandb_magic.spec import Spec, load
from wandb_magic.store import create, network_file_system
from wandb_magic.verbs.handle import Sweep
from wandb_magic.verbs.priors import priors_of

MODES = ("auto", "offline", "online")
NEEDS = {"gp": "torch", "cmaes": "cmaes"}  # packages without which a sampler cannot be had


@dataclass(frozen=True)
class Code:
    """What each run executes: a cell in its namespace, a function, or the spec's program.

    Attributes
    ----------
    cell
        The cell's text.
    function
        A function without arguments.
    namespace
        Where the cell's names are looked up.
    exclude
        Names to leave behind.
    """

    cell: str | None = None
    function: Callable[[], object] | None = None
    namespace: dict[str, Any] | None = None
    exclude: Collection[str] = ()


def start(  # noqa: PLR0913 - each is a choice of the user, and has a default
    config: Mapping[str, Any] | str | os.PathLike[str],
    function: Callable[[], object] | None = None,
    *,
    count: int | None = None,
    agents: int = 1,
    name: str | None = None,
    project: str | None = None,
    entity: str | None = None,
    mode: str = "auto",
    seed: int | None = None,
    sampler: str = "auto",
    prior: str | Sweep | None = None,
    exclude: Collection[str] = (),
    env: Mapping[str, str] | None = None,
    run_timeout: float | None = None,
    retries: int = 0,
    failure_limit: int = 3,
    grace: float = 10.0,
) -> Sweep:
    """Start a sweep in a process of its own, and return at once.

    Parameters
    ----------
    config
        A W&B sweep config: a mapping, a YAML file, or YAML text.
    function
        What each run calls, without arguments; None for a config with a ``program``.
    count
        How many runs to start; the config's ``run_cap`` if that is smaller or alone.
    agents
        How many runs at a time.
    name, project, entity
        As in W&B; they win over the config's.
    mode
        ``offline``, ``online`` or ``auto``.
    seed
        Makes the search, and the global generators of each run, repeatable.
    sampler
        What stands behind ``bayes``: ``auto``, ``gp``, ``tpe``, ``cmaes`` or ``random``.
    prior
        Another sweep whose runs ``bayes`` learns from.
    exclude
        Names that the function uses and that stay behind.
    env
        Environment variables for the runs.
    run_timeout
        Seconds after which a run is stopped.
    retries
        How often a broken run is started again with the same parameters.
    failure_limit
        The sweep pauses when this many runs in a row have failed at its start; 0 for never.
    grace
        Seconds between SIGINT, SIGTERM and SIGKILL when a run is stopped.

    Raises
    ------
    SpecError
        If the config or an argument is wrong.
    BundleError
        If a variable cannot be handed over.
    """
    options = Options(
        seed=secrets.randbits(31) if seed is None else seed,
        sampler=sampler,
        retries=retries,
        run_timeout=run_timeout,
        failure_limit=failure_limit,
        grace=grace,
        priors=() if prior is None else priors_of(prior),
    )
    settings = Settings(count, agents, name, project, entity, mode, options, env)
    return start_code(config, Code(function=function, exclude=exclude), settings)


@dataclass(frozen=True)
class Settings:
    """How a sweep is to run, as it was asked for; see `start` for the fields."""

    count: int | None
    agents: int
    name: str | None
    project: str | None
    entity: str | None
    mode: str
    options: Options
    env: Mapping[str, str] | None


def start_code(
    config: Mapping[str, Any] | str | os.PathLike[str], code: Code, settings: Settings
) -> Sweep:
    """Start a sweep of any kind of code; see `start`."""
    spec = load(config)
    _check(spec, code, settings)
    paths, sweep = _plan(spec, settings)
    environment = {**inherited(os.environ), **(settings.env or {})}
    try:
        contents = _write(paths, sweep, spec, code, environment)
        index.add(index.Entry(sweep.id, sweep.name, str(paths.folder), sweep.created))
        start_supervisor(paths, environment)
    except BaseException as error:
        _take_back(paths, sweep.id)
        if isinstance(error, OSError):
            raise SweepError(_sentence(error, paths)) from error
        raise
    return Sweep(paths, contents)


def _check(spec: Spec, code: Code, settings: Settings) -> None:
    problems = [*_wrong_settings(settings), *_wrong_together(spec, code, settings)]
    if problems:
        raise SpecError(*problems)
    if settings.mode == "online":
        raise UnsupportedError(
            "mode: this version runs sweeps offline only: leave --mode out, and send the runs to "
            "W&B later with `wandb sync`"
        )


def _wrong_settings(settings: Settings) -> Iterator[str]:
    options = settings.options
    for name, number in (("count", settings.count), ("agents", settings.agents)):
        if number is not None and (not isinstance(number, int) or number < 1):
            yield f"{name}: must be a whole number from 1, and is {number!r}"
    for name, word, words in (
        ("mode", settings.mode, MODES),
        ("sampler", options.sampler, SAMPLERS),
    ):
        if word not in words:
            yield f"{name}: must be one of {', '.join(words)}, and is {word!r}"
    if options.run_timeout is not None and options.run_timeout <= 0:
        yield f"run_timeout: must be above 0 s, and is {options.run_timeout!r}"
    if options.retries < 0:
        yield f"retries: must be 0 or more, and is {options.retries!r}"


def _wrong_together(spec: Spec, code: Code, settings: Settings) -> Iterator[str]:
    if spec.method != "grid" and settings.count is None and spec.run_cap is None:
        yield (
            f"method {spec.method} never ends by itself: say how many runs with --count 30 "
            "(count=30 in Python), or with run_cap in the config"
        )
    sampler = settings.options.sampler
    if spec.method != "bayes" and sampler != "auto":
        yield f"sampler: {sampler} goes with method bayes, not {spec.method}: change one of them"
    if sampler in NEEDS and find_spec(NEEDS[sampler]) is None:
        yield (
            f"sampler: {sampler} needs the package {NEEDS[sampler]}: "
            f"pip install {NEEDS[sampler]}, or choose another sampler"
        )
    has_code = code.cell is not None or code.function is not None
    if not has_code and not spec.program:
        yield (
            "nothing to run: write the training code in the cell, give function=train, or name a "
            "`program` in the config"
        )
    if has_code and spec.program:
        yield "program: the config names a script, and there is a cell or function: use one"


def _plan(spec: Spec, settings: Settings) -> tuple[SweepPaths, SweepRecord]:
    whole = size(spec) if spec.method == "grid" else None
    budgets = [budget for budget in (settings.count, spec.run_cap, whole) if budget is not None]
    sweep_id = SweepId(new_id())
    root = Path(os.environ.get("WANDB_DIR") or Path.cwd()).absolute()
    sweep = SweepRecord(
        id=sweep_id,
        name=settings.name or spec.name or sweep_id,
        project=settings.project
        or spec.project
        or os.environ.get("WANDB_PROJECT", "")
        or "uncategorized",
        entity=settings.entity or spec.entity or os.environ.get("WANDB_ENTITY", ""),
        mode="offline",
        state=SweepState.PENDING,
        created=time.time(),
        spec=spec.to_dict(),
        options=settings.options,
        agents=settings.agents,
        budget=min(budgets, default=None),
        notices=spec.notices,
    )
    return SweepPaths.of(root, sweep_id), sweep


def _write(
    paths: SweepPaths, sweep: SweepRecord, spec: Spec, code: Code, environment: Mapping[str, str]
) -> Contents:
    paths.folder.mkdir(mode=FOLDER_MODE, parents=True)
    contents = freeze(
        paths.bundle,
        cell=code.cell,
        function=code.function,
        namespace=code.namespace,
        exclude=code.exclude,
        environment=environment,
    )
    write_atomically(paths.spec, yaml.safe_dump(spec.to_dict(), sort_keys=False))
    if network_file_system(paths.folder) is not None:
        store = _local_state() / f"{sweep.id}.db"
        store.parent.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
        write_atomically(paths.store_pointer, str(store))
    create(paths.store, sweep)
    return contents


def _local_state() -> Path:
    state = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(state) / "wandb-magic"


def _take_back(paths: SweepPaths, sweep: SweepId) -> None:
    index.remove(sweep)
    paths.store.unlink(missing_ok=True)
    shutil.rmtree(paths.folder, ignore_errors=True)


def _sentence(error: OSError, paths: SweepPaths) -> str:
    place = error.filename or paths.folder
    if error.errno in (errno.EACCES, errno.EROFS, errno.EPERM, errno.ENOENT, errno.ENOTDIR):
        return f"{place} cannot be written: set WANDB_DIR to a folder that can"
    if error.errno == errno.ENOSPC:
        return f"the disk of {paths.root} is full: free some space, or set WANDB_DIR"
    return f"{place}: {error.strerror or error}"
