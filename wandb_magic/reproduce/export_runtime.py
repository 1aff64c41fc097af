"""Prepares an exported run: restores the run's state in its sweep before its own code starts.

An export contains this file unchanged, next to `wandb_magic.bundle.unpickler`; nothing else from
this package is needed there. It never connects to anything: wandb itself stores what is logged.
"""

from __future__ import annotations

import ast
import asyncio
import contextlib
import inspect
import json
import linecache
import os
import platform
import random
import re
import sys
from pathlib import Path
from types import ModuleType
from typing import Any, NoReturn

HERE = Path(__file__).parent
FOLDER = HERE.parent
_PLACEHOLDER = re.compile(r"<<(\w+)(?::([^<>]*))?>>")


def begin(
    namespace: dict[str, Any],
    unpickler: ModuleType,
    library_state: ModuleType,
    plain_shell: ModuleType,
) -> Any:  # noqa: ANN401 - the user's own function
    """Restore the run's variables in a namespace, set its parameters, and seed.

    Parameters
    ----------
    namespace
        The globals of the script.
    unpickler
        The module that reads variables.
    library_state
        The module that restores what the notebook had set on modules and libraries.
    plain_shell
        The module that provides ``get_ipython`` in a process without IPython.

    Returns
    -------
    object
        The function that the run calls; None if it is a cell.
    """
    metadata = _run_metadata()
    version = ".".join(platform.python_version_tuple()[:2])
    if metadata["code"] and metadata["python"] != version:
        sys.exit(
            f"run.py: its functions were captured as bytecode of Python {metadata['python']}, and "
            f"this is Python {version}: run it with python{metadata['python']}"
        )
    _set_environment(metadata)
    # As in a notebook; otherwise `multiprocessing` would execute the script again in its workers.
    namespace.pop("__file__", None)
    namespace["get_ipython"] = plain_shell.get_ipython
    for name, text in metadata["sources"].items():
        linecache.cache[name] = (len(text), None, text.splitlines(keepends=True), name)
    for name, parts in metadata["imports"].items():
        with contextlib.suppress(Exception):
            __import__(name, fromlist=parts)
    function = _variables(namespace, unpickler, library_state, metadata)
    os.environ["WANDB_MAGIC_SEED"] = str(metadata["seed"])
    _seed(metadata["seed"])
    library_state.set_random_state(metadata["random_state"])
    library_state.apply_pending()
    unpickler.move_late_tensors()
    handed_over = dict(namespace)
    for label, text in metadata["cells"]:
        _evaluate(text, f"<{label}>", namespace)
    if metadata["cells"]:
        namespace.update(handed_over)
    return function


def call(function: Any) -> None:  # noqa: ANN401 - the user's own
    """Call the function of the run."""
    result = function()
    if inspect.iscoroutine(result):
        asyncio.run(result)


def execute(cell: Path, namespace: dict[str, Any]) -> None:
    """Execute a cell that is not a script by itself, for example because of a top-level await."""
    _evaluate(cell.read_text(encoding="utf-8"), str(cell), namespace)


def _evaluate(text: str, name: str, namespace: dict[str, Any]) -> None:
    linecache.cache[name] = (len(text), None, text.splitlines(keepends=True), name)
    flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    result = eval(compile(text, name, "exec", flags, dont_inherit=True), namespace)  # noqa: S307 - the user's own cell
    if inspect.iscoroutine(result):
        asyncio.run(result)


def command(words: list[str]) -> NoReturn:
    """Replace this process with the command of the run."""
    metadata = _run_metadata()
    _set_environment(metadata)
    values = {"python": sys.executable, "folder": str(FOLDER)}

    def value_of(match: re.Match[str]) -> str:
        if match[1] == "env":
            return os.environ.get(match[2], match[2])
        return values[match[1]]

    path = os.environ.get("PYTHONPATH", "")
    os.environ["PYTHONPATH"] = f"{FOLDER}{os.pathsep}{path}" if path else str(FOLDER)
    arguments = [_PLACEHOLDER.sub(value_of, word) for word in words]
    try:
        os.execvp(arguments[0], arguments)  # noqa: S606 - the user's command
    except OSError as error:
        sys.exit(f"run.py: {arguments[0]}: {error.strerror}")


def _run_metadata() -> dict[str, Any]:
    metadata: dict[str, Any] = json.loads((HERE / "run.json").read_text(encoding="utf-8"))
    return metadata


def _set_environment(metadata: dict[str, Any]) -> None:
    """Let ``wandb.init()`` find the parameters; the user decides whether it is online."""
    os.environ["WANDB_SWEEP_PARAM_PATH"] = str(FOLDER / "params.yaml")
    os.environ.setdefault("WANDB_MODE", "offline")
    os.environ.setdefault("WANDB_PROJECT", metadata["project"])
    run_folder = FOLDER / "kept"
    run_folder.mkdir(exist_ok=True)
    os.environ.setdefault("WANDB_MAGIC_RUN_FOLDER", str(run_folder))


def _variables(
    namespace: dict[str, Any],
    unpickler: ModuleType,
    library_state: ModuleType,
    metadata: dict[str, Any],
) -> Any:  # noqa: ANN401 - as above
    function = None
    spans = [(start, size) for start, size in metadata["spans"]]
    sources = (HERE / "variables.pkl", HERE / "buffers.bin", spans)
    for name, read in unpickler.load(*sources, metadata["variables"], namespace):
        try:
            value = read()
        except ModuleNotFoundError as error:
            sys.exit(
                f"run.py: variable {name or 'function'!r} needs the module {error.name!r}: "
                "pip install -r requirements.txt"
            )
        if name == library_state.STATE:
            library_state.restore(*value)
        elif name:
            namespace[name] = value
        else:
            function = value
    return function


def _seed(number: int) -> None:
    random.seed(number)
    numpy: Any = sys.modules.get("numpy")
    if numpy is not None:
        numpy.random.seed(number % 2**32)
    torch: Any = sys.modules.get("torch")
    if torch is not None:
        torch.manual_seed(number)
