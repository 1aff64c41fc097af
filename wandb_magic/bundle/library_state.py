"""Reads and restores library state that a notebook has set and no variable holds.

`LIBRARY_SETTINGS` lists the global settings of the standard library and of well-known libraries:
how to read one, its value in a fresh process, and how to set it. `restore` sets the notebook's
values in the process that executes its code. An exported run includes this file unchanged, so it
imports nothing from this package, and no library that the process has not imported itself.
"""

from __future__ import annotations

import contextlib
import csv
import decimal
import importlib.abc
import locale
import logging
import multiprocessing
import os
import pickle
import socket
import sys
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any, NamedTuple

STATE = "<library state>"  # its name among the variables of a bundle


class LibrarySetting(NamedTuple):
    """One global setting of a library.

    Attributes
    ----------
    module
        The module that must be imported for it to exist.
    read
        Returns the current value in a form that can be pickled.
    default
        What `read` returns in a fresh process, or a function of the module that does so.
    write
        Sets a value that `read` returned.
    late
        Whether to set it in the run itself, because that starts threads or initialises a device.
    is_reported
        Returns whether to report a value to the user; libraries set some of these themselves.
    """

    module: str
    read: Callable[[Any], Any]
    default: Any
    write: Callable[[Any, Any], object]
    late: bool = False
    is_reported: Callable[[Any], bool] = bool


class RandomGenerator(NamedTuple):
    """The global random generators of one library.

    Attributes
    ----------
    module
        The module that must be imported for them to exist.
    read
        Returns their state in JSON types; None if they have none yet.
    write
        Sets a state that `read` returned.
    """

    module: str
    read: Callable[[Any], Any]
    write: Callable[[Any, Any], object]


class Attribute(NamedTuple):
    """One attribute, or one item, that a notebook has set on a module or a class.

    Attributes
    ----------
    module, path
        The module, and the path from it to the owner of the attribute: ``"nn.Linear"``, or "".
    key
        The name of the attribute, or the key of the item.
    value
        The value in the notebook.
    is_item
        Whether it is an item of a container.
    is_certain
        Whether it was certainly changed; if not, it is set only where a fresh import differs.
    """

    module: str
    path: str
    key: Any
    value: Any
    is_item: bool = False
    is_certain: bool = True

    @property
    def label(self) -> str:
        """The attribute as written in code."""
        owner = ".".join(part for part in (self.module, self.path) if part)
        return f"{owner}[{self.key!r}]" if self.is_item else f"{owner}.{self.key}"


def _changed(now: Mapping[str, Any], fresh: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: value
        for name, value in now.items()
        if name in fresh and not is_same(value, fresh[name])
    }


def is_same(one: Any, other: Any) -> bool:  # noqa: ANN401 - any two values
    """Return whether two values are equal and of the same type."""
    if one is other:
        return True
    if type(one) is not type(other):
        return False
    try:
        return bool(one == other) or pickle.dumps(one) == pickle.dumps(other)
    except Exception:  # noqa: BLE001 - any class may raise anything
        return False


# --- the standard library

_CATEGORIES = ("LC_COLLATE", "LC_MONETARY", "LC_NUMERIC", "LC_TIME")


def _locale(_: Any) -> dict[str, str]:  # noqa: ANN401 - a module
    return _changed(
        {name: locale.setlocale(getattr(locale, name)) for name in _CATEGORIES},
        dict.fromkeys(_CATEGORIES, "C"),
    )


def _set_locale(_: Any, categories: dict[str, str]) -> None:  # noqa: ANN401 - a module
    for name, value in categories.items():
        locale.setlocale(getattr(locale, name), value)


def _decimal(_: Any) -> decimal.Context | None:  # noqa: ANN401 - a module
    context, fresh = decimal.getcontext().copy(), decimal.DefaultContext
    context.clear_flags()
    names = ("prec", "rounding", "Emin", "Emax", "capitals", "clamp", "traps")
    same = all(getattr(context, name) == getattr(fresh, name) for name in names)
    return None if same else context


_ROOT = "root"
# Loggers of the kernel itself.
_KERNELS = frozenset(
    {"asyncio", "comm", "ipykernel", "IPKernelApp", "IPython", "jupyter_client", "parso"}
    | {"ipywidgets", "jedi", "tornado", "traitlets", "wandb", "zmq"}
)


def _loggers() -> dict[str, logging.Logger]:
    loggers = {
        name: each
        for name, each in list(logging.root.manager.loggerDict.items())
        if isinstance(each, logging.Logger) and name.partition(".")[0] not in _KERNELS
    }
    return {_ROOT: logging.root, **loggers}


def _levels(_: Any) -> dict[str, int]:  # noqa: ANN401 - a module
    levels = {name: each.level for name, each in _loggers().items() if each.level}
    if levels.get(_ROOT) == logging.WARNING:
        del levels[_ROOT]
    return levels


def _set_levels(_: Any, levels: dict[str, int]) -> None:  # noqa: ANN401 - a module
    for name, level in levels.items():
        (logging.root if name == _ROOT else logging.getLogger(name)).setLevel(level)


def _is_library_logger(name: str) -> bool:
    """Return whether a logger is one that a library creates and configures itself."""
    file = getattr(sys.modules.get(name.partition(".")[0]), "__file__", None) or ""
    return "-packages" in file


def _handlers(_: Any) -> dict[str, list[tuple[str, Any, int, Any]]]:  # noqa: ANN401 - a module
    handlers = {}
    for name, logger in _loggers().items():
        if name != _ROOT and _is_library_logger(name):
            continue
        described = [_describe_handler(handler) for handler in logger.handlers]
        if supported := [handler for handler in described if handler is not None]:
            handlers[name] = supported
    return handlers


def _describe_handler(handler: logging.Handler) -> tuple[str, Any, int, Any] | None:
    """Return a handler as kind, target, level and formatter; None for any other kind."""
    if type(handler) is logging.FileHandler:
        target: Any = (handler.baseFilename, handler.encoding)
        return "file", target, handler.level, handler.formatter
    if type(handler) is logging.StreamHandler:
        stream_name = getattr(handler.stream, "name", "")
        is_out = handler.stream is sys.stdout or stream_name in ("stdout", "<stdout>")
        return "stream", "stdout" if is_out else "stderr", handler.level, handler.formatter
    return None


def other_handlers() -> list[str]:
    """Return the handlers of the notebook's loggers that cannot be recreated."""
    return [
        f"{type(handler).__qualname__} of logger {name!r}"
        for name, each in _loggers().items()
        if name == _ROOT or not _is_library_logger(name)
        for handler in each.handlers
        if _describe_handler(handler) is None and not isinstance(handler, logging.NullHandler)
    ]


def _add_handlers(_: Any, handlers: dict[str, list[tuple[str, Any, int, Any]]]) -> None:  # noqa: ANN401 - a module
    for name, descriptions in handlers.items():
        logger = logging.root if name == _ROOT else logging.getLogger(name)
        for kind, target, level, formatter in descriptions:
            handler: logging.Handler
            if kind == "file":
                handler = logging.FileHandler(target[0], encoding=target[1], delay=True)
            else:
                handler = logging.StreamHandler(getattr(sys, target))
            existing = [(_describe_handler(each) or ("", ""))[:2] for each in logger.handlers]
            if (kind, target) in existing:
                continue
            handler.setLevel(level)
            handler.setFormatter(formatter)
            logger.addHandler(handler)


Filter = tuple[str, str, str, str, int]  # action, message, category, module, line


def _filters(_: Any) -> list[Filter]:  # noqa: ANN401 - a module
    """Return the filters that were added since this process started, by any code."""
    return [entry for entry in map(_plain, warnings.filters) if entry not in _FRESH]


def _plain(entry: Any) -> Filter:  # noqa: ANN401 - a tuple, by Python's own types
    action, message, category, module, line = entry
    texts = [getattr(text, "pattern", text) or "" for text in (message, module)]
    return action, texts[0], f"{category.__module__}:{category.__qualname__}", texts[1], line


_FRESH: tuple[Filter, ...] = (
    ("default", "", "builtins:DeprecationWarning", "__main__", 0),
    *(
        ("ignore", "", f"builtins:{name}", "", 0)
        for name in (
            "DeprecationWarning",
            "PendingDeprecationWarning",
            "ImportWarning",
            "ResourceWarning",
        )
    ),
)
# Turns every warning into an error, including warnings of libraries in a run.
STRICT: Filter = ("error", "", "builtins:Warning", "", 0)


def _set_filters(_: Any, filters: list[Filter]) -> None:  # noqa: ANN401 - a module
    existing = {_plain(entry): entry for entry in warnings.filters}
    first = []
    for entry in filters:
        action, message, category, module, line = entry
        if entry in existing:
            first.append(existing.pop(entry))
        elif warning_class := _category(category):
            before = list(warnings.filters)
            warnings.filterwarnings(action, message, warning_class, module, line)  # type: ignore[arg-type]
            first.append(warnings.filters[0])
            warnings.filters[:] = before  # type: ignore[index]
    warnings.filters[:] = [*first, *existing.values()]  # type: ignore[index]
    getattr(warnings, "_filters_mutated_lock_held", getattr(warnings, "_filters_mutated", list))()


def _category(qualified_name: str) -> type[Warning] | None:
    module, _, name = qualified_name.partition(":")
    value: Any = sys.modules.get(module)
    for part in name.split("."):
        value = getattr(value, part, None)
    return value if isinstance(value, type) and issubclass(value, Warning) else None


# --- libraries


def _numpy_print(numpy: Any) -> dict[str, Any]:  # noqa: ANN401 - a module
    fresh = {
        "edgeitems": 3,
        "threshold": 1000,
        "floatmode": "maxprec",
        "precision": 8,
        "suppress": False,
        "linewidth": 75,
        "nanstr": "nan",
        "infstr": "inf",
        "sign": "-",
        "formatter": None,
        "legacy": False,
    }
    return _changed(numpy.get_printoptions(), fresh)


def _pandas_options(_: Any) -> dict[str, Any]:  # noqa: ANN401 - a module
    config = sys.modules["pandas._config.config"]
    now, fresh = {}, {}
    for name, option in config._registered_options.items():  # noqa: SLF001 - `get_option` warns
        root, key = config._get_root(name)  # noqa: SLF001 - as above
        now[name], fresh[name] = root[key], option.defval
    return _changed(now, fresh)


def _set_pandas_options(pandas: Any, options: dict[str, Any]) -> None:  # noqa: ANN401 - a module
    for name, value in options.items():
        pandas.set_option(name, value)


def _has_progress(pandas: Any) -> bool:  # noqa: ANN401 - a module
    return hasattr(pandas.DataFrame, "progress_apply") and "tqdm.std" in sys.modules


def _rc_params(matplotlib: Any) -> dict[str, Any]:  # noqa: ANN401 - a module
    def of(params: Any) -> dict[str, Any]:  # noqa: ANN401 - a library's mapping
        return {
            name: dict.__getitem__(params, name)  # reading the backend would select one
            for name in dict.keys(params)
            if name not in ("backend", "backend_fallback", "interactive", "toolbar")
        }

    return _changed(of(matplotlib.rcParams), of(matplotlib.rcParamsOrig))


_SKLEARN = {
    "assume_finite": False,
    "working_memory": 1024,
    "print_changed_only": True,
    "display": "diagram",
    "pairwise_dist_chunk_size": 256,
    "enable_cython_pairwise_dist": True,
    "array_api_dispatch": False,
    "transform_output": "default",
    "enable_metadata_routing": False,
    "skip_parameter_validation": False,
}
_XGBOOST = {"verbosity": 1, "use_rmm": False}
_CUDNN = {"benchmark": False, "deterministic": False, "enabled": True}
_TORCH_PRINT = {
    "precision": 4,
    "threshold": 1000,
    "edgeitems": 3,
    "linewidth": 80,
    "sci_mode": None,
}
_JAX = {
    "jax_enable_x64": False,
    "jax_debug_nans": False,
    "jax_debug_infs": False,
    "jax_disable_jit": False,
    "jax_default_matmul_precision": None,
    "jax_numpy_dtype_promotion": "standard",
    "jax_numpy_rank_promotion": "allow",
    "jax_default_prng_impl": "threefry2x32",
}


def _deterministic(torch: Any) -> tuple[bool, bool]:  # noqa: ANN401 - a module
    warns = torch.is_deterministic_algorithms_warn_only_enabled()
    return torch.are_deterministic_algorithms_enabled(), warns


def _usual_threads(torch: Any) -> int:  # noqa: ANN401 - a module
    """Return the current number of threads if it is a default of torch's, else -1."""
    now: int = torch.get_num_threads()
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    usual = {cores, os.cpu_count(), (os.cpu_count() or 2) // 2, (cores or 2) // 2}
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        with contextlib.suppress(ValueError):
            usual.add(int(os.environ.get(name, "")))
    return now if now in usual else -1


def _set_items(holder: Any, values: dict[str, Any]) -> None:  # noqa: ANN401 - a library's own
    for name, value in values.items():
        setattr(holder, name, value)


def _validates(_: Any) -> bool:  # noqa: ANN401 - a module
    distributions = sys.modules.get("torch.distributions.distribution")
    return getattr(distributions, "Distribution", None) is None or bool(
        distributions.Distribution._validate_args  # type: ignore[union-attr] # noqa: SLF001 - it has no other reader
    )


def _keras_settings(keras: Any) -> dict[str, Any]:  # noqa: ANN401 - a module
    config = keras.config
    now = {
        "floatx": config.floatx(),
        "epsilon": config.epsilon(),
        "image_data_format": config.image_data_format(),
        "dtype_policy": config.dtype_policy().name,
    }
    fresh = {"floatx": "float32", "epsilon": 1e-07, "image_data_format": "channels_last"}
    return _changed(now, {**fresh, "dtype_policy": now["floatx"]})


def _set_keras(keras: Any, settings: dict[str, Any]) -> None:  # noqa: ANN401 - a module
    for name, value in settings.items():
        getattr(keras.config, f"set_{name}")(value)


def _always(_: Any) -> bool:  # noqa: ANN401 - any value
    return True


def _has_general(filters: list[Filter]) -> bool:
    return any(
        not message and not module and category.startswith("builtins:")
        for _, message, category, module, _ in filters
    )


LIBRARY_SETTINGS: dict[str, LibrarySetting] = {
    "recursion limit": LibrarySetting(
        "sys",
        lambda sys: sys.getrecursionlimit(),
        1000,
        # IPython raises it for itself: never lower it.
        lambda sys, value: sys.setrecursionlimit(max(value, sys.getrecursionlimit())),
    ),
    "socket timeout": LibrarySetting(
        "socket",
        lambda _: socket.getdefaulttimeout(),
        None,
        lambda _, value: socket.setdefaulttimeout(value),
    ),
    "csv field size limit": LibrarySetting(
        "csv",
        lambda _: csv.field_size_limit(),
        131072,
        lambda _, value: csv.field_size_limit(value),
    ),
    "multiprocessing start method": LibrarySetting(
        "multiprocessing",
        lambda _: multiprocessing.get_start_method(allow_none=True),
        None,
        lambda _, value: multiprocessing.set_start_method(value, force=True),
    ),
    "locale": LibrarySetting("locale", _locale, {}, _set_locale),
    "decimal context": LibrarySetting(
        "decimal", _decimal, None, lambda _, value: decimal.setcontext(value), is_reported=_always
    ),
    "logging level": LibrarySetting("logging", _levels, {}, _set_levels),
    "logging handlers": LibrarySetting("logging", _handlers, {}, _add_handlers),
    "logging.disable": LibrarySetting(
        "logging",
        lambda _: logging.root.manager.disable,
        0,
        lambda _, value: logging.disable(value),
    ),
    "logging.captureWarnings": LibrarySetting(
        "logging",
        lambda logging: logging._warnings_showwarning is not None,  # noqa: SLF001 - it has no other reader
        False,  # noqa: FBT003 - a default
        lambda _, value: logging.captureWarnings(value),
    ),
    "warnings filters": LibrarySetting(
        "warnings", _filters, [], _set_filters, is_reported=_has_general
    ),
    "numpy errors": LibrarySetting(
        "numpy",
        lambda numpy: _changed(
            numpy.geterr(),
            {"divide": "warn", "over": "warn", "under": "ignore", "invalid": "warn"},
        ),
        {},
        lambda numpy, value: numpy.seterr(**value),
    ),
    "numpy print options": LibrarySetting(
        "numpy", _numpy_print, {}, lambda numpy, value: numpy.set_printoptions(**value)
    ),
    "pandas options": LibrarySetting("pandas", _pandas_options, {}, _set_pandas_options),
    "tqdm.pandas()": LibrarySetting(
        "pandas",
        _has_progress,
        False,  # noqa: FBT003 - a default
        lambda _, __: importlib.import_module("tqdm.std").tqdm.pandas(),
    ),
    "matplotlib rcParams": LibrarySetting(
        "matplotlib", _rc_params, {}, lambda matplotlib, value: matplotlib.rcParams.update(value)
    ),
    "scikit-learn config": LibrarySetting(
        "sklearn",
        lambda sklearn: _changed(sklearn.get_config(), _SKLEARN),
        {},
        lambda sklearn, value: sklearn.set_config(**value),
    ),
    "xgboost config": LibrarySetting(
        "xgboost",
        lambda xgboost: _changed(xgboost.get_config(), _XGBOOST),
        {},
        lambda xgboost, value: xgboost.set_config(**value),
    ),
    "torch default dtype": LibrarySetting(
        "torch",
        lambda torch: torch.get_default_dtype(),
        lambda torch: torch.float32,
        lambda torch, value: torch.set_default_dtype(value),
    ),
    "torch default device": LibrarySetting(
        "torch",
        lambda torch: str(torch.get_default_device()),
        "cpu",
        lambda torch, value: torch.set_default_device(value),
        late=True,
    ),
    "torch gradients": LibrarySetting(
        "torch",
        lambda torch: torch.is_grad_enabled(),
        True,  # noqa: FBT003 - a default
        lambda torch, value: torch.set_grad_enabled(value),
        late=True,
        is_reported=_always,
    ),
    "torch anomaly detection": LibrarySetting(
        "torch",
        lambda torch: torch.is_anomaly_enabled(),
        False,  # noqa: FBT003 - a default
        lambda torch, value: torch.autograd.set_detect_anomaly(value),
    ),
    "torch threads": LibrarySetting(
        "torch",
        lambda torch: torch.get_num_threads(),
        _usual_threads,
        lambda torch, value: torch.set_num_threads(value),
        late=True,
    ),
    "torch deterministic algorithms": LibrarySetting(
        "torch",
        _deterministic,
        (False, False),
        lambda torch, value: torch.use_deterministic_algorithms(value[0], warn_only=value[1]),
    ),
    "torch float32 matmul precision": LibrarySetting(
        "torch",
        lambda torch: torch.get_float32_matmul_precision(),
        "highest",
        lambda torch, value: torch.set_float32_matmul_precision(value),
    ),
    "torch cudnn": LibrarySetting(
        "torch",
        lambda torch: _changed(
            {name: getattr(torch.backends.cudnn, name) for name in _CUDNN}, _CUDNN
        ),
        {},
        lambda torch, value: _set_items(torch.backends.cudnn, value),
    ),
    "torch print options": LibrarySetting(
        "torch",
        lambda torch: _changed(vars(torch._tensor_str.PRINT_OPTS), _TORCH_PRINT),  # noqa: SLF001 - it has no other reader
        {},
        lambda torch, value: _set_items(torch._tensor_str.PRINT_OPTS, value),  # noqa: SLF001 - as above
    ),
    "torch validation of distributions": LibrarySetting(
        "torch",
        _validates,
        True,  # noqa: FBT003 - a default
        lambda torch, value: torch.distributions.Distribution.set_default_validate_args(value),
        is_reported=_always,
    ),
    "torch sharing strategy": LibrarySetting(
        "torch.multiprocessing",
        lambda torch: torch.get_sharing_strategy(),
        "file_descriptor" if sys.platform == "linux" else "file_system",
        lambda torch, value: torch.set_sharing_strategy(value),
    ),
    "keras config": LibrarySetting("keras", _keras_settings, {}, _set_keras),
    "jax config": LibrarySetting(
        "jax",
        lambda jax: _changed({name: getattr(jax.config, name, None) for name in _JAX}, _JAX),
        {},
        lambda jax, value: [jax.config.update(*each) for each in value.items()],
    ),
    "tensorflow eager functions": LibrarySetting(
        "tensorflow",
        lambda tensorflow: tensorflow.config.functions_run_eagerly(),
        False,  # noqa: FBT003 - a default
        lambda tensorflow, value: tensorflow.config.run_functions_eagerly(value),
        late=True,
    ),
    "plotly template": LibrarySetting(
        "plotly.io",
        lambda io: io.templates.default,
        "plotly",
        lambda io, value: setattr(io.templates, "default", value),
    ),
}


def _as_json(value: Any) -> Any:  # noqa: ANN401 - a state of NumPy's
    if isinstance(value, Mapping):
        return {key: _as_json(each) for key, each in value.items()}
    return value.tolist() if hasattr(value, "tolist") else value


def _read_torch_random(torch: Any) -> dict[str, Any]:  # noqa: ANN401 - a module
    devices = torch.cuda.get_rng_state_all() if torch.cuda.is_initialized() else []
    states = [bytes(state.tolist()).hex() for state in (torch.get_rng_state(), *devices)]
    return {"seed": torch.initial_seed(), "cpu": states[0], "cuda": states[1:]}


def _write_torch_random(torch: Any, value: Mapping[str, Any]) -> None:  # noqa: ANN401 - a module
    def state(text: str) -> Any:  # noqa: ANN401 - a tensor
        return torch.tensor(list(bytes.fromhex(text)), dtype=torch.uint8, device="cpu")

    # This also seeds the devices, as soon as they are used.
    torch.manual_seed(value["seed"])
    torch.set_rng_state(state(value["cpu"]))
    for number, text in enumerate(value["cuda"][: torch.cuda.device_count()]):
        torch.cuda.set_rng_state(state(text), number)


def _keras_seed() -> tuple[Any, str]:
    return importlib.import_module("keras.src.backend.common.global_state"), "global_rng_seed"


def _read_keras_random(_: Any) -> Any:  # noqa: ANN401 - a module
    state, name = _keras_seed()
    return state.get_global_attribute(name)


def _write_keras_random(_: Any, value: int) -> None:  # noqa: ANN401 - a module
    state, name = _keras_seed()
    state.set_global_attribute(name, value)


GENERATORS = {
    "random": RandomGenerator(
        "random",
        lambda random: random.getstate(),
        lambda random, value: random.setstate((value[0], tuple(value[1]), value[2])),
    ),
    "numpy": RandomGenerator(
        "numpy.random",
        lambda random: _as_json(random.get_state(legacy=False)),
        lambda random, value: random.set_state(value),
    ),
    "torch": RandomGenerator("torch", _read_torch_random, _write_torch_random),
    # These have seeds; how many numbers they have drawn since is unknown.
    "keras": RandomGenerator("keras", _read_keras_random, _write_keras_random),
    "tensorflow": RandomGenerator(
        "tensorflow",
        lambda _: importlib.import_module("tensorflow.python.eager.context").global_seed(),
        lambda tensorflow, value: tensorflow.random.set_seed(value),
    ),
}


def random_state() -> dict[str, Any]:
    """Return the states of the global random generators of imported libraries."""
    states = {}
    for name, generator in GENERATORS.items():
        module = sys.modules.get(generator.module)
        if module is not None:
            with contextlib.suppress(Exception):  # another version, or half imported
                state = generator.read(module)
                if state is not None:
                    states[name] = state
    return states


def set_random_state(states: Mapping[str, Any]) -> None:
    """Set states that `random_state` returned, now or as soon as a library is imported."""
    for name, state in states.items():
        generator = GENERATORS.get(name)
        if generator is not None:
            label = f"the random state of {name}"
            _when_imported(generator.module, label, partial(_restore_generator, generator, state))


def changed_settings() -> dict[str, Any]:
    """Return the settings of imported libraries that differ from a fresh process."""
    changed = {}
    for name, setting in LIBRARY_SETTINGS.items():
        module = sys.modules.get(setting.module)
        if module is None:
            continue
        with contextlib.suppress(Exception):  # another version, or half imported
            value = setting.read(module)
            fresh = setting.default(module) if callable(setting.default) else setting.default
            if not is_same(value, fresh):
                changed[name] = value
    return changed


# --- setting it


@dataclass
class _PendingState:
    """Pending work: tasks per module to import, tasks for the run, and problems to report."""

    modules: dict[str, list[Callable[[], object]]] = field(default_factory=dict)
    late: list[Callable[[], object]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


_pending = _PendingState()


def restore(switches: Mapping[str, Any], attributes: Sequence[tuple[Any, ...]]) -> None:
    """Set the notebook's values, now or as soon as their module is imported.

    Parameters
    ----------
    switches
        Values by the names of `LIBRARY_SETTINGS`.
    attributes
        `Attribute`s, as plain tuples.
    """
    for values in attributes:
        attribute = Attribute(*values)
        _when_imported(attribute.module, attribute.label, partial(_apply_attribute, attribute))
    for name, value in switches.items():
        setting = LIBRARY_SETTINGS.get(name)
        if setting is not None:
            task = partial(_apply_setting, setting, value)
            if setting.late:
                _pending.late.append(partial(_when_imported, setting.module, name, task))
            else:
                _when_imported(setting.module, name, task)


def apply_pending() -> None:
    """Set what may only be set in the run, and report failures; call it in the run."""
    while _pending.late:
        _pending.late.pop(0)()
    while _pending.problems:
        sys.stderr.write(f"{_pending.problems.pop(0)}\n")


def _apply_setting(setting: LibrarySetting, value: Any) -> None:  # noqa: ANN401 - any value
    setting.write(sys.modules[setting.module], value)


def _restore_generator(generator: RandomGenerator, state: Any) -> None:  # noqa: ANN401 - any value
    generator.write(sys.modules[generator.module], state)


def _apply_attribute(attribute: Attribute) -> None:
    owner: Any = sys.modules[attribute.module]
    for part in attribute.path.split(".") if attribute.path else ():
        owner = getattr(owner, part)
    if attribute.is_item:
        owner[attribute.key] = attribute.value
    elif attribute.is_certain or not _is_present(owner, attribute):
        setattr(owner, attribute.key, attribute.value)


def _is_present(owner: Any, attribute: Attribute) -> bool:  # noqa: ANN401 - a module or a class
    return attribute.key in vars(owner) and is_same(vars(owner)[attribute.key], attribute.value)


def _when_imported(module: str, label: str, task: Callable[[], object]) -> None:
    task = partial(_attempt, label, task)
    if module in sys.modules:
        task()
        return
    if not any(isinstance(finder, _PostImportFinder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _PostImportFinder())
    _pending.modules.setdefault(module, []).append(task)


def _attempt(label: str, task: Callable[[], object]) -> None:
    try:
        task()
    except Exception as error:  # noqa: BLE001 - any library's own
        _pending.problems.append(
            f"{label} could not be set as in the notebook ({type(error).__name__}: {error})"
        )


class _PostImportFinder(importlib.abc.MetaPathFinder):
    """Executes a module's pending tasks as soon as the module has been imported."""

    def __init__(self) -> None:
        self._busy: set[str] = set()

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Find a module through the other finders, and wrap its execution."""
        if fullname not in _pending.modules or fullname in self._busy:
            return None
        self._busy.add(fullname)
        try:
            spec = next(filter(None, self._find_spec_elsewhere(fullname, path, target)), None)
        finally:
            self._busy.discard(fullname)
        if spec is not None and hasattr(spec.loader, "exec_module"):
            self._wrap_loader(spec)
        return spec

    def _find_spec_elsewhere(self, *fullname: Any) -> Any:  # noqa: ANN401 - what `find_spec` takes and gives
        for finder in sys.meta_path:
            if finder is not self and hasattr(finder, "find_spec"):
                yield finder.find_spec(*fullname)

    def _wrap_loader(self, spec: ModuleSpec) -> None:
        loader: Any = spec.loader
        execute = loader.exec_module

        def exec_module(module: ModuleType) -> None:
            execute(module)
            for task in _pending.modules.pop(spec.name, ()):
                task()

        with contextlib.suppress(AttributeError):  # a loader without settable attributes
            loader.exec_module = exec_module
