"""Finds, in a notebook's process, what the notebook has set outside its variables.

It looks in three places: the known settings of libraries, the user's own modules, and attributes
of modules and classes that the notebook defines or that its cells assign. It imports nothing and
changes nothing.
"""

from __future__ import annotations

import logging
import re
import sys
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from types import FunctionType, ModuleType
from typing import Any

from wandb_magic.bundle.bytecode import imports_of
from wandb_magic.bundle.cells import Assignment, Call, executed_sources, side_effects
from wandb_magic.bundle.library_state import (
    LIBRARY_SETTINGS,
    STRICT,
    Attribute,
    changed_settings,
    other_handlers,
)
from wandb_magic.bundle.manifest import recordable_environment
from wandb_magic.bundle.user_modules import (
    aliases,
    compare_with_source,
    dict_of,
    is_plain,
    is_user_file,
    user_modules,
    with_user_imports,
)

LONGEST_SEARCH_S = 0.3
NAMED = 4  # settings of one library that are listed
SHOWN = 60  # characters of a value in the launch summary
# Modules whose state does not matter to a run, or is captured in other ways.
_NOT_OURS = frozenset(
    {
        "IPython",
        "__main__",
        "_pytest",
        "comm",
        "debugpy",
        "ipykernel",
        "ipywidgets",
        "jupyter_client",
    }
    | {"pytest", "traitlets", "wandb_magic", "zmq"}
)
_ELSEWHERE = (
    *("os.environ", "pandas.options", "sys.modules", "sys.path", "warnings.filters"),
    *("sys.displayhook", "sys.excepthook", "sys.stderr", "sys.stdin", "sys.stdout"),
)
# Hints that definitions get into library classes in other ways than by assignment.
_PATCHES = re.compile(r"\bsetattr\b|patch|accessor|__dict__|monkey|register|extend")
# Calls that change a library's state, by their names.
_CONFIGURES = re.compile(r"^(set|enable|disable|use|configure|register|patch|apply)(_|$)")
_OTHERWISE = re.compile(
    r"seed|logging|verbosity"
)  # runs have their own seeds; levels are captured
_LOGS = re.compile(r"getLogger|setLevel|verbosity|\blogging\.")
_COVERED = frozenset(
    {
        "IPython",
        "builtins",
        "ipywidgets",
        "locale",
        "logging",
        "matplotlib",
        "mpl_toolkits",
        "numpy",
    }
    | {"os", "pandas", "random", "seaborn", "sklearn", "sys", "torch", "tqdm", "wandb", "warnings"}
    | {
        "decimal",
        "nest_asyncio",
        "wandb_magic",
        "xgboost",
        "keras",
        "multiprocessing",
        "socket",
        "csv",
    }
)


@dataclass(frozen=True)
class NotebookState:
    """What a notebook has set outside its variables.

    Attributes
    ----------
    switches
        Settings of libraries by name; see `library_state.LIBRARY_SETTINGS`.
    attributes
        Attributes of modules and classes.
    carried
        The part of it to report to the user.
    left
        What was detected but not captured, with the reason.
    """

    switches: dict[str, Any]
    attributes: list[Attribute]
    carried: list[str]
    left: list[str]


def find_state(
    namespace: dict[str, Any],
    values: Collection[object],
    imports: Collection[str],
    exclude: Collection[str],
    is_picklable: Callable[[object], bool],
) -> NotebookState:
    """Find what a run needs from the notebook's process.

    Parameters
    ----------
    namespace
        The user's namespace.
    values
        What is captured as variables.
    imports
        The modules that the code imports.
    exclude
        Names not to capture: ``settings`` or ``settings.EPOCHS``, for example.
    is_picklable
        Returns whether a value can be captured.
    """
    texts = executed_sources(namespace)
    state = NotebookState({}, [], [], [])
    captured_ids = {id(value) for value in values}
    used = with_user_imports({*imports, *_modules_of(values)})
    for attribute in _attributes(namespace, texts, captured_ids, used, state.left):
        if _is_excluded(attribute.label, exclude):
            continue
        if _is_secret(attribute):
            if attribute.is_certain:
                state.left.append(f"{attribute.label} (looks like a secret: set it in the cell)")
        elif is_picklable(attribute.value):
            state.attributes.append(attribute)
            if attribute.is_certain and id(attribute.value) not in captured_ids:
                state.carried.append(_format_attribute(attribute.label, attribute.value))
        elif attribute.is_certain:
            state.left.append(f"{attribute.label} (a {type(attribute.value).__qualname__})")
    _find_switches(state, texts, exclude, is_picklable)
    state.left.extend(f"{each} (create it in the cell)" for each in other_handlers())
    calls = dict.fromkeys(call.text for call in _configuration_calls(namespace, texts))
    state.left.extend(f"{_short(text)} (call it in the cell)" for text in calls)
    return state


def _modules_of(values: Collection[object]) -> Iterator[str]:
    """Yield the modules that values are, come from or import."""
    for value in values:
        if isinstance(value, ModuleType):
            yield value.__name__
            continue
        yield str(getattr(type(value), "__module__", ""))
        if isinstance(value, (type, FunctionType)):
            yield str(value.__module__)
        if isinstance(value, FunctionType):
            yield from imports_of([value.__code__])


def _find_switches(
    state: NotebookState,
    texts: Collection[str],
    exclude: Collection[str],
    is_picklable: Callable[[object], bool],
) -> None:
    for name, value in changed_settings().items():
        if _is_excluded(LIBRARY_SETTINGS[name].module, exclude):
            continue
        captured = reported = value
        if name == "warnings filters" and STRICT in value:
            captured = reported = [each for each in value if each != STRICT]
            if "error" not in sys.warnoptions:  # set by the notebook
                state.left.append("warnings as errors (libraries in a run may warn)")
        elif name.startswith("logging ") and isinstance(value, dict):
            reported = {each: value[each] for each in value if _is_notebook_logger(each, texts)}
            # All levels are captured, which is harmless; handlers might be duplicated.
            captured = reported if name == "logging handlers" else value
        if captured in ({}, []):
            continue
        if not is_picklable(captured):
            state.left.append(f"{name} (cannot be pickled)")
            continue
        state.switches[name] = captured
        if LIBRARY_SETTINGS[name].is_reported(reported):
            state.carried.append(_format_attribute(name, reported))


def _attributes(
    namespace: dict[str, Any],
    texts: Collection[str],
    shared: Collection[int],
    used: Collection[str],
    left: list[str],
) -> list[Attribute]:
    """Return the attributes of modules and classes that the notebook has set, each once."""
    attributes: dict[tuple[str, str, Any], Attribute] = {}
    users = list(user_modules())
    for module in users:
        diff = compare_with_source(module, shared, is_used=module.__name__ in used)
        left += diff.left
        attributes |= {attribute[:3]: attribute for attribute in diff.attributes}
    for attribute in (*_assigned_attributes(namespace, texts), *_patches(namespace, texts, left)):
        attributes[attribute[:3]] = attribute
        left[:] = [each for each in left if not each.startswith(f"{attribute.label} (")]
    attributes |= {attribute[:3]: attribute for attribute in _aliases(users, attributes)}
    return list(attributes.values())


def _aliases(
    users: Collection[ModuleType], captured: Mapping[tuple[str, str, Any], Attribute]
) -> list[Attribute]:
    """Return what the user's modules imported from each other, where that is captured."""
    attributes = []
    for module in users:
        for name, source_module, source_name in aliases(module):
            origin = captured.get((source_module, "", source_name))
            if origin is None or name not in vars(module):
                continue
            value = vars(module)[name]
            if value is origin.value:
                attributes.append(origin._replace(module=module.__name__, key=name))
            elif is_plain(value):  # imported before the other module's value was set
                attributes.append(Attribute(module.__name__, "", name, value, is_certain=False))
    return attributes


def _is_excluded(label: str, exclude: Collection[str]) -> bool:
    return any(label == name or label.startswith(f"{name}.") for name in exclude)


def _format_attribute(name: str, value: object) -> str:
    if name in LIBRARY_SETTINGS and isinstance(value, dict):
        parts = [_format_attribute(key, each).replace(" = ", "=") for key, each in value.items()]
        if name == "logging level":
            parts = [f"{key}={logging.getLevelName(each)}" for key, each in value.items()]
        if name == "logging handlers":
            parts = list(value)
        more = [f"{len(parts) - NAMED} more"] if len(parts) > NAMED else []
        return f"{name} ({', '.join([*parts[:NAMED], *more])})"
    text = repr(value)
    if value is True or name == "warnings filters" or callable(value) or " at 0x" in text:
        return name
    return f"{name} = {_short(text)}"


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= SHOWN else f"{line[:SHOWN]}…"


def _is_notebook_logger(name: str, texts: Collection[str]) -> bool:
    """Return whether a logger is the root's, a user module's, or set in a cell.

    A library sets the levels of its own loggers itself, in a run as in the notebook.
    """
    file = getattr(sys.modules.get(name.partition(".")[0]), "__file__", None) or "-packages"
    return (
        name == "root"
        or is_user_file(file)
        or any(name in line and _LOGS.search(line) for text in texts for line in text.splitlines())
    )


def _is_secret(attribute: Attribute) -> bool:
    """Return whether a name or a text in a value looks like a secret, which must not be stored."""
    pending: list[tuple[str, Any]] = [(str(attribute.key), attribute.value)]
    seen = 0
    while pending and seen < 1000:  # noqa: PLR2004 - the most texts to examine
        name, value = pending.pop()
        seen += 1
        if isinstance(value, str) and value and not recordable_environment({name: value}):
            return True
        if isinstance(value, dict):
            pending += [(str(key), each) for key, each in value.items()]
        elif isinstance(value, (list, tuple, set)):
            pending += [(name, each) for each in value]
        elif not callable(value):
            pending += [(str(key), each) for key, each in dict_of(value).items()]
    return False


# --- what the cells assign


def _assigned_attributes(namespace: dict[str, Any], texts: Collection[str]) -> Iterator[Attribute]:
    for text in texts:
        for assignment in side_effects(text)[0]:
            attribute = _resolve_assignment(namespace, assignment)
            if (
                attribute is None
                or attribute.label.startswith(_ELSEWHERE)
                or _owner_module(attribute) in _NOT_OURS
            ):
                continue
            if not assignment.is_inside or _is_defined_in_notebook(attribute.value, namespace):
                yield attribute


def _owner_module(attribute: Attribute) -> str:
    return attribute.module.partition(".")[0]


def _resolve_assignment(namespace: dict[str, Any], assignment: Assignment) -> Attribute | None:
    """Return the attribute that an assignment sets, with its value now, if a module holds it."""
    owner: Any = namespace.get(assignment.root)
    location = _qualified_name(owner)
    for name in assignment.path:
        if location is None:
            return None
        owner = _attribute(owner, name)
        # Anything but a module or class is reached from the last one before it.
        location = _qualified_name(owner) or (
            location[0],
            f"{location[1]}.{name}".removeprefix("."),
        )
    if location is None or location[0] not in sys.modules or "<locals>" in location[1]:
        return None
    if location[0] == namespace.get("__name__"):
        return None
    attributes: Any = vars(owner) if isinstance(owner, type) else dict_of(owner)
    if assignment.is_item:
        attributes = owner if type(owner) is dict else {}
    elif assignment.key not in attributes:  # a property
        attributes = {assignment.key: _attribute(owner, assignment.key)}
        if attributes[assignment.key] is None:
            return None
    if assignment.key not in attributes:
        return None
    value = attributes[assignment.key]
    return Attribute(*location, assignment.key, value, is_item=assignment.is_item)


def _qualified_name(owner: object) -> tuple[str, str] | None:
    """Return the module, and the name in it, of a module or a class."""
    if isinstance(owner, ModuleType):
        return owner.__name__, ""
    return (owner.__module__, owner.__qualname__) if isinstance(owner, type) else None


def _attribute(owner: object, name: str) -> Any:  # noqa: ANN401 - any attribute
    try:
        return getattr(owner, name, None)
    except Exception:  # noqa: BLE001 - any property may raise anything
        return None


# --- the notebook's own definitions in modules and classes


def _patches(
    namespace: dict[str, Any], texts: Collection[str], left: list[str]
) -> Iterator[Attribute]:
    """Find the notebook's functions and classes in other modules and classes."""
    if texts and not any(map(_PATCHES.search, texts)):
        return
    started = time.thread_time()
    seen: set[int] = set()
    packages = _packages_of(namespace)
    while packages:
        package, modules = packages.popitem()
        for name, module in modules:
            if time.thread_time() - started > LONGEST_SEARCH_S:
                searched = ", ".join((package, *packages))
                left.append(f"definitions of the notebook in classes of {searched} (too many)")
                return
            yield from _module_patches(name, dict_of(module), namespace, seen)


def _packages_of(namespace: dict[str, Any]) -> dict[str, list[tuple[str, ModuleType]]]:
    """Return the modules that the namespace refers to, by package, the smallest last."""
    names = {"builtins"}
    for value in list(namespace.values()):
        module_name = value.__name__ if isinstance(value, ModuleType) else type(value).__module__
        if isinstance(value, (type, FunctionType)):
            module_name = value.__module__
        names.add(str(module_name).partition(".")[0])
    packages: dict[str, list[tuple[str, ModuleType]]] = {}
    for name, module in sys.modules.copy().items():
        package = name.partition(".")[0]
        if package in names and package not in _NOT_OURS and package != "__mp_main__":
            packages.setdefault(package, []).append((name, module))
    return dict(sorted(packages.items(), key=lambda each: len(each[1]), reverse=True))


def _module_patches(
    name: str, attributes: dict[str, Any], namespace: dict[str, Any], seen: set[int]
) -> Iterator[Attribute]:
    for key, value in list(attributes.items()):
        if issubclass(type(value), type):
            if id(value) in seen:
                continue
            seen.add(id(value))
            if _is_of_namespace(value, namespace):
                yield Attribute(name, "", key, value)
            else:
                yield from _class_patches(value, namespace)
        elif type(value) is FunctionType and value.__globals__ is namespace:
            yield Attribute(name, "", key, value)


def _class_patches(owner: type, namespace: dict[str, Any]) -> Iterator[Attribute]:
    patches = []
    for key, value in list(vars(owner).items()):  # most are functions: these come first
        kind = type(value)
        if kind is FunctionType:
            if value.__globals__ is namespace:
                patches.append((key, value))
        elif kind not in _ORDINARY and _is_defined_in_notebook(value, namespace):
            patches.append((key, value))
    if patches and _is_reached(sys.modules.get(owner.__module__), owner):
        for key, value in patches:
            yield Attribute(owner.__module__, owner.__qualname__, key, value)


_ORDINARY = frozenset(
    {str, int, float, dict, tuple, type(None), bool, type(str.join), type(int.__add__)}
    | {type(type.__dict__["__dict__"]), type(FunctionType.__closure__)}
)


def _is_reached(module: object, owner: type) -> bool:
    value: Any = module
    for part in owner.__qualname__.split("."):
        value = (vars(value) if isinstance(value, type) else dict_of(value)).get(part)
    return value is owner


def _is_of_namespace(value: Any, namespace: dict[str, Any]) -> bool:  # noqa: ANN401 - any class
    return bool(vars(value).get("__module__") == namespace.get("__name__", "__main__"))


def _is_defined_in_notebook(value: Any, namespace: dict[str, Any]) -> bool:  # noqa: ANN401 - any value
    """Return whether a value is, or wraps, a function or class of the notebook."""
    for _ in range(3):
        if type(value) is FunctionType:
            return bool(value.__globals__ is namespace)
        if issubclass(type(value), type):
            return _is_of_namespace(value, namespace)
        if isinstance(value, (staticmethod, classmethod)):
            value = value.__func__
        elif isinstance(value, property):
            value = value.fget
        elif isinstance(value, (partial, cached_property)):
            value = value.func
        else:
            attributes = dict_of(value)  # for example, a pandas accessor
            return any(
                (type(each) is FunctionType and each.__globals__ is namespace)
                or (issubclass(type(each), type) and _is_of_namespace(each, namespace))
                for each in attributes.values()
            )
    return False


# --- what else the cells do to libraries


def _configuration_calls(namespace: dict[str, Any], texts: Collection[str]) -> Iterator[Call]:
    """Find calls that look like configuration of a library that is not covered here."""
    for text in texts:
        for call in side_effects(text)[1]:
            owner: Any = namespace.get(call.root)
            name = call.path[-1] if call.path else getattr(owner, "__name__", "")
            names = (*call.path, name)
            if not _CONFIGURES.match(name) or any(map(_OTHERWISE.search, names)):
                continue
            module = owner.__name__ if isinstance(owner, ModuleType) else None
            if module is None and isinstance(owner, FunctionType):
                module = owner.__module__
            if module is None or module.partition(".")[0] in _COVERED:
                continue
            file = getattr(sys.modules.get(module), "__file__", None)
            if isinstance(file, str) and not is_user_file(file):
                yield call
