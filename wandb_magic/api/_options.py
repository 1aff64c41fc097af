"""The inputs of a sweep's start: the code of its runs, and its options.

They are validated before anything is created.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Union

from wandb_magic.alert_rules import parse_rules
from wandb_magic.api._reader import SweepReader
from wandb_magic.arguments import (
    ArgumentError,
    brief,
    check_agent_count,
    check_bytes,
    check_count,
    check_flag,
    check_gpus,
    check_integer,
    check_megabytes,
    check_minutes,
    check_object,
    check_seconds,
    check_text,
)
from wandb_magic.errors import SpecError
from wandb_magic.launchers import SYSTEMS, check_launcher, resolve_client
from wandb_magic.records import Options
from wandb_magic.runner.capacity import check_agents
from wandb_magic.runner.objective_function import wrap_objective
from wandb_magic.search import SAMPLERS
from wandb_magic.search.random import RandomSearcher
from wandb_magic.spec import Spec
from wandb_magic.spec.own_params import complete_params, to_json_params
from wandb_magic.sweep_limits import check_amount, check_limits, has_end

if TYPE_CHECKING:
    import os

    from wandb_magic.analysis.study import Study

MODES = ("auto", "offline", "online")
MAX_REPEAT = 1000  # runs of one set of parameters
SAMPLER_PACKAGES = {"gp": "torch", "cmaes": "cmaes"}  # packages that a sampler requires

ONLINE_REPEATS = (
    "repeat: W&B's server chooses the runs of online sweeps, and does not know repeats: use "
    "--mode offline, and send the sweep with sync"
)
"""Why an online sweep has no repeats."""

Prior = Union[str, "os.PathLike[str]", SweepReader, "Study", Sequence[Mapping[str, Any]]]
"""What a new sweep can learn from; see `start`."""


@dataclass(frozen=True)
class RunCode:
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
        Names that are not captured.
    include
        Names that are captured whether the code uses them or not.
    rerun_cells
        Whether runs execute the cells that define variables that cannot be pickled.
    random_state
        Whether runs start with the state of this process's global random generators.
    """

    cell: str | None = None
    function: Callable[..., object] | None = None
    namespace: dict[str, Any] | None = None
    exclude: Collection[str] = ()
    include: Collection[str] = ()
    rerun_cells: bool = False
    random_state: bool = False


@dataclass(frozen=True)
class LaunchOptions:
    """The options of a sweep, as the user gave them; see `start` for the fields.

    An `idle` sweep is created but not run. `prior_runs` are the ids of runs to learn from, as in
    ``wandb.sweep``. With `ask`, users execute the runs themselves; None to do so without code.
    `folder` is where the sweep is created and its program starts, whatever the working directory
    and ``WANDB_DIR`` are.
    """

    count: int | None
    agents: int
    name: str | None
    project: str | None
    entity: str | None
    mode: str
    options: Options
    env: Mapping[str, str] | None
    prior: Prior | None = None
    launcher: object | None = None
    launcher_options: Mapping[str, object] | str | None = None
    idle: bool = False
    prior_runs: tuple[str, ...] = ()
    first: Sequence[Mapping[str, Any]] = ()
    ask: bool | None = False
    folder: str | None = None

    def resolve_launcher(self) -> tuple[object, dict[str, str]]:
        """Return the launcher's address, and the variables with which it is reached.

        Raises
        ------
        ArgumentError
            If its options are malformed.
        """
        return resolve_client(self.launcher, self.launcher_options)


def with_objective(code: RunCode, spec: Spec) -> RunCode:
    """Return the code with an objective function as what runs can call without arguments.

    Raises
    ------
    SpecError
        If the function takes arguments, and it is not clear what they are.
    """
    if code.function is None:
        return code
    metric = spec.objective.name if spec.objective is not None else ""
    return replace(code, function=wrap_objective(code.function, [*spec.parameters], metric))


def validate_options(
    spec: Spec, code: RunCode, launch_options: LaunchOptions, *, is_remote: bool = False
) -> None:
    """Raise an error if the options are invalid.

    Parameters
    ----------
    spec, code, launch_options
        The config, the code, and the options to validate.
    is_remote
        Whether the sweep already exists at the server, which then decides when it ends.

    Raises
    ------
    SpecError
        With all errors.
    """
    # Invalid options would only cause misleading errors in checks of combinations.
    problems = [*_option_errors(launch_options)] or [
        *_combination_errors(spec, code, launch_options)
    ]
    if not problems and not is_remote and not launch_options.idle:
        problems += _unbounded_errors(spec, launch_options)
    if problems:
        raise SpecError(*problems)


def is_external(spec: Spec, code: RunCode, launch_options: LaunchOptions) -> bool:
    """Return whether users execute the runs of a new sweep themselves."""
    has_code = code.cell is not None or code.function is not None or bool(spec.program)
    return not has_code and not launch_options.idle and launch_options.ask is not False


def require_bound(spec: Spec, launch_options: LaunchOptions) -> None:
    """Raise an error if a search would never end.

    Raises
    ------
    SpecError
        If neither the search nor a count ends it.
    """
    problems = [*_unbounded_errors(spec, launch_options)]
    if problems:
        raise SpecError(*problems)


def _option_errors(launch_options: LaunchOptions) -> Iterator[str]:
    options = launch_options.options
    checks: list[Callable[[], object]] = [
        lambda: check_count("count", launch_options.count),
        lambda: _check_agents(launch_options),
        lambda: _check_launcher(launch_options),
        lambda: check_integer("retries", options.retries, minimum=0),
        lambda: check_integer("failure_limit", options.failure_limit, minimum=0),
        lambda: check_integer("seed", options.seed, minimum=-(2**63), maximum=2**63 - 1),
        lambda: check_seconds("grace", options.grace, allow_zero=True),
    ]
    checks += [
        lambda: check_gpus("gpus_per_run", options.gpus_per_run),
        lambda: check_bytes("gpu_memory", options.gpu_memory),
        lambda: check_megabytes("debug_mb", options.debug_mb),
        lambda: check_minutes("hold", options.hold),
        lambda: parse_rules(options.notify),
        lambda: check_integer("repeat", options.repeat, maximum=MAX_REPEAT),
        lambda: check_flag("until_flat", options.until_flat),
    ]
    amounts = {"max_cost": options.max_cost, "price_per_hour": options.price_per_hour}
    checks += [partial(check_amount, *item) for item in amounts.items() if item[1] is not None]
    if options.max_time is not None:
        checks.append(lambda: check_seconds("max_time", options.max_time))
    if options.run_timeout is not None:
        checks.append(lambda: check_seconds("run_timeout", options.run_timeout))
    names = {
        "name": launch_options.name,
        "project": launch_options.project,
        "entity": launch_options.entity,
    }
    checks += [partial(check_text, *item) for item in names.items() if item[1] is not None]
    checks += [partial(_check_variable, *pair) for pair in (launch_options.env or {}).items()]
    for check in checks:
        try:
            check()
        except ArgumentError as error:
            yield str(error)
    for name, value, choices in (
        ("mode", launch_options.mode, MODES),
        ("sampler", options.sampler, SAMPLERS),
    ):
        if not isinstance(value, str) or value not in choices:
            yield f"{name}: must be one of {', '.join(choices)}, and is {brief(value)}"


def _check_agents(launch_options: LaunchOptions) -> None:
    agents = check_agent_count("agents", launch_options.agents)
    if launch_options.launcher is None:  # the limits of other machines are unknown here
        check_agents(agents)


def _check_launcher(launch_options: LaunchOptions) -> None:
    if launch_options.launcher is not None:
        address, _ = launch_options.resolve_launcher()
        if address is launch_options.launcher or launch_options.launcher in SYSTEMS:
            check_launcher(address)  # a client has reached its cluster already
    elif launch_options.launcher_options:
        raise ArgumentError("launcher_options: name a launcher as well, as in launcher='slurm'")


def _check_variable(name: object, value: object) -> None:
    if not isinstance(name, str) or not name or "=" in name:
        raise ArgumentError(f"env: {brief(name)} is not a variable name")
    check_text("env", name)
    check_text(f"env: {name}", value)


def _combination_errors(spec: Spec, code: RunCode, launch_options: LaunchOptions) -> Iterator[str]:
    sampler = launch_options.options.sampler
    if spec.method != "bayes" and sampler != "auto":
        yield f"sampler: {sampler} goes with method bayes, not {spec.method}: change one of them"
    if sampler in SAMPLER_PACKAGES and find_spec(SAMPLER_PACKAGES[sampler]) is None:
        yield (
            f"sampler: {sampler} needs the package {SAMPLER_PACKAGES[sampler]}: "
            f"pip install {SAMPLER_PACKAGES[sampler]}, or choose another sampler"
        )
    has_code = code.cell is not None or code.function is not None
    if launch_options.ask and (has_code or spec.program):
        yield "ask: you execute the runs of such a sweep yourself: remove the code, or ask"
    if is_external(spec, code, launch_options):
        if launch_options.mode == "online":
            yield "mode: a sweep whose runs you execute yourself is offline: use --mode offline"
        if launch_options.launcher is not None:
            yield "launcher: you execute the runs of a sweep without code: remove the launcher"
    elif not has_code and not spec.program and not launch_options.idle:
        yield (
            "nothing to run: write the training code in the cell, pass function=train, or name a "
            "`program` in the config"
        )
    yield from _hold_errors(code, launch_options)
    yield from _function_errors(code)
    yield from _first_errors(spec, launch_options)
    try:
        check_limits(launch_options.options, spec.objectives, spec.constraints)
    except ArgumentError as error:
        yield str(error)
    if launch_options.options.repeat > 1:
        yield from _repeat_errors(spec, code)


def _repeat_errors(spec: Spec, code: RunCode) -> Iterator[str]:
    if code.random_state:
        yield (
            "repeat: with random_state, all repeats would draw the same numbers: remove one of "
            "the two"
        )
    if spec.scheduler is not None:
        yield "repeat: the scheduler's code knows no repeats: remove one of the two"


def _hold_errors(code: RunCode, launch_options: LaunchOptions) -> Iterator[str]:
    has_code = code.cell is not None or code.function is not None
    if launch_options.options.hold and (not has_code or launch_options.launcher is not None):
        yield (
            "hold: only runs of a cell or a function can be held, and only on this machine: "
            "remove it; `debug` shows the frames of a failed run in any case"
        )


def _first_errors(spec: Spec, launch_options: LaunchOptions) -> Iterator[str]:
    first = launch_options.first
    if isinstance(first, (str, bytes, Mapping)) or not isinstance(first, Sequence):
        yield f"first: must be a list of mappings, as in first=[{{'lr': 0.1}}], not {brief(first)}"
        return
    if launch_options.count is not None and len(first) > launch_options.count:
        yield f"first: has {len(first)} entries, more than count ({launch_options.count})"
    for index, each in enumerate(first):
        try:
            check_object("params", to_json_params(each))
            complete_params(spec, each, RandomSearcher(spec, seed=0).draws(0))
        except ArgumentError as error:
            yield f"first[{index}]: {error}"


def validate_code(code: RunCode) -> None:
    """Raise an error if runs cannot call the function.

    Raises
    ------
    SpecError
        If the function requires arguments.
    """
    problems = [*_function_errors(code)]
    if problems:
        raise SpecError(*problems)


def _function_errors(code: RunCode) -> Iterator[str]:
    if code.function is not None and (missing := required_arguments(code.function)):
        name = getattr(code.function, "__name__", "train")
        yield (
            f"function: each run calls {name}() without arguments, and it needs {missing}: give "
            f"them defaults, or pass a function that calls it, as in lambda: {name}(...)"
        )


def required_arguments(function: Callable[..., object]) -> str:
    """Return the names of the required arguments of a function, separated by commas."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):  # not callable, or without a signature
        return ""
    return ", ".join(
        parameter.name
        for parameter in parameters
        if parameter.default is parameter.empty
        and parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
    )


def _unbounded_errors(spec: Spec, launch_options: LaunchOptions) -> Iterator[str]:
    if spec.method == "grid" or launch_options.count is not None or spec.run_cap is not None:
        return
    if not has_end(launch_options.options):
        yield (
            f"method {spec.method} runs forever: set a limit with --count 30 (count=30 in "
            "Python), with --for 2h (max_time=7200), or with run_cap in the config"
        )
