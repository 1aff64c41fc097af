"""Every path of a sweep, in one class.

``$WANDB_DIR/wandb/sweep-<id>/`` is W&B's own place for a sweep. The folder holds::

    sweep.db        the store (or sweep.db.at: the path of a store kept on a local disk)
    spec.yaml       the validated sweep config
    bundle/         the frozen cell and its variables
    supervisor.log  what the supervisor said
    core.json       which wandb-core the runs share
    supervisor.json which process was started last as the supervisor
    lock            held by the living supervisor, and what it waits for
    sync/           state.json, runs.log, sync.log, lock, copies/: what goes to W&B, and how far
    resend/         the same, for runs of an online sweep that the server refused in their course
    agents.json     who our agents are at the W&B server, and what they owe it
    runs/<run id>/  params.yaml, core, process.json, devices, wandb.dirs, output.log, stop,
                    exit.json, imports.json, kept/; after a resumption also execution, core-1,
                    process-1.json, stop-1, exit-1.json and so on, and perhaps spared

Ids are validated before they become part of a path.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import re
import stat
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from io import BufferedWriter
from pathlib import Path
from typing import Any, Literal

from wandb_magic.errors import SweepNotFoundError
from wandb_magic.records import RunId, SweepId, is_id

FOLDER_MODE = 0o700
PARENT_MODE = 0o755
"""Of folders that hold those of ours: whatever the umask allows, no one else may write there."""
FILE_MODE = 0o600
STATE_FOLDER = "wandb-magic"
"""The folder of ours below the user's own, where a sweep's folder cannot hold its store."""

START_DIR = os.environ.get("PWD", "/")
"""Where this process began: below it lies a relative folder of the user."""
with contextlib.suppress(OSError):  # it may have been deleted
    START_DIR = os.getcwd()  # noqa: PTH109 - text, as the other

_EXECUTION_FILE = re.compile(r"(?:process|core|stop|exit|imports)-([0-9]{1,9})(?:\.json)?")


@dataclass(frozen=True)
class RunPaths:
    """The paths of one run, below its sweep's ``runs/``.

    Attributes
    ----------
    folder
        The run's folder.
    execution
        Which execution of the run is meant: 0, and one more with each time that it is resumed.
        What says who executes it and how that ended has its number in the name, so that nothing
        that the processes of an earlier one still write is ever taken for the later one's.
    """

    folder: Path
    execution: int = 0

    @property
    def params(self) -> Path:
        """Parameters in the form that wandb reads from ``WANDB_SWEEP_PARAM_PATH``."""
        return self.folder / "params.yaml"

    @property
    def process(self) -> Path:
        """The claim: the identity of the one process that executes this run."""
        return self._of_execution("process", ".json")

    @property
    def output(self) -> Path:
        """Everything that the run and its children printed."""
        return self.folder / "output.log"

    @property
    def stack(self) -> Path:
        """Where each thread was, whenever that was asked."""
        return self._of_execution("stack")

    @property
    def wandb(self) -> Path:
        """Where wandb keeps the run, one folder a line, in order of ``wandb.init``."""
        return self.folder / "wandb.dirs"

    @property
    def core(self) -> Path:
        """The token of the shared wandb-core that the run talks to."""
        return self._of_execution("core")

    @property
    def devices(self) -> Path:
        """The GPUs that the run may see, as ``CUDA_VISIBLE_DEVICES`` names them, if it does."""
        return self.folder / "devices"

    @property
    def stop(self) -> Path:
        """Why the run is being stopped, written before the first signal."""
        return self._of_execution("stop")

    @property
    def exit(self) -> Path:
        """How the run ended, written by itself or by the process that waited for it."""
        return self._of_execution("exit", ".json")

    @property
    def imports(self) -> Path:
        """What the run has imported late, until the template has read it."""
        return self._of_execution("imports", ".json")

    @property
    def persistent_dir(self) -> Path:
        """The run's own folder for its files, the same in all of its executions."""
        return self.folder / "kept"

    @property
    def pruning_exempt(self) -> Path:
        """Exists if the sweep's rule for ending poor runs is to leave this one alone."""
        return self.folder / "spared"

    @property
    def latest_execution(self) -> RunPaths:
        """The paths of the run's newest execution."""
        try:
            text = self._execution_file.read_text(encoding="ascii")
        except FileNotFoundError:
            return RunPaths(self.folder)
        except UnicodeDecodeError:
            text = ""
        return RunPaths(self.folder, int(text) if text.isdecimal() else self._last_with_files())

    def start_next_execution(self) -> None:
        """Make room for one execution more than the newest; a number may be left out."""
        write_atomically(
            self._execution_file, str(self.latest_execution.execution + 1), durable=True
        )

    def _last_with_files(self) -> int:
        """Return the newest execution that has left files, where its number was lost."""
        found = (_EXECUTION_FILE.fullmatch(path.name) for path in self.folder.glob("*-*"))
        return max((int(match[1]) for match in found if match), default=0)

    @property
    def _execution_file(self) -> Path:
        return self.folder / "execution"

    def _of_execution(self, stem: str, suffix: str = "") -> Path:
        number = f"-{self.execution}" if self.execution else ""
        return self.folder / f"{stem}{number}{suffix}"


@dataclass(frozen=True)
class SyncPaths:
    """The paths of what sends a sweep to W&B, below the sweep's ``sync/``."""

    folder: Path

    @property
    def state(self) -> Path:
        """Where the sweep is sent to, and how that goes."""
        return self.folder / "state.json"

    @property
    def runs(self) -> Path:
        """What was done with each run, a line each time."""
        return self.folder / "runs.log"

    @property
    def log(self) -> Path:
        """What the sync and W&B's command said."""
        return self.folder / "sync.log"

    @property
    def lock(self) -> Path:
        """Held by the living sync and by what it has started; there is never a second one."""
        return self.folder / "lock"

    @property
    def staging(self) -> Path:
        """Copies of the runs that are on their way; each goes once its run has arrived."""
        return self.folder / "copies"


@dataclass(frozen=True)
class SweepPaths:
    """The paths of one sweep.

    Attributes
    ----------
    folder
        The sweep's folder.
    sync_dir
        The folder in it that whoever sends runs to W&B works in.
    """

    folder: Path
    sync_dir: str = "sync"

    @classmethod
    def of(cls, root: Path, sweep: SweepId) -> SweepPaths:
        """Return the paths of `sweep` below `root`, the folder that ``WANDB_DIR`` names."""
        return cls(wandb_folder(root) / f"sweep-{validate_id(sweep)}")

    @property
    def root(self) -> Path:
        """What ``WANDB_DIR`` is for the runs of this sweep."""
        return self.folder.parent.parent

    @property
    def store(self) -> Path:
        """The store; on a network file system a pointer leads to a local disk."""
        here = self.folder / "sweep.db"
        # A pointer that cannot be read, or names no path, is as good as none.
        with contextlib.suppress(OSError, ValueError):
            there = Path(read_regular_file(self.store_pointer))
            # On another machine, where it was not, it may have been put beside the pointer.
            if there.is_absolute() and (there.exists() or not here.exists()):
                return there
        return here

    @property
    def store_pointer(self) -> Path:
        """Names the store's real place where the sweep's folder cannot hold it."""
        return self.folder / "sweep.db.at"

    @property
    def agents(self) -> Path:
        """Who the agents of an online sweep are at the W&B server, and what they owe it."""
        return self.folder / "agents.json"

    @property
    def spec(self) -> Path:
        """The sweep config as YAML, for people."""
        return self.folder / "spec.yaml"

    @property
    def bundle(self) -> Path:
        """The frozen cell and its variables."""
        return self.folder / "bundle"

    @property
    def log(self) -> Path:
        """What the supervisor said."""
        return self.folder / "supervisor.log"

    @property
    def lock(self) -> Path:
        """Held by the living supervisor, who notes in it what it waits for; never by a second."""
        return self.folder / "lock"

    @property
    def core(self) -> Path:
        """The shared wandb-core that was started last, for the next supervisor to go on with."""
        return self.folder / "core.json"

    @property
    def supervisor_process(self) -> Path:
        """The identity of the supervisor that was started last, until it speaks for itself."""
        return self.folder / "supervisor.json"

    @property
    def runs(self) -> Path:
        """One folder a run."""
        return self.folder / "runs"

    @property
    def sync(self) -> SyncPaths:
        """What is known of sending the sweep to W&B."""
        return SyncPaths(self.folder / self.sync_dir)

    @property
    def resend(self) -> SweepPaths:
        """The same sweep, for what sends anew the runs that W&B's server has refused."""
        return SweepPaths(self.folder, "resend")

    def run(self, run: RunId) -> RunPaths:
        """Return the paths of one run."""
        return RunPaths(self.runs / validate_id(run))


def wandb_folder(root: Path) -> Path:
    """Return the folder that wandb itself would use below `root`."""
    hidden = root / ".wandb"
    return hidden if hidden.is_dir() else root / "wandb"


def user_data_dir() -> Path:
    """Return our folder in Jupyter's data folder, wherever this process has gone since."""
    from jupyter_core.paths import jupyter_data_dir  # noqa: PLC0415 - the runs never need it

    return Path(START_DIR, jupyter_data_dir()) / STATE_FOLDER


def validate_id(text: str) -> str:
    """Return `text` if it is an id, so that it can lead nowhere but into its own folder.

    Raises
    ------
    SweepNotFoundError
        If it is not eight lower-case letters and digits.
    """
    if not is_id(text):
        raise SweepNotFoundError(
            f"{text[:100]!r} is no id: one has eight lower-case letters and digits"
        )
    return text


def read_json_object(path: Path) -> dict[str, Any] | None:
    """Return the JSON object in a file of ours; None where there is none.

    Raises
    ------
    ValueError
        If there is a file, and it holds something else: a machine that loses its power leaves
        files that are empty or cut.
    """
    try:
        found = json.loads(read_regular_file(path))
    except FileNotFoundError:
        return None
    except (ValueError, RecursionError):
        raise ValueError(f"{path} is empty or damaged") from None
    if found is not None and not isinstance(found, dict):
        raise ValueError(f"{path} is damaged")
    return found


def read_regular_file(path: Path) -> str:
    """Return the text of a file; of a link, pipe or folder in its place, an error and no waiting.

    Raises
    ------
    OSError
        If there is no file, or it cannot be read.
    UnicodeDecodeError
        If it is no text.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "no regular file", str(path))
        return file.read().decode("utf-8")


def make_folder(path: Path, *, exist_ok: bool = False, durable: bool = False) -> None:
    """Make a folder for this user alone; the folders above that are missing, others cannot write.

    `durable` ones are there after a loss of power, too, once this returns.

    Raises
    ------
    FileExistsError
        If it is there already, unless `exist_ok`.
    """
    missing = [folder for folder in (path, *path.parents) if not folder.exists()]
    for parent in reversed(missing[1:]):
        parent.mkdir(mode=PARENT_MODE, exist_ok=True)
    path.mkdir(mode=FOLDER_MODE, exist_ok=exist_ok)
    if durable:
        sync_to_disk(*(folder.parent for folder in missing))


def open_private(path: Path, mode: Literal["wb", "ab"]) -> BufferedWriter:
    """Open a file to write; one that is made is for this user alone, whatever the umask."""

    def make(name: str, flags: int) -> int:
        return os.open(name, flags, FILE_MODE)

    return open(path, mode, opener=make)


def sync_to_disk(*paths: Path) -> None:
    """Let files, or a folder's entries, outlive a loss of power from here on.

    What cannot be synced, on a file system that knows no such thing, is left as it is.
    """
    for path in paths:
        with contextlib.suppress(OSError):
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)


def write_atomically(path: Path, data: bytes | str, *, durable: bool = False) -> None:
    """Write `path` through a temporary file beside it, so that nobody ever reads half of it.

    A `durable` file is there after a loss of power, too, once this returns.
    """
    raw = data.encode() if isinstance(data, str) else data
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(raw)
            if durable:
                file.flush()
                os.fsync(file.fileno())
        Path(temporary).replace(path)
        if durable:
            sync_to_disk(path.parent)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def append_line(path: Path, line: str) -> None:
    """Add a line to a file, whole or not at all."""
    raw = f"{line}\n".encode()
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    try:
        size = os.fstat(descriptor).st_size
        written = os.write(descriptor, raw)
        if written < len(raw):  # the disk is full: who tries again must not add to half a line
            os.ftruncate(descriptor, size)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
    finally:
        os.close(descriptor)


def write_exclusively(path: Path, data: str, *, durable: bool = False) -> bool:
    """Write `path` in one step if it does not exist; tell whether this call made it.

    A `durable` file is there after a loss of power, too, once this returns.
    """
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data.encode())
            if durable:
                file.flush()
                os.fsync(file.fileno())
        try:
            os.link(temporary, path)
        except FileExistsError:
            return False
        if durable:
            sync_to_disk(path.parent)
        return True
    finally:
        Path(temporary).unlink(missing_ok=True)


@contextlib.contextmanager
def folder_lock(folder: Path) -> Iterator[None]:
    """Hold a folder's lock, for as long as another process does not; some file systems have none.

    Raises
    ------
    OSError
        If the folder cannot be read.
    """
    import fcntl  # noqa: PLC0415 - where it is missing, the package says so when something starts

    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        with contextlib.suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
