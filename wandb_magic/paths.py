"""All paths of a sweep, and safe ways to read and write its files.

``$WANDB_DIR/wandb/sweep-<id>/`` is W&B's own place for a sweep. The folder holds::

    sweep.db        the store (or sweep.db.at: the path of a store kept on a local disk)
    spec.yaml       the validated sweep config
    bundle/         the frozen cell and its variables
    supervisor.log  the supervisor's log
    core.json       the wandb-core that the runs share
    supervisor.json the process that was last started as the supervisor
    lock            held by the running supervisor; contains what it waits for
    notify.json     the alerts that were due, with notify.lock and notify.log
    budget.lock     held by a call of attach or agent that adds to the number of runs
    sync/           state.json, runs.log, sync.log, lock, copies/: sending to W&B, and its progress
    resend/         the same, for runs of an online sweep that the server refused while they ran
    cluster/        the Dask cluster of a sweep on a batch system
    agents.json     our agents' ids at the W&B server, and their pending assignments
    runs/<run id>/  params.yaml, core, process.json, devices, wandb.dirs, output.log, stop,
                    exit.json, hold.json, failure.frames, stack, imports.json, kept/; after a
                    resumption also execution, core-1, process-1.json, stop-1, exit-1.json and so
                    on, and perhaps spared

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
from dataclasses import dataclass
from io import BufferedWriter
from pathlib import Path
from typing import Any, Literal

from wandb_magic.errors import SweepNotFoundError
from wandb_magic.records import RunId, SweepId, is_id

FOLDER_MODE = 0o700
PARENT_MODE = 0o755
"""The mode of parent folders of ours: only this user may write there, whatever the umask."""
FILE_MODE = 0o600
STATE_FOLDER = "wandb-magic"
"""Our folder below the user's own, also for stores that a sweep's folder cannot hold."""

START_DIR = os.environ.get("PWD", "/")
"""The folder in which this process started, to which the user's relative folders refer."""
with contextlib.suppress(OSError):  # it may have been deleted
    START_DIR = os.getcwd()  # noqa: PTH109 - a string, as above

_EXECUTION_FILE = re.compile(r"(?:process|core|stop|exit|imports)-([0-9]{1,9})(?:\.json)?")


@dataclass(frozen=True)
class RunPaths:
    """The paths of one run, below its sweep's ``runs/``.

    Attributes
    ----------
    folder
        The run's folder.
    execution
        The number of the run's execution: 0, and one more each time that it is resumed. The files
        that record who executes it and how that ended have the number in their names, so that
        what the processes of an earlier one still write is never taken for the later one's.
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
        """The stack of each thread, whenever it was requested."""
        return self._of_execution("stack")

    @property
    def wandb(self) -> Path:
        """The run's W&B folders, one per line, in order of ``wandb.init``."""
        return self.folder / "wandb.dirs"

    @property
    def core(self) -> Path:
        """The token of the shared wandb-core that the run uses."""
        return self._of_execution("core")

    @property
    def devices(self) -> Path:
        """The GPUs that the run may use, as in ``CUDA_VISIBLE_DEVICES``, if that is set."""
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
    def failure(self) -> Path:
        """The frames of the exception that ended the run, written by itself."""
        return self._of_execution("failure", ".frames")

    @property
    def hold(self) -> Path:
        """Says until when the failed run is held for a debugger, and where it listens."""
        return self._of_execution("hold", ".json")

    @property
    def imports(self) -> Path:
        """What the run has imported late, until the fork server has read it."""
        return self._of_execution("imports", ".json")

    @property
    def persistent_dir(self) -> Path:
        """The run's own folder for its files, the same in all of its executions."""
        return self.folder / "kept"

    @property
    def pruning_exempt(self) -> Path:
        """Exists if the run is exempt from early termination."""
        return self.folder / "spared"

    @property
    def latest_execution(self) -> RunPaths:
        """The paths of the run's latest execution."""
        try:
            text = self._execution_file.read_text(encoding="ascii")
        except FileNotFoundError:
            return RunPaths(self.folder)
        except UnicodeDecodeError:
            text = ""
        return RunPaths(self.folder, int(text) if text.isdecimal() else self._last_with_files())

    def start_next_execution(self) -> None:
        """Begin the execution after the latest; a number may be skipped."""
        write_atomically(
            self._execution_file, str(self.latest_execution.execution + 1), durable=True
        )

    def _last_with_files(self) -> int:
        """Return the latest execution that has left files, if its number was lost."""
        matches = (_EXECUTION_FILE.fullmatch(path.name) for path in self.folder.glob("*-*"))
        return max((int(match[1]) for match in matches if match), default=0)

    @property
    def _execution_file(self) -> Path:
        return self.folder / "execution"

    def _of_execution(self, stem: str, suffix: str = "") -> Path:
        number = f"-{self.execution}" if self.execution else ""
        return self.folder / f"{stem}{number}{suffix}"


@dataclass(frozen=True)
class SyncPaths:
    """The paths for sending a sweep to W&B, below the sweep's ``sync/``."""

    folder: Path

    @property
    def state(self) -> Path:
        """The target of the sync, and its progress."""
        return self.folder / "state.json"

    @property
    def runs(self) -> Path:
        """What was done with each run, one line per step."""
        return self.folder / "runs.log"

    @property
    def log(self) -> Path:
        """The output of the sync and of W&B's command."""
        return self.folder / "sync.log"

    @property
    def lock(self) -> Path:
        """Held by the running sync and by its child processes; there is never a second sync."""
        return self.folder / "lock"

    @property
    def staging(self) -> Path:
        """The staged runs; each is removed once its run was sent."""
        return self.folder / "copies"


@dataclass(frozen=True)
class SweepPaths:
    """The paths of one sweep.

    Attributes
    ----------
    folder
        The sweep's folder.
    sync_dir
        The name of the folder in it for sending runs to W&B.
    """

    folder: Path
    sync_dir: str = "sync"

    @classmethod
    def of(cls, root: Path, sweep: SweepId) -> SweepPaths:
        """Return the paths of `sweep` below `root`, the folder that ``WANDB_DIR`` names."""
        return cls(wandb_folder(root) / f"sweep-{validate_id(sweep)}")

    @property
    def root(self) -> Path:
        """The value of ``WANDB_DIR`` for the runs of this sweep."""
        return self.folder.parent.parent

    @property
    def store(self) -> Path:
        """The store; on a network file system, a pointer file has its path on a local disk."""
        default = self.folder / "sweep.db"
        # A pointer that cannot be read, or is not a path, counts as missing.
        with contextlib.suppress(OSError, ValueError):
            target = Path(read_regular_file(self.store_pointer))
            # On another machine, the store may have been copied next to the pointer.
            if target.is_absolute() and (target.exists() or not default.exists()):
                return target
        return default

    @property
    def store_pointer(self) -> Path:
        """Contains the store's path, if the sweep's folder cannot hold the store."""
        return self.folder / "sweep.db.at"

    @property
    def agents(self) -> Path:
        """The ids of an online sweep's agents at the W&B server, and their pending assignments."""
        return self.folder / "agents.json"

    @property
    def spec(self) -> Path:
        """The sweep config as YAML, for users."""
        return self.folder / "spec.yaml"

    @property
    def bundle(self) -> Path:
        """The frozen cell and its variables."""
        return self.folder / "bundle"

    @property
    def log(self) -> Path:
        """The supervisor's log."""
        return self.folder / "supervisor.log"

    @property
    def lock(self) -> Path:
        """Held by the only running supervisor, which writes what it waits for into it."""
        return self.folder / "lock"

    @property
    def notify(self) -> Path:
        """The alerts that were due, and what became of each."""
        return self.folder / "notify.json"

    @property
    def notify_lock(self) -> Path:
        """Held by the only process that sends the sweep's alerts."""
        return self.folder / "notify.lock"

    @property
    def notify_log(self) -> Path:
        """What that process prints."""
        return self.folder / "notify.log"

    @property
    def budget_lock(self) -> Path:
        """Held by a call that adds to the budget of the previous one."""
        return self.folder / "budget.lock"

    @property
    def core(self) -> Path:
        """The shared wandb-core that was started last, for the next supervisor."""
        return self.folder / "core.json"

    @property
    def supervisor_process(self) -> Path:
        """The identity of the supervisor that was started last, until the store has it."""
        return self.folder / "supervisor.json"

    @property
    def runs(self) -> Path:
        """The folder with one folder for each run."""
        return self.folder / "runs"

    @property
    def sync(self) -> SyncPaths:
        """The paths for sending the sweep to W&B."""
        return SyncPaths(self.folder / self.sync_dir)

    @property
    def resend(self) -> SweepPaths:
        """The same sweep's paths, for resending the runs that W&B's server refused."""
        return SweepPaths(self.folder, "resend")

    def run(self, run: RunId) -> RunPaths:
        """Return the paths of one run."""
        return RunPaths(self.runs / validate_id(run))


def wandb_folder(root: Path) -> Path:
    """Return the folder that wandb itself uses below `root`."""
    hidden = root / ".wandb"
    return hidden if hidden.is_dir() else root / "wandb"


def user_data_dir() -> Path:
    """Return our folder in Jupyter's data folder, even if this process changed its directory."""
    from jupyter_core.paths import jupyter_data_dir  # noqa: PLC0415 - runs do not need it

    return Path(START_DIR, jupyter_data_dir()) / STATE_FOLDER


def validate_id(text: str) -> str:
    """Return `text` if it is an id, and so cannot lead outside its own folder.

    Raises
    ------
    SweepNotFoundError
        If it is not eight lower-case letters and digits.
    """
    if not is_id(text):
        raise SweepNotFoundError(
            f"invalid id {text[:100]!r}: expected eight lower-case letters and digits"
        )
    return text


def read_json_object(path: Path) -> dict[str, Any] | None:
    """Return the JSON object in a file of ours; None if there is no file.

    Raises
    ------
    ValueError
        If the file contains something else: a power loss may leave files that are empty or
        truncated.
    """
    try:
        document = json.loads(read_regular_file(path))
    except FileNotFoundError:
        return None
    except (ValueError, RecursionError):
        raise ValueError(f"{path} is empty or damaged") from None
    if document is not None and not isinstance(document, dict):
        raise ValueError(f"{path} is damaged")
    return document


def read_regular_file(path: Path) -> str:
    """Return the text of a regular file; fail at once on a link, pipe or folder in its place.

    Raises
    ------
    OSError
        If there is no file, or it cannot be read.
    UnicodeDecodeError
        If it is not UTF-8.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "not a regular file", str(path))
        return file.read().decode("utf-8")


def make_folder(path: Path, *, exist_ok: bool = False, durable: bool = False) -> None:
    """Create a folder for this user alone; others cannot write to its newly created parents.

    With `durable`, they survive a power loss once this returns.

    Raises
    ------
    FileExistsError
        If it exists already, unless `exist_ok`.
    """
    missing = [folder for folder in (path, *path.parents) if not folder.exists()]
    for parent in reversed(missing[1:]):
        parent.mkdir(mode=PARENT_MODE, exist_ok=True)
    path.mkdir(mode=FOLDER_MODE, exist_ok=exist_ok)
    if durable:
        sync_to_disk(*(folder.parent for folder in missing))


def open_private(path: Path, mode: Literal["wb", "ab"]) -> BufferedWriter:
    """Open a file for writing; a new file is for this user alone, whatever the umask."""

    def make(name: str, flags: int) -> int:
        return os.open(name, flags, FILE_MODE)

    return open(path, mode, opener=make)


def sync_to_disk(*paths: Path) -> None:
    """Sync files, or a folder's entries, so that they survive a power loss.

    Failures are ignored: some file systems do not support it.
    """
    for path in paths:
        with contextlib.suppress(OSError):
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)


def write_atomically(path: Path, data: bytes | str, *, durable: bool = False) -> None:
    """Write `path` through a temporary file beside it, so that no reader sees an incomplete file.

    With `durable`, the file survives a power loss once this returns.
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
    """Append a line to a file, completely or not at all."""
    raw = f"{line}\n".encode()
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    try:
        size = os.fstat(descriptor).st_size
        written = os.write(descriptor, raw)
        if written < len(raw):  # the disk is full: a retry must not append to a partial line
            os.ftruncate(descriptor, size)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
    finally:
        os.close(descriptor)


def write_exclusively(path: Path, data: str, *, durable: bool = False) -> bool:
    """Write `path` atomically if it does not exist; return whether this call created it.

    With `durable`, the file survives a power loss once this returns.
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
