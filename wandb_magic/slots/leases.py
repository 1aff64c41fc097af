"""Leases of GPUs, shared by all sweeps of all users of this machine, without a daemon.

A lease is a small file that names which shares of which GPUs a run has, and the processes that
hold it. It is valid as long as one of them lives: first the supervisor, then also the run itself,
which may outlive it. A file of a killed holder is worth nothing from that moment on, and the next
one who looks removes it if it may.

Who waits has a ticket, a file as well. Tickets are served in their order: a sweep that needs a
whole GPU is not overtaken for ever by those that need halves. After each grant, a sweep lines up
again at the end. The ticket of one that no longer asks is ignored after `TICKET_TIMEOUT_S`.

The folder is in the system's temporary folder, writable by all with the sticky bit, so that users
can only remove what is theirs. Everything in it is read as somebody else's input. Only a lock on
its file `lock` makes decisions exclusive; nobody waits for it in an event loop.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import stat
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any
from uuid import uuid4

from wandb_magic.paths import make_folder
from wandb_magic.processes import current_process, is_alive, process_identity
from wandb_magic.records import ProcessId, RunId

FOLDER_ENV = "WANDB_MAGIC_LEASES"
FOLDER_NAME = "wandb-magic-leases"
TICKET_TIMEOUT_S = 5.0
"""After this long without a question, a ticket counts as abandoned, in seconds."""
FOREIGN_TIMEOUT_S = 120.0
"""How long a lease from another container counts without a sign of life, in seconds."""
CONFIRM_TIMEOUT_S = 10.0
_RETRY_S = 0.002
_NEW = ".new-"
_MAX_BYTES = 1 << 16
_FOLDER_MODE, _LOCK_MODE, _LEASE_MODE = 0o1777, 0o666, 0o644


@dataclass(frozen=True)
class Share:
    """A share of one GPU: a fraction of its time, and bytes of its memory."""

    fraction: float
    memory: int = 0


Shares = Mapping[str, Share]
"""Shares by the ids of their GPUs."""


@dataclass
class Load:
    """What others have of one GPU.

    Attributes
    ----------
    fraction, memory
        The sums of their shares.
    leases, exclusive
        How many leases that is, and how many of them share with nobody beyond their fractions.
    """

    fraction: float = 0.0
    memory: int = 0
    leases: int = 0
    exclusive: int = 0


@dataclass(frozen=True)
class Lease:
    """A valid lease.

    Attributes
    ----------
    path
        Its file.
    shares
        What it grants.
    holders
        The processes that hold it.
    is_exclusive
        Whether others get no more than what it leaves.
    sweep, run
        What it belongs to; `run` is "" until it is known.
    namespace
        The set of process ids in which its holders have theirs.
    """

    path: Path
    shares: dict[str, Share]
    holders: tuple[ProcessId, ...]
    is_exclusive: bool
    sweep: str = ""
    run: str = ""
    namespace: int = 0

    def to_json(self) -> str:
        """Return the content of its file."""
        return json.dumps(
            {
                "shares": {
                    name: [each.fraction, each.memory] for name, each in self.shares.items()
                },
                "holders": [asdict(holder) for holder in self.holders],
                "exclusive": self.is_exclusive,
                "sweep": self.sweep,
                "run": self.run,
                "namespace": self.namespace,
            }
        )


@dataclass(frozen=True)
class Ticket:
    """Somebody who waits, in the order of `number`."""

    path: Path
    number: int
    wants: dict[str, Any] = field(default_factory=dict)


Chooser = Callable[[Mapping[str, Load], Mapping[str, Any]], "Shares | None"]
"""Chooses shares for a request, given the load of each GPU; None if none are free."""


class LeaseFolder:
    """The leases of one machine, as one sweep sees them.

    Parameters
    ----------
    folder
        The folder, which is created if it is missing.
    sweep
        The sweep that asks.
    """

    def __init__(self, folder: Path, sweep: str) -> None:
        self.folder = folder
        self.sweep = sweep
        self._ticket = self.folder / f"ticket-{os.getpid()}-{sweep}.json"
        self._is_waiting = False

    def acquire(self, wants: Mapping[str, Any], choose: Chooser) -> Lease | None:
        """Take a lease if its turn has come; return None if it has to wait.

        Parameters
        ----------
        wants
            The request, as JSON, which is shown to those who choose for later tickets.
        choose
            Chooses the shares.

        Raises
        ------
        OSError
            If the folder cannot be used.
        """
        with _lock(self.folder, timeout=0.0) as has_lock:
            if not has_lock:
                return None
            load = self.load()
            for ticket in self._tickets():
                if ticket.path == self._ticket:
                    break
                # What can be had now is theirs; if it does not suffice, all is kept until it does.
                shares = choose(load, ticket.wants)
                exclusive = shares is None or is_exclusive(ticket.wants)
                _add(load, _everything(ticket.wants) if shares is None else shares, exclusive)
            chosen = choose(load, wants)
            if chosen is None:
                self._line_up(wants)
                return None
            lease = Lease(
                self.folder / f"lease-{uuid4().hex}.json",
                dict(chosen),
                (current_process(),),
                is_exclusive(wants),
                self.sweep,
                namespace=_namespace(),
            )
            _write(lease.path, lease.to_json())
            self.withdraw()
            return lease

    def load(self) -> dict[str, Load]:
        """Return what is leased of each GPU."""
        load: dict[str, Load] = defaultdict(Load)
        for lease in self.leases():
            _add(load, lease.shares, lease.is_exclusive)
        return load

    def leases(self) -> Iterator[Lease]:
        """Yield the valid leases; remove files of others, where that is allowed."""
        for path in sorted(self.folder.glob("lease-*.json")):
            lease = read_lease(path)
            if lease is None or not _is_valid(lease):
                with contextlib.suppress(OSError):  # another user's
                    path.unlink()
                continue
            yield lease

    def clean(self) -> None:
        """Remove what processes left that were killed while they wrote."""
        for path in self.folder.glob(f"{_NEW}*"):
            with contextlib.suppress(OSError):  # another user's, or just renamed
                if time.time() - path.stat().st_mtime > FOREIGN_TIMEOUT_S:
                    path.unlink()

    def assign(self, lease: Lease, run: RunId) -> Lease:
        """Return a lease of this sweep with the run that it is for, in its file as well."""
        lease = replace(lease, run=run)
        _write(lease.path, lease.to_json())
        return lease

    def adopt(self, run: RunId) -> Lease | None:
        """Become a holder of the lease of a run that another supervisor started, if it has one."""
        for path in self.folder.glob("lease-*.json"):
            lease = read_lease(path)
            if lease is not None and (lease.sweep, lease.run) == (self.sweep, run):
                return read_lease(path) if confirm_lease(path) else None
        return None

    def withdraw(self) -> None:
        """Wait no longer."""
        if self._is_waiting:
            self._is_waiting = False
            with contextlib.suppress(OSError):
                self._ticket.unlink()

    def _line_up(self, wants: Mapping[str, Any]) -> None:
        if self._is_waiting:
            with contextlib.suppress(OSError):
                os.utime(self._ticket)
                return
        number = max((ticket.number for ticket in self._tickets()), default=0) + 1
        _write(self._ticket, json.dumps({"number": number, "wants": dict(wants)}))
        self._is_waiting = True

    def _tickets(self) -> list[Ticket]:
        tickets = []
        for path in self.folder.glob("ticket-*.json"):
            document = _read(path)
            with contextlib.suppress(OSError, KeyError, TypeError, ValueError, ArithmeticError):
                if time.time() - path.stat().st_mtime > TICKET_TIMEOUT_S:
                    path.unlink()
                elif document is not None:
                    tickets.append(Ticket(path, int(document["number"]), dict(document["wants"])))
        return sorted(tickets, key=lambda ticket: (ticket.number, ticket.path.name))


def lease_folder(environment: Mapping[str, str]) -> Path:
    """Return the folder of the leases of this machine; `FOLDER_ENV` may name another one."""
    return Path(environment.get(FOLDER_ENV) or Path(tempfile.gettempdir(), FOLDER_NAME))


def confirm_lease(path: Path) -> bool:
    """Add this process to the holders of a lease; return whether the lease was valid."""
    with _lock(path.parent, timeout=CONFIRM_TIMEOUT_S):
        lease = read_lease(path)
        if lease is None or not _is_valid(lease):
            return False
        holders = tuple(holder for holder in lease.holders if is_alive(holder))
        _write(path, replace(lease, holders=(*holders, current_process())).to_json())
    return True


def read_lease(path: Path) -> Lease | None:
    """Return a lease; None if there is none, or if its file is damaged."""
    document = _read(path)
    if document is None:
        return None
    try:
        shares = {
            str(name): Share(float(fraction), int(memory))
            for name, (fraction, memory) in document["shares"].items()
        }
        if not all(math.isfinite(share.fraction) for share in shares.values()):
            return None
        return Lease(
            path,
            shares,
            tuple(
                ProcessId(int(holder["pid"]), str(holder["started"]))
                for holder in document["holders"]
            ),
            document.get("exclusive") is True,
            str(document.get("sweep", "")),
            str(document.get("run", "")),
            int(document.get("namespace", 0)),
        )
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
        return None


def _is_valid(lease: Lease) -> bool:
    if lease.namespace != _namespace():  # its processes cannot be seen from here
        with contextlib.suppress(OSError):
            return time.time() - lease.path.stat().st_mtime < FOREIGN_TIMEOUT_S
        return False
    return any(is_alive(holder) or _is_hidden(holder) for holder in lease.holders)


def _is_hidden(process: ProcessId) -> bool:
    """Return whether a process exists whose start another user may not see."""
    try:
        os.kill(process.pid, 0)
    except PermissionError:
        return process_identity(process.pid) is None  # else another process has its pid
    except OSError:
        return False
    return False


def _namespace() -> int:
    """Return what identifies the set of process ids in which this process lives."""
    try:
        return os.stat("/proc/self/ns/pid").st_ino  # noqa: PTH116 - a fixed system path
    except OSError:
        return 0


def _everything(wants: Mapping[str, Any]) -> Shares:
    devices = wants.get("devices")
    return dict.fromkeys(map(str, devices if isinstance(devices, list) else ()), Share(1.0))


def is_exclusive(wants: Mapping[str, Any]) -> bool:
    """Return whether a request is for a particular share, or for GPUs that nobody else uses."""
    has_share = wants.get("gpus") is not None or wants.get("memory") is not None
    return has_share or wants.get("alone") is True


def _add(load: Mapping[str, Load], shares: Shares, exclusive: bool) -> None:  # noqa: FBT001 - as stored
    for name, share in shares.items():
        entry = load[name]
        entry.fraction += share.fraction
        entry.memory += share.memory
        entry.leases += 1
        entry.exclusive += exclusive


def _read(path: Path) -> dict[str, Any] | None:
    """Return the JSON object in a file of somebody; None if it is nothing of the kind."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return None
        try:
            document = json.loads(file.read(_MAX_BYTES))
        except (OSError, ValueError, RecursionError):
            return None
    return document if isinstance(document, dict) else None


def _write(path: Path, text: str) -> None:
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=_NEW)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            os.fchmod(descriptor, _LEASE_MODE)
        Path(temporary).rename(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


@contextlib.contextmanager
def _lock(folder: Path, timeout: float) -> Iterator[bool]:
    """Hold the lock of a folder, which is created if it is missing; yield whether it was free."""
    import fcntl  # noqa: PLC0415 - missing on systems without detached sweeps

    descriptor = _open_lock(folder)
    try:
        deadline = time.monotonic() + timeout
        has_lock = False
        while not has_lock:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                has_lock = True
            except BlockingIOError:
                if time.monotonic() > deadline:
                    break
                time.sleep(_RETRY_S)
        yield has_lock
    finally:
        os.close(descriptor)


def _open_lock(folder: Path) -> int:
    path = folder / "lock"
    flags = os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        # Opened without O_CREAT: Linux refuses that for files of others in such a folder.
        return os.open(path, flags)
    except FileNotFoundError:
        make_folder(folder, exist_ok=True)
    with contextlib.suppress(PermissionError):  # another user has just made it
        folder.chmod(_FOLDER_MODE)
    try:
        descriptor = os.open(path, flags | os.O_CREAT | os.O_EXCL, _LOCK_MODE)
    except FileExistsError:
        return os.open(path, flags)
    os.fchmod(descriptor, _LOCK_MODE)
    return descriptor
