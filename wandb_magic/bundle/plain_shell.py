"""What ``get_ipython()`` is in a run, which is plain Python, and what of IPython's it knows.

A notebook's code asks whether it is in a notebook, and is told that it is not; what sets up the
display or the kernel is done with nothing; everything else says what to write instead. An exported
run takes this file along as it is, so it imports nothing of this package.
"""

from __future__ import annotations

import ast
import functools
import linecache
import re
import sys
from collections.abc import Callable
from typing import Any

# They set up the display, the kernel or its extensions, and mean nothing to a run.
HARMLESS = frozenset(
    {"aimport", "alias", "autoreload", "autosave", "capture", "colors", "config", "load_ext"}
    | {"lsmagic", "matplotlib", "pdb", "precision", "reload_ext", "tb", "tensorboard", "time"}
    | {"unload_ext", "watermark", "xmode"}
)
# Of these, the line holds code: only before a whole cell they mean nothing to a run.
_WITH_CODE = frozenset({"capture", "time"})

LINE_MAGICS = frozenset({"magic", "run_line_magic"})
KNOWN = frozenset({"config", "user_ns"})
METHODS = LINE_MAGICS | {"getoutput", "run_cell_magic", "system", "system_piped", "system_raw"}
ELSEWHERE = "move it to a cell of its own"

_INSTALLERS = frozenset({"apt", "apt-get", "conda", "mamba", "micromamba", "pip", "pip3", "uv"})
_INSTALL = "install packages in a cell of its own"
_RUN = "use subprocess.run(…), or a cell of its own"
_SET = "use os.environ[…] = … or --env NAME=VALUE, or a cell of its own"
_LEAVE = "leave it out, or move it to a cell of its own"
_REMEDIES = {
    **dict.fromkeys(_INSTALLERS, _INSTALL),
    **dict.fromkeys(("bash", "sh", "sx", "system"), _RUN),
    "cd": "use os.chdir(…), or a cell of its own",
    **dict.fromkeys(("env", "set_env"), _SET),
    **dict.fromkeys(("prun", "time", "timeit"), _LEAVE),
}
_LINE = re.compile(r"(?P<indent>\s*)(?P<percents>%%?)(?P<name>\w+)\b(?P<rest>.*)")


def remedy(line: str) -> str:
    """Return what to do instead of a line of IPython's, as IPython writes it."""
    words = line.lstrip("!%").split() or [""]
    if line.startswith("!"):
        return _INSTALL if words[0] in _INSTALLERS else _RUN
    return _REMEDIES.get(words[0], ELSEWHERE)


def strip_harmless(line: str) -> str | None:
    """Return what a line of a cell is in a run; None if it is no line that means nothing there."""
    match = _LINE.fullmatch(line)
    if match is None or not is_harmless(match["name"], is_cell=match["percents"] == "%%"):
        return None
    return f"{match['indent']}pass  # {line.strip()}"


def is_harmless(name: str, *, is_cell: bool = False) -> bool:
    """Tell whether a magic means nothing to a run."""
    return name in (_WITH_CODE if is_cell else HARMLESS - _WITH_CODE)


def is_supported(method: str, line: str) -> bool:
    """Tell whether a run may call a method of the shell with this line, or an unknown one."""
    name = line.strip().removeprefix("%").partition(" ")[0]
    return method in LINE_MAGICS and (not name or is_harmless(name))


def notebook_line(method: str, line: str) -> str:
    """Return the line of a notebook for which IPython calls a method of its shell."""
    marks = {"run_cell_magic": "%%"}
    return f"{'%' if method in LINE_MAGICS else marks.get(method, '!')}{line.removeprefix('%')}"


class PlainShell:
    """What ``get_ipython()`` returns in a run: no shell at all, as far as one can ask it."""

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
        """Do nothing for what means nothing here; refuse the rest."""
        if not is_harmless(name):
            _reject(f"%{name} {line}")

    def magic(self, text: str) -> None:
        """Do as `run_line_magic` does, as old notebooks write it."""
        name, _, line = text.strip().removeprefix("%").partition(" ")
        self.run_line_magic(name, line)

    def run_cell_magic(self, name: str, line: str, cell: str) -> None:  # noqa: ARG002 - IPython's
        """Refuse it: its code is a text, of which no variable went along."""
        _reject(f"%{name} {line}", f"%%{name} {line}")

    def system(self, command: str) -> None:
        """Refuse it."""
        _reject(f"!{command}")

    getoutput = system_raw = system_piped = system

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - it never returns
        raise AttributeError(
            f"get_ipython().{name} does not exist in a run, which is plain Python: move what "
            "needs the notebook to a cell of its own"
        )


_SHELL = PlainShell()


def get_ipython() -> PlainShell:
    """Return what stands for the shell; where the caller expects a `NameError`, raise that.

    Code that asks in a ``try`` whether it is in a notebook is told no, as by plain Python.
    """
    frame = sys._getframe(1)  # noqa: SLF001 - how else to know who asks
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
    called = item.context_expr
    if not isinstance(called, ast.Call) or not ast.unparse(called.func).endswith("suppress"):
        return False
    return any(map(is_name_error_caught, called.args))


def is_name_error_caught(caught: ast.expr | None) -> bool:
    """Tell whether an exception handler catches a `NameError`."""
    if caught is None:
        return True
    names = {each.id for each in ast.walk(caught) if isinstance(each, ast.Name)}
    return bool(names & {"NameError", "Exception", "BaseException"})


def parse_lenient(
    source: str, instead: Callable[[str], str | None], filename: str = ""
) -> ast.Module:
    """Parse a source, with something else instead of the lines that are no Python.

    Parameters
    ----------
    source
        The text.
    instead
        Returns what to read instead of a line; None if there is nothing, which is an error.
    filename
        What errors name.
    """
    return ast.parse(replace_ipython_lines(source, instead, filename), filename)


def replace_ipython_lines(
    source: str, instead: Callable[[str], str | None], filename: str = ""
) -> str:
    """Return a source with something else instead of the lines that are no Python."""
    seen: set[int] = set()
    while True:
        try:
            ast.parse(source, filename)
        except SyntaxError as error:
            lines = source.splitlines(keepends=True)
            number = (error.lineno or 0) - 1
            if not 0 <= number < len(lines) or number in seen:
                return source
            text = lines[number].rstrip("\r\n")
            other = instead(text)
            if other is None:
                return source
            seen.add(number)
            indent = text[: len(text) - len(text.lstrip())] if other == "pass" else ""
            lines[number] = f"{indent}{other}{lines[number][len(text) :]}"
            source = "".join(lines)
        else:
            return source


def _reject(line: str, shown: str = "") -> None:
    raise RuntimeError(
        f"{(shown or line).strip()!r} is for IPython, and a run is plain Python: {remedy(line)}"
    )
