"""The manifest of a bundle, and the names of the files in its folder.

::

    manifest.json   this table of contents
    signature.json  proves who wrote all of it; see `signature`
    cell.py         the cell's text, on the same lines as in the notebook
    variables.pkl   the variables, one pickle after another
    buffers.bin     their large buffers, mapped by the reader
    scheduler.py    the user's functions that choose the parameters, if the config names any
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from wandb_magic.errors import BundleError
from wandb_magic.paths import write_atomically
from wandb_magic.safe_open import read_inside

Kind = Literal["cell", "function", "command"]

TRUST_VARIABLE = "WANDB_MAGIC_BUNDLE"
"""Passes to a sweep's processes what they may load: what their parent process has verified."""

LAUNCHER_VARIABLE = "WANDB_MAGIC_LAUNCHER"
"""Passes to a supervisor where the runs are executed, if that is not its own machine."""

WORKING_DIR_VARIABLE = "WANDB_MAGIC_WORKING_DIR"
"""Passes to processes on another machine where runs start if it lacks the notebook's folder."""

ENTRY = ""  # the name under which the function to call is kept

_MAGIC = "%%wandb_sweep"

# Leaving out too much costs little: running processes inherit the whole environment, and a resumed
# sweep takes from the record only what its new environment lacks.
_SECRET_NAME = re.compile(
    r"KEY(?!BOARD)|TOKEN(?!IZER)|SECRET|PASSW|CREDENTIAL|COOKIE|AUTH(?!OR)|PRIVATE|CONN(ECTION)?_STR"
    r"|^WANDB_MAGIC_NOTIFY$|(^|_)(PASS|PASSPHRASE|PWD|PIN|SAS|DSN|JWT|NETRC)$",
    re.IGNORECASE,
)
_NO_SECRET = frozenset({"PWD"})  # the working directory
_SECRET_VALUE = re.compile(
    r"://[^/\s?#]*@"  # a URL with a user in it
    r"|(password|passwd|pwd|secret|token|key)[\"']?\s*[=:]\s*\S"
    r"|-----BEGIN|\b(sk-|gh[opsu]_|github_pat_|hf_|glpat-|xox[abp]-|AKIA|eyJ)\w{8}",
    re.IGNORECASE,
)

# W&B variables that identify one run, one sweep or one wandb process: stale in any other process.
STALE = frozenset(
    {
        "WANDB_ARTIFACT_DIR_RUN",
        "WANDB_FORK_FROM",
        TRUST_VARIABLE,
        LAUNCHER_VARIABLE,
        WORKING_DIR_VARIABLE,
        "WANDB_MAGIC_RUN_FOLDER",
        "WANDB_MAGIC_SEED",
        "WANDB_MODE",
        "WANDB_NAME",
        "WANDB_RESUME",
        "WANDB_RESUME_FROM",
        "WANDB_RUN_DIR",
        "WANDB_RUN_ID",
        "WANDB_RUN_NAME",
        "WANDB_SERVICE",
        "WANDB_SWEEP_ID",
        "WANDB_SWEEP_PARAM_PATH",
        "WANDB_NOTEBOOK_NAME",
        "WANDB_JUPYTER",
        "WANDB_DIR",
    }
)
# Variables of the kernel that have a meaning only in it.
KERNEL_ONLY = frozenset({"JPY_PARENT_PID", "JPY_SESSION_NAME", "MPLBACKEND", "PYTHONSTARTUP"})


@dataclass(frozen=True)
class Variable:
    """One pickled variable: its name (`ENTRY` for the function to call) and its size in bytes."""

    name: str
    kind: str
    size: int


@dataclass(frozen=True)
class Manifest:
    """A bundle's table of contents.

    Attributes
    ----------
    kind
        Whether a run executes the cell, calls the function, or starts the spec's command.
    imports
        Modules that the code imports, and the names it takes from each; to be imported before the
        first fork, except `imports_in_run`.
    spans
        Offset and size of each buffer.
    sources
        Text of the notebook's other cells, by the file name in their code objects.
    environment
        The captured environment variables; never one that may hold a secret.
    left
        Names of the notebook that were not captured.
    executable
        The Python that created it; a resumed sweep continues in the same one.
    notebook
        The notebook it was created in, as named by its server; "" if there is none.
    carried
        What the notebook had set on modules and libraries, as text.
    cells
        Label and text of the notebook's cells that each run executes first.
    random_state
        The states of the notebook's global random generators, if runs are to start with these;
        see `library_state.random_state`.
    imports_in_run
        Modules that each run imports itself, because the code sets environment variables that a
        library may read when it is imported.
    function_source
        The text of the function, for people to read; "" if it is not available.
    """

    kind: Kind
    python: str
    directory: str
    path: tuple[str, ...]
    imports: Mapping[str, list[str]]
    variables: tuple[Variable, ...]
    spans: tuple[tuple[int, int], ...]
    sources: Mapping[str, str]
    environment: Mapping[str, str]
    left: tuple[str, ...] = ()
    executable: str = ""
    notebook: str = ""
    carried: tuple[str, ...] = ()
    cells: tuple[tuple[str, str], ...] = ()
    random_state: Mapping[str, Any] = field(default_factory=dict)
    imports_in_run: tuple[str, ...] = ()
    function_source: str = ""

    @property
    def working_directory(self) -> str:
        """The folder in which runs start: the notebook's, if this machine has it."""
        substitute = os.environ.get(WORKING_DIR_VARIABLE)
        has_folder = not substitute or Path(self.directory).is_dir()
        return self.directory if has_folder else str(substitute)

    @property
    def early_imports(self) -> dict[str, list[str]]:
        """Modules to import before the code is executed, and the names it takes from each."""
        return {
            name: parts for name, parts in self.imports.items() if name not in self.imports_in_run
        }

    def launch_environment(self) -> dict[str, str]:
        """Return the environment of a process that continues the sweep from this one.

        What this process has takes precedence over what was recorded.
        """
        return {**self.environment, **inheritable_environment(os.environ)}

    def write(self, folder: Path) -> None:
        """Write the table into the bundle's folder; a bundle without it is not complete."""
        write_atomically(manifest_path(folder), json.dumps(asdict(self)), durable=True)

    @classmethod
    def read(cls, folder: Path) -> Manifest:
        """Read the table from a bundle's folder.

        Raises
        ------
        BundleError
            If it is damaged.
        """
        path = manifest_path(folder)
        try:
            return cls.parse(read_inside(folder.parent, path).decode())
        except (ValueError, TypeError, KeyError) as error:
            raise BundleError(
                f"{path} is damaged: the results can be read, but to run more, start a new sweep"
            ) from error

    @classmethod
    def parse(cls, text: str) -> Manifest:
        """Read the table from the text of its file."""
        data: dict[str, Any] = json.loads(text)
        data["variables"] = tuple(Variable(**each) for each in data["variables"])
        data["spans"] = tuple((start, size) for start, size in data["spans"])
        data["path"] = tuple(data["path"])
        data["carried"] = tuple(data.get("carried", ()))
        data["cells"] = tuple((label, text) for label, text in data.get("cells", ()))
        data["imports_in_run"] = tuple(data.get("imports_in_run", ()))
        data["left"] = tuple(data.get("left", ()))
        return cls(**data)


def inheritable_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """Return what a sweep's processes inherit: all but stale and kernel-only variables."""
    return {
        name: value
        for name, value in environment.items()
        if name not in STALE and name not in KERNEL_ONLY
    }


def recordable_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that may be written to disk: none that looks like a secret."""
    return {
        name: value
        for name, value in environment.items()
        if name in _NO_SECRET or not (_SECRET_NAME.search(name) or _SECRET_VALUE.search(value))
    }


def manifest_path(folder: Path) -> Path:
    """Return the path of the manifest."""
    return folder / "manifest.json"


def cell_path(folder: Path) -> Path:
    """Return the path of the cell's text; tracebacks of runs point here."""
    return folder / "cell.py"


def join_magic(arguments: str, code: str) -> str:
    """Return the text of a magic's cell: a comment replaces its line, so later ones stay in place.

    Parameters
    ----------
    arguments
        The magic's line, after its name.
    code
        The lines below it.
    """
    return f"# {_MAGIC} {arguments}\n{code}"


def split_magic(text: str) -> tuple[str, str]:
    """Return the magic's line, with its name, and the code below it: what `join_magic` has joined.

    The line is "" for a cell that no magic started.
    """
    comment, _, code = text.partition("\n")
    line = comment.removeprefix("# ")
    is_magic = line != comment and line.split(" ", 1)[0] == _MAGIC
    return (line, code) if is_magic else ("", text)


def scheduler_path(folder: Path) -> Path:
    """Return the path of the functions that choose the parameters."""
    return folder / "scheduler.py"


def variables_path(folder: Path) -> Path:
    """Return the path of the pickles."""
    return folder / "variables.pkl"


def buffers_path(folder: Path) -> Path:
    """Return the path of the buffers."""
    return folder / "buffers.bin"
