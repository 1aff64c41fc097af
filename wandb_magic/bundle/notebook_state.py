"""What a notebook has set outside of its variables, found in its process.

Three places: the known settings of libraries, the user's own modules, and attributes of modules
and classes that are the notebook's own or that its cells assign. It imports nothing and changes
nothing.
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
NAMED = 4  # of the settings of one library
SHOWN = 60  # characters of a value in the launch summary
# Whose own state is no matter of a run's, or goes along in other ways.
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
# What hints at definitions that get into library classes by other ways than an assignment.
_PATCHES = re.compile(r"\bsetattr\b|patch|accessor|__dict__|monkey|register|extend")
# Calls that change a library's state, by their names.
_CONFIGURES = re.compile(r"^(set|enable|disable|use|configure|register|patch|apply)(_|$)")
_OTHERWISE = re.compile(r"seed|logging|verbosity")  # runs have their own seeds; levels go along
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
    """What was found.

    Attributes
    ----------
    switches
        Settings of libraries by name; see `library_state.LIBRARY_SETTINGS`.
    attributes
        Attributes of modules and classes.
    carried
        What of it to tell the user.
    left
        What was seen and stays behind, with the reason.
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
    """Find what a run needs of the process around a notebook.

    Parameters
    ----------
    namespace
        The user's namespace.
    values
        What goes along as variables.
    imports
        The modules that the code imports.
    exclude
        Names to leave behind: ``settings`` or ``settings.EPOCHS`` here.
    is_picklable
        Tells whether a value can go along.
    """
    texts = executed_sources(namespace)
    found = NotebookState({}, [], [], [])
    shared = {id(value) for value in values}
    used = with_user_imports({*imports, *_modules_of(values)})
    for attribute in _attributes(namespace, texts, shared, used, found.left):
        if _is_excluded(attribute.label, exclude):
            continue
        if _is_secret(attribute):
            if attribute.is_certain:
                found.left.append(f"{attribute.label} (looks like a secret: set it in the cell)")
        elif is_picklable(attribute.value):
            found.attributes.append(attribute)
            if attribute.is_certain and id(attribute.value) not in shared:
                found.carried.append(_format_attribute(attribute.label, attribute.value))
        elif attribute.is_certain:
            found.left.append(f"{attribute.label} (a {type(attribute.value).__qualname__})")
    _find_switches(found, texts, exclude, is_picklable)
    found.left.extend(f"{each} (make it in the cell)" for each in other_handlers())
    calls = dict.fromkeys(call.text for call in _configuration_calls(namespace, texts))
    found.left.extend(f"{_short(text)} (call it in the cell)" for text in calls)
    return found


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
    found: NotebookState,
    texts: Collection[str],
    exclude: Collection[str],
    is_picklable: Callable[[object], bool],
) -> None:
    for name, value in changed_settings().items():
        if _is_excluded(LIBRARY_SETTINGS[name].module, exclude):
            continue
        kept = told = value
        if name == "warnings filters" and STRICT in value:
            kept = told = [each for each in value if each != STRICT]
            if "error" not in sys.warnoptions:  # it was the notebook
                found.left.append("warnings as errors (libraries in a run may warn)")
        elif name.startswith("logging ") and isinstance(value, dict):
            told = {each: value[each] for each in value if _is_notebook_logger(each, texts)}
            # Levels of all go along, for it does no harm; handlers might be doubled.
            kept = told if name == "logging handlers" else value
        if kept in ({}, []):
            continue
        if not is_picklable(kept):
            found.left.append(f"{name} (cannot be pickled)")
            continue
        found.switches[name] = kept
        if LIBRARY_SETTINGS[name].is_reported(told):
            found.carried.append(_format_attribute(name, told))


def _attributes(
    namespace: dict[str, Any],
    texts: Collection[str],
    shared: Collection[int],
    used: Collection[str],
    left: list[str],
) -> list[Attribute]:
    """Return the attributes of modules and classes that the notebook has set, each once."""
    found: dict[tuple[str, str, Any], Attribute] = {}
    users = list(user_modules())
    for module in users:
        compared = compare_with_source(module, shared, is_used=module.__name__ in used)
        left += compared.left
        found |= {attribute[:3]: attribute for attribute in compared.attributes}
    for attribute in (*_assigned_attributes(namespace, texts), *_patches(namespace, texts, left)):
        found[attribute[:3]] = attribute
        left[:] = [each for each in left if not each.startswith(f"{attribute.label} (")]
    found |= {attribute[:3]: attribute for attribute in _aliases(users, found)}
    return list(found.values())


def _aliases(
    users: Collection[ModuleType], known: Mapping[tuple[str, str, Any], Attribute]
) -> list[Attribute]:
    """Return what the user's modules took from each other, where that goes along."""
    found = []
    for module in users:
        for name, home, there in aliases(module):
            origin = known.get((home, "", there))
            if origin is None or name not in vars(module):
                continue
            value = vars(module)[name]
            if value is origin.value:
                found.append(origin._replace(module=module.__name__, key=name))
            elif is_plain(value):  # it was taken before the other module's was set
                found.append(Attribute(module.__name__, "", name, value, is_certain=False))
    return found


def _is_excluded(label: str, exclude: Collection[str]) -> bool:
    return any(label == name or label.startswith(f"{name}.") for name in exclude)


def _format_attribute(name: str, value: object) -> str:
    if name in LIBRARY_SETTINGS and isinstance(value, dict):
        words = [_format_attribute(key, each).replace(" = ", "=") for key, each in value.items()]
        if name == "logging level":
            words = [f"{key}={logging.getLevelName(each)}" for key, each in value.items()]
        if name == "logging handlers":
            words = list(value)
        more = [f"{len(words) - NAMED} more"] if len(words) > NAMED else []
        return f"{name} ({', '.join([*words[:NAMED], *more])})"
    text = repr(value)
    if value is True or name == "warnings filters" or callable(value) or " at 0x" in text:
        return name
    return f"{name} = {_short(text)}"


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= SHOWN else f"{line[:SHOWN]}…"


def _is_notebook_logger(name: str, texts: Collection[str]) -> bool:
    """Tell whether a logger is the root's, one of the user's modules', or set by a line of a cell.

    A library sets the levels of its own loggers, too, in a run as in the notebook.
    """
    file = getattr(sys.modules.get(name.partition(".")[0]), "__file__", None) or "-packages"
    return (
        name == "root"
        or is_user_file(file)
        or any(name in line and _LOGS.search(line) for text in texts for line in text.splitlines())
    )


def _is_secret(attribute: Attribute) -> bool:
    """Tell whether a name or a text in a value looks like a secret, which no file may hold."""
    waiting: list[tuple[str, Any]] = [(str(attribute.key), attribute.value)]
    seen = 0
    while waiting and seen < 1000:  # noqa: PLR2004 - so many texts are looked at
        name, value = waiting.pop()
        seen += 1
        if isinstance(value, str) and value and not recordable_environment({name: value}):
            return True
        if isinstance(value, dict):
            waiting += [(str(key), each) for key, each in value.items()]
        elif isinstance(value, (list, tuple, set)):
            waiting += [(name, each) for each in value]
        elif not callable(value):
            waiting += [(str(key), each) for key, each in dict_of(value).items()]
    return False


# --- what the cells assign


def _assigned_attributes(namespace: dict[str, Any], texts: Collection[str]) -> Iterator[Attribute]:
    for text in texts:
        for assignment in side_effects(text)[0]:
            found = _resolve_assignment(namespace, assignment)
            if (
                found is None
                or found.label.startswith(_ELSEWHERE)
                or _owner_module(found) in _NOT_OURS
            ):
                continue
            if not assignment.is_inside or _is_defined_in_notebook(found.value, namespace):
                yield found


def _owner_module(attribute: Attribute) -> str:
    return attribute.module.partition(".")[0]


def _resolve_assignment(namespace: dict[str, Any], assignment: Assignment) -> Attribute | None:
    """Return the attribute that an assignment sets, with its value now, if a module holds it."""
    owner: Any = namespace.get(assignment.root)
    place = _qualified_name(owner)
    for name in assignment.path:
        if place is None:
            return None
        owner = _attribute(owner, name)
        # What is neither module nor class is reached from the last one before it.
        place = _qualified_name(owner) or (place[0], f"{place[1]}.{name}".removeprefix("."))
    if place is None or place[0] not in sys.modules or "<locals>" in place[1]:
        return None
    if place[0] == namespace.get("__name__"):
        return None
    held: Any = vars(owner) if isinstance(owner, type) else dict_of(owner)
    if assignment.is_item:
        held = owner if type(owner) is dict else {}
    elif assignment.key not in held:  # a property
        held = {assignment.key: _attribute(owner, assignment.key)}
        if held[assignment.key] is None:
            return None
    if assignment.key not in held:
        return None
    value = held[assignment.key]
    return Attribute(*place, assignment.key, value, is_item=assignment.is_item)


def _qualified_name(owner: object) -> tuple[str, str] | None:
    """Return the module, and the name in it, of a module or a class."""
    if isinstance(owner, ModuleType):
        return owner.__name__, ""
    return (owner.__module__, owner.__qualname__) if isinstance(owner, type) else None


def _attribute(owner: object, name: str) -> Any:  # noqa: ANN401 - any attribute
    try:
        return getattr(owner, name, None)
    except Exception:  # noqa: BLE001 - a property of anybody's
        return None


# --- the notebook's own definitions in modules and classes


def _patches(
    namespace: dict[str, Any], texts: Collection[str], left: list[str]
) -> Iterator[Attribute]:
    """Find functions and classes of the notebook in the modules and classes of others."""
    if texts and not any(map(_PATCHES.search, texts)):
        return
    began = time.thread_time()
    seen: set[int] = set()
    packages = _packages_of(namespace)
    while packages:
        package, modules = packages.popitem()
        for name, module in modules:
            if time.thread_time() - began > LONGEST_SEARCH_S:
                searched = ", ".join((package, *packages))
                left.append(f"definitions of the notebook in classes of {searched} (too many)")
                return
            yield from _module_patches(name, dict_of(module), namespace, seen)


def _packages_of(namespace: dict[str, Any]) -> dict[str, list[tuple[str, ModuleType]]]:
    """Return the modules that the namespace has to do with, by package, the smallest last."""
    known = {"builtins"}
    for value in list(namespace.values()):
        home = value.__name__ if isinstance(value, ModuleType) else type(value).__module__
        if isinstance(value, (type, FunctionType)):
            home = value.__module__
        known.add(str(home).partition(".")[0])
    found: dict[str, list[tuple[str, ModuleType]]] = {}
    for name, module in list(sys.modules.items()):
        package = name.partition(".")[0]
        if package in known and package not in _NOT_OURS and package != "__mp_main__":
            found.setdefault(package, []).append((name, module))
    return dict(sorted(found.items(), key=lambda each: len(each[1]), reverse=True))


def _module_patches(
    name: str, held: dict[str, Any], namespace: dict[str, Any], seen: set[int]
) -> Iterator[Attribute]:
    for key, value in list(held.items()):
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
    found = []
    for key, value in list(vars(owner).items()):  # most are functions: these come first
        kind = type(value)
        if kind is FunctionType:
            if value.__globals__ is namespace:
                found.append((key, value))
        elif kind not in _ORDINARY and _is_defined_in_notebook(value, namespace):
            found.append((key, value))
    if found and _is_reached(sys.modules.get(owner.__module__), owner):
        for key, value in found:
            yield Attribute(owner.__module__, owner.__qualname__, key, value)


_ORDINARY = frozenset(
    {str, int, float, dict, tuple, type(None), bool, type(str.join), type(int.__add__)}
    | {type(type.__dict__["__dict__"]), type(FunctionType.__closure__)}
)


def _is_reached(home: object, owner: type) -> bool:
    found: Any = home
    for part in owner.__qualname__.split("."):
        found = (vars(found) if isinstance(found, type) else dict_of(found)).get(part)
    return found is owner


def _is_of_namespace(value: Any, namespace: dict[str, Any]) -> bool:  # noqa: ANN401 - any class
    return bool(vars(value).get("__module__") == namespace.get("__name__", "__main__"))


def _is_defined_in_notebook(value: Any, namespace: dict[str, Any]) -> bool:  # noqa: ANN401 - any value
    """Tell whether a value is, or wraps, a function or class of the notebook."""
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
            held = dict_of(value)  # an accessor of pandas, say
            return any(
                (type(each) is FunctionType and each.__globals__ is namespace)
                or (issubclass(type(each), type) and _is_of_namespace(each, namespace))
                for each in held.values()
            )
    return False


# --- what else the cells do to libraries


def _configuration_calls(namespace: dict[str, Any], texts: Collection[str]) -> Iterator[Call]:
    """Find calls that look like settings of a library of which nothing is known here."""
    for text in texts:
        for call in side_effects(text)[1]:
            owner: Any = namespace.get(call.root)
            name = call.path[-1] if call.path else getattr(owner, "__name__", "")
            words = (*call.path, name)
            if not _CONFIGURES.match(name) or any(map(_OTHERWISE.search, words)):
                continue
            module = owner.__name__ if isinstance(owner, ModuleType) else None
            if module is None and isinstance(owner, FunctionType):
                module = owner.__module__
            if module is None or module.partition(".")[0] in _COVERED:
                continue
            file = getattr(sys.modules.get(module), "__file__", None)
            if isinstance(file, str) and not is_user_file(file):
                yield call
