"""What a failed run has left, as a user reads it: the exception, its frames, their variables."""

from __future__ import annotations

import contextlib
import inspect
import io
import linecache
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from wandb_magic.bundle.signature import TRUST
from wandb_magic.bundle.signing_key import existing_key
from wandb_magic.bundle.unpickler import Unpickler
from wandb_magic.errors import UntrustedError
from wandb_magic.postmortem.dump_file import Dump, read_dump
from wandb_magic.postmortem.restored import Unrestored
from wandb_magic.postmortem.traceback_frames import is_library

_MISSING = object()


class FrameValues(Mapping[str, Any]):
    """The variables of a frame by name; each is unpickled when it is first asked for.

    What could not be kept is an `Unrestored`, which has the repr and the type. `repr` shows the
    reprs of all, and unpickles nothing.

    Parameters
    ----------
    entries
        What the file has about each variable.
    load
        Unpickles a value.
    """

    def __init__(
        self, entries: list[Mapping[str, Any]], load: Callable[[Mapping[str, Any]], Any]
    ) -> None:
        self._entries = {str(entry["name"]): entry for entry in entries}
        self._load = load

    def __getitem__(self, name: str) -> Any:  # noqa: ANN401 - a variable may be anything
        return self._load(self._entries[name])

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def reprs(self) -> dict[str, str]:
        """The repr of each variable when the run failed."""
        return {name: str(entry.get("repr", "")) for name, entry in self._entries.items()}

    @property
    def types(self) -> dict[str, str]:
        """The name of each variable's type."""
        return {name: str(entry.get("type", "")) for name, entry in self._entries.items()}

    @property
    def notes(self) -> dict[str, str]:
        """What was left out of a variable, for those of which something was."""
        return {
            name: str(entry["note"]) for name, entry in self._entries.items() if entry.get("note")
        }

    def __repr__(self) -> str:
        return "\n".join(f"{name} = {text}" for name, text in self.reprs.items())


@dataclass(frozen=True, repr=False)
class FailureFrame:
    """One frame of a failed run.

    Attributes
    ----------
    filename, line, function
        Where it was.
    source
        The text of its function, or of its cell or module.
    locals
        Its variables by name: a mapping that reads each value when it is asked for.
    globals
        The global names that it used, in the same form.
    module
        The name of its module.
    process
        The process that it was in, if that was not the run itself: a worker of a data loader or a
        pool.
    """

    filename: str
    line: int
    function: str
    source: str
    locals: FrameValues
    globals: FrameValues
    module: str
    process: int | None
    first_line: int = 1
    is_module: bool = False

    @property
    def text(self) -> str:
        """The line itself, without its indent."""
        lines = self.source.splitlines()
        number = self.line - (1 if self.is_module else self.first_line)
        return lines[number].strip() if 0 <= number < len(lines) else ""

    def __repr__(self) -> str:
        return f'<frame File "{self.filename}", line {self.line}, in {self.function}: {self.text}>'


@dataclass(frozen=True, repr=False)
class Failure:
    """Why a run ended, with its frames if it ended with an exception.

    Attributes
    ----------
    run
        The run's id.
    cause
        The cause in one line.
    type, message
        The exception's type and message; "" without an exception.
    traceback
        Its traceback as text.
    frames
        Its frames, the outermost first: the last one is where it was raised.
    config
        The run's parameters.
    stack
        The last stack of each thread, if a signal ended the run.
    log
        The last lines that it printed.
    sources
        The texts of the user's files and cells, by file name.
    causes
        The exceptions of which it is the consequence (``raise … from …``), each a `Failure` with
        frames of its own; the direct cause comes first.
    namespace
        Where restored functions of the notebook find their global names.
    """

    run: str
    cause: str
    type: str
    message: str
    traceback: str
    frames: tuple[FailureFrame, ...]
    config: Mapping[str, Any]
    stack: str
    log: str
    sources: Mapping[str, str] = field(default_factory=dict)
    namespace: dict[str, Any] = field(default_factory=dict)
    causes: tuple[Failure, ...] = ()

    def __repr__(self) -> str:
        lines = [f"<run {self.run}: {self.cause}"]
        lines += [f"  {number}: {frame!r}" for number, frame in enumerate(self.frames)]
        if self.stack:
            lines.append(self.stack)
        return "\n".join(lines) + ">"


def read_failure(
    path: Path,
    run: str,
    *,
    cause: str,
    config: Mapping[str, Any],
    stack: str,
    log: str,
    error: str,
    trust: bool = False,
) -> Failure:
    """Return what a run has left. Nothing is unpickled yet.

    Parameters
    ----------
    path
        The file with its frames, if there is one.
    run, cause, config, stack, log
        As in `Failure`.
    error
        The traceback in the store, for a run without frames.
    trust
        Whether to unpickle values that this user's runs have not written.
    """
    dump = read_dump(path)
    if dump is None or dump.description.get("run") != run or not _is_complete(dump):
        return Failure(run, cause, "", "", error, (), config, stack, log)
    description = dump.description
    sources = {str(name): str(text) for name, text in description["sources"].items()}
    namespace: dict[str, Any] = {"__name__": "__main__"}
    loader = _ValueLoader(dump, path, namespace, trust=trust)
    text = str(description.get("traceback", error))
    found = [
        Failure(
            run,
            cause,
            str(each["type"]),
            str(each["message"]),
            text,
            tuple(_frame(frame, sources, loader.load) for frame in each["frames"]),
            config,
            stack,
            log,
            sources,
            namespace,
        )
        for each in description["exceptions"]
    ]
    return replace(found[0], causes=tuple(found[1:]))


def _is_complete(dump: Dump) -> bool:
    """Return whether the description has what is read here: anyone may have written it."""
    try:
        exceptions = dump.description["exceptions"]
        entries = [
            entry
            for each in exceptions
            if str(each["type"]) and str(each["message"]) is not None
            for frame in each["frames"]
            for entry in (*frame["locals"], *frame["globals"])
            if int(frame["line"]) >= 0 and str(frame["filename"]) and int(frame["first_line"]) >= 0
        ]
        numbers = [
            number
            for entry in entries
            if "pickle" in entry
            for number in (entry["pickle"], *entry["buffers"])
        ]
        return (
            len(exceptions) > 0
            and isinstance(dump.description["sources"], dict)
            and all(isinstance(entry["name"], str) for entry in entries)
            and all(isinstance(number, int) for number in numbers)
            and all(0 <= number < len(dump.blobs) for number in numbers)
        )
    except (KeyError, IndexError, TypeError, ValueError):
        return False


def _frame(
    frame: Mapping[str, Any], sources: Mapping[str, str], load: Callable[[Mapping[str, Any]], Any]
) -> FailureFrame:
    filename, first = str(frame["filename"]), int(frame["first_line"])
    is_module = bool(frame.get("is_module"))
    text = sources.get(filename)
    if text is None:  # a name from elsewhere may name any file
        lines = linecache.getlines(filename) if is_library(filename) else []
    else:
        lines = text.splitlines(keepends=True)
    if not is_module:
        lines = _block(lines[max(0, first - 1) :])
    process = frame.get("process")
    return FailureFrame(
        filename,
        int(frame["line"]),
        str(frame.get("function", "")),
        "".join(lines),
        FrameValues(frame["locals"], load),
        FrameValues(frame["globals"], load),
        str(frame.get("module", "")),
        process if isinstance(process, int) else None,
        first,
        is_module,
    )


def _block(lines: list[str]) -> list[str]:
    """Return the lines of the function that begins at the first of them."""
    with contextlib.suppress(Exception):
        return inspect.getblock(lines)
    return lines


class _ValueLoader:
    """Unpickles the values of one file, each once, after it was verified who wrote it."""

    def __init__(self, dump: Dump, path: Path, namespace: dict[str, Any], *, trust: bool) -> None:
        self._dump = dump
        self._path = path
        self._namespace = namespace
        self._trusted = trust
        self._values: dict[int, Any] = {}

    def load(self, entry: Mapping[str, Any]) -> Any:  # noqa: ANN401 - a variable may be anything
        """Return a value; what stands for it if it cannot be restored here."""
        number = entry.get("pickle")
        if number is None:
            return Unrestored(str(entry.get("type", "")), str(entry.get("repr", "")))
        self._verify()
        value = self._values.get(number, _MISSING)
        if value is _MISSING:
            buffers = [self._dump.blobs[each] for each in entry["buffers"]]
            stream: Any = io.BytesIO(self._dump.blobs[number])
            try:
                value = Unpickler(stream, buffers, self._namespace).load()
            except Exception as error:  # noqa: BLE001 - a class may be missing here, or raise anything
                text = f"{entry.get('repr', '')} ({type(error).__name__}: {error})"
                value = Unrestored(str(entry.get("type", "")), text)
            self._values[number] = value
        return value

    def _verify(self) -> None:
        """Raise an error unless this user's own run has written the file.

        Raises
        ------
        UntrustedError
            If somebody else may have written it.
        """
        if not self._trusted and not self._dump.is_signed(existing_key()):
            raise UntrustedError(
                f"{self._path} was not written by a run of yours, so its values are not "
                f"unpickled: {TRUST}"
            )
        self._trusted = True
