"""What an exported run does before its own code: it becomes what the run was in its sweep.

An export has this file as it is, with `wandb_magic.bundle.unpickler` beside it; nothing else of
this package is needed there. It never talks to anybody: what is logged, wandb itself keeps.
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
    """Put the run's variables into a namespace, set its parameters, and seed.

    Parameters
    ----------
    namespace
        The globals of the script.
    unpickler
        The module that reads variables.
    library_state
        The module that sets what the notebook had set on modules and libraries.
    plain_shell
        The module that has ``get_ipython`` for a process without IPython.

    Returns
    -------
    object
        The function that the run calls; None if it is a cell.
    """
    told = _run_metadata()
    here = ".".join(platform.python_version_tuple()[:2])
    if told["code"] and told["python"] != here:
        sys.exit(
            f"run.py: its functions went along as code of Python {told['python']}, and this is "
            f"Python {here}: run it with python{told['python']}"
        )
    _set_environment(told)
    # As in a notebook: `multiprocessing` would execute the script again in its workers.
    namespace.pop("__file__", None)
    namespace["get_ipython"] = plain_shell.get_ipython
    for name, text in told["sources"].items():
        linecache.cache[name] = (len(text), None, text.splitlines(keepends=True), name)
    for name, parts in told["imports"].items():
        with contextlib.suppress(Exception):
            __import__(name, fromlist=parts)
    function = _variables(namespace, unpickler, library_state, told)
    _seed(told["seed"])
    library_state.set_random_state(told["random_state"])
    library_state.apply_pending()
    unpickler.move_late_tensors()
    handed_over = dict(namespace)
    for label, text in told["cells"]:
        _evaluate(text, f"<{label}>", namespace)
    if told["cells"]:
        namespace.update(handed_over)
    return function


def call(function: Any) -> None:  # noqa: ANN401 - the user's own
    """Call the function of the run."""
    result = function()
    if inspect.iscoroutine(result):
        asyncio.run(result)


def execute(cell: Path, namespace: dict[str, Any]) -> None:
    """Execute a cell that is no script by itself: it awaits outside of any function, say."""
    _evaluate(cell.read_text(encoding="utf-8"), str(cell), namespace)


def _evaluate(text: str, name: str, namespace: dict[str, Any]) -> None:
    linecache.cache[name] = (len(text), None, text.splitlines(keepends=True), name)
    flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    result = eval(compile(text, name, "exec", flags, dont_inherit=True), namespace)  # noqa: S307 - the user's own cell
    if inspect.iscoroutine(result):
        asyncio.run(result)


def command(words: list[str]) -> NoReturn:
    """Become the command of the run."""
    told = _run_metadata()
    _set_environment(told)
    known = {"python": sys.executable, "folder": str(FOLDER)}

    def meant(mark: re.Match[str]) -> str:
        if mark[1] == "env":
            return os.environ.get(mark[2], mark[2])
        return known[mark[1]]

    path = os.environ.get("PYTHONPATH", "")
    os.environ["PYTHONPATH"] = f"{FOLDER}{os.pathsep}{path}" if path else str(FOLDER)
    arguments = [_PLACEHOLDER.sub(meant, word) for word in words]
    try:
        os.execvp(arguments[0], arguments)  # noqa: S606 - the user's command
    except OSError as error:
        sys.exit(f"run.py: {arguments[0]}: {error.strerror}")


def _run_metadata() -> dict[str, Any]:
    told: dict[str, Any] = json.loads((HERE / "run.json").read_text(encoding="utf-8"))
    return told


def _set_environment(told: dict[str, Any]) -> None:
    """Let ``wandb.init()`` find the parameters; whether it is online is up to who runs this."""
    os.environ["WANDB_SWEEP_PARAM_PATH"] = str(FOLDER / "params.yaml")
    os.environ.setdefault("WANDB_MODE", "offline")
    os.environ.setdefault("WANDB_PROJECT", told["project"])
    kept = FOLDER / "kept"
    kept.mkdir(exist_ok=True)
    os.environ.setdefault("WANDB_MAGIC_RUN_FOLDER", str(kept))


def _variables(
    namespace: dict[str, Any],
    unpickler: ModuleType,
    library_state: ModuleType,
    told: dict[str, Any],
) -> Any:  # noqa: ANN401 - as above
    function = None
    spans = [(start, size) for start, size in told["spans"]]
    places = (HERE / "variables.pkl", HERE / "buffers.bin", spans)
    for name, read in unpickler.load(*places, told["variables"], namespace):
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
