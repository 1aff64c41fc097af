"""Provides ``get_ipython()`` in a run, which is plain Python.

Code that checks whether it is in a notebook finds that it is not; calls that set up the display or
the kernel do nothing; everything else raises an error with a remedy. An exported run includes this
file unchanged, so it imports nothing from this package.
"""

from __future__ import annotations

import ast
import functools
import linecache
import re
import sys
from collections.abc import Callable
from typing import Any

# They set up the display, the kernel or its extensions, and have no meaning in a run.
HARMLESS = frozenset(
    {"aimport", "alias", "autoreload", "autosave", "capture", "colors", "config", "load_ext"}
    | {"lsmagic", "matplotlib", "pdb", "precision", "reload_ext", "tb", "tensorboard", "time"}
    | {"unload_ext", "watermark", "xmode"}
)
# The line of these contains code: only as cell magics are they harmless.
_WITH_CODE = frozenset({"capture", "time"})

LINE_MAGICS = frozenset({"magic", "run_line_magic"})
KNOWN = frozenset({"config", "user_ns"})
METHODS = LINE_MAGICS | {"getoutput", "run_cell_magic", "system", "system_piped", "system_raw"}
ELSEWHERE = "move it to a separate cell"

_INSTALLERS = frozenset({"apt", "apt-get", "conda", "mamba", "micromamba", "pip", "pip3", "uv"})
_INSTALL = "install packages in a separate cell"
_RUN = "use subprocess.run(…), or a separate cell"
_SET = "use os.environ[…] = … or --env NAME=VALUE, or a separate cell"
_LEAVE = "leave it out, or move it to a separate cell"
_REMEDIES = {
    **dict.fromkeys(_INSTALLERS, _INSTALL),
    **dict.fromkeys(("bash", "sh", "sx", "system"), _RUN),
    "cd": "use os.chdir(…), or a separate cell",
    **dict.fromkeys(("env", "set_env"), _SET),
    **dict.fromkeys(("prun", "time", "timeit"), _LEAVE),
}
_LINE = re.compile(r"(?P<indent>\s*)(?P<percents>%%?)(?P<name>\w+)\b(?P<rest>.*)")


def remedy(line: str) -> str:
    """Return what to do instead of an IPython line, given in IPython's notation."""
    words = line.lstrip("!%").split() or [""]
    if line.startswith("!"):
        return _INSTALL if words[0] in _INSTALLERS else _RUN
    return _REMEDIES.get(words[0], ELSEWHERE)


def strip_harmless(line: str) -> str | None:
    """Return the replacement of a harmless IPython line in a run; None for any other line."""
    match = _LINE.fullmatch(line)
    if match is None or not is_harmless(match["name"], is_cell=match["percents"] == "%%"):
        return None
    return f"{match['indent']}pass  # {line.strip()}"


def is_harmless(name: str, *, is_cell: bool = False) -> bool:
    """Return whether a magic has no meaning in a run."""
    return name in (_WITH_CODE if is_cell else HARMLESS - _WITH_CODE)


def is_supported(method: str, line: str) -> bool:
    """Return whether a run may call a method of the shell with this line; "" if unknown."""
    name = line.strip().removeprefix("%").partition(" ")[0]
    return method in LINE_MAGICS and (not name or is_harmless(name))


def notebook_line(method: str, line: str) -> str:
    """Return the notebook line for which IPython calls a method of its shell."""
    prefixes = {"run_cell_magic": "%%"}
    return f"{'%' if method in LINE_MAGICS else prefixes.get(method, '!')}{line.removeprefix('%')}"


class PlainShell:
    """The object that ``get_ipython()`` returns in a run: it behaves as if there were no shell."""

    def __init__(self) -> None:
        self.config: dict[str, Any] = {}

    def __bool__(self) -> bool:
        return False

    def __repr__(self) -> str:
        return "<no IPython: a run of a sweep is plain Python>"

    @property
    def user_ns(self) -> dict[str, Any]:
        """The variables of the run."""
        return vars(sys.modules["__main__"])

    def run_line_magic(self, name: str, line: str = "", *_: object, **__: object) -> None:
        """Do nothing for harmless magics; refuse all others."""
        if not is_harmless(name):
            _reject(f"%{name} {line}")

    def magic(self, text: str) -> None:
        """Do the same as `run_line_magic`, in the form of old notebooks."""
        name, _, line = text.strip().removeprefix("%").partition(" ")
        self.run_line_magic(name, line)

    def run_cell_magic(self, name: str, line: str, cell: str) -> None:  # noqa: ARG002 - IPython's
        """Refuse it: its code is text, whose variables were not captured."""
        _reject(f"%{name} {line}", f"%%{name} {line}")

    def system(self, command: str) -> None:
        """Refuse it."""
        _reject(f"!{command}")

    getoutput = system_raw = system_piped = system

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - it never returns
        raise AttributeError(
            f"get_ipython().{name} does not exist in a run, which is plain Python: move what "
            "needs the notebook to a separate cell"
        )


_SHELL = PlainShell()


def get_ipython() -> PlainShell:
    """Return the replacement of the shell; where the caller expects a `NameError`, raise that.

    Code that checks in a ``try`` whether it is in a notebook gets the result of plain Python.
    """
    frame = sys._getframe(1)  # noqa: SLF001 - the only way to find the caller
    if frame.f_lineno in _guarded_lines(frame.f_code.co_filename):
        raise NameError("name 'get_ipython' is not defined")
    return _SHELL


@functools.lru_cache(maxsize=64)
def _guarded_lines(filename: str) -> frozenset[int]:
    """Return the lines of a file in which a `NameError` would be caught."""
    try:
        tree = parse_lenient("".join(linecache.getlines(filename)), lambda _: "pass")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return frozenset()
    lines: set[int] = set()
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Try)
            and any(is_name_error_caught(each.type) for each in node.handlers)
        ) or (isinstance(node, ast.With) and any(map(_suppresses, node.items))):
            for part in node.body:
                lines.update(range(part.lineno, (part.end_lineno or part.lineno) + 1))
    return frozenset(lines)


def _suppresses(item: ast.withitem) -> bool:
    call = item.context_expr
    if not isinstance(call, ast.Call) or not ast.unparse(call.func).endswith("suppress"):
        return False
    return any(map(is_name_error_caught, call.args))


def is_name_error_caught(handled: ast.expr | None) -> bool:
    """Return whether an exception handler catches a `NameError`."""
    if handled is None:
        return True
    names = {each.id for each in ast.walk(handled) if isinstance(each, ast.Name)}
    return bool(names & {"NameError", "Exception", "BaseException"})


def parse_lenient(
    source: str, instead: Callable[[str], str | None], filename: str = ""
) -> ast.Module:
    """Parse a source, with replacements for the lines that are not Python.

    Parameters
    ----------
    source
        The text.
    instead
        Returns the replacement of a line; None if there is none, which is an error.
    filename
        The file name in errors.
    """
    return ast.parse(replace_ipython_lines(source, instead, filename), filename)


def replace_ipython_lines(
    source: str, instead: Callable[[str], str | None], filename: str = ""
) -> str:
    """Return a source with replacements for the lines that are not Python."""
    replaced: set[int] = set()
    while True:
        try:
            ast.parse(source, filename)
        except SyntaxError as error:
            lines = source.splitlines(keepends=True)
            number = (error.lineno or 0) - 1
            if not 0 <= number < len(lines) or number in replaced:
                return source
            text = lines[number].rstrip("\r\n")
            replacement = instead(text)
            if replacement is None:
                return source
            replaced.add(number)
            indent = text[: len(text) - len(text.lstrip())] if replacement == "pass" else ""
            lines[number] = f"{indent}{replacement}{lines[number][len(text) :]}"
            source = "".join(lines)
        else:
            return source


def _reject(line: str, shown: str = "") -> None:
    raise RuntimeError(
        f"{(shown or line).strip()!r} is for IPython, and a run is plain Python: {remedy(line)}"
    )
