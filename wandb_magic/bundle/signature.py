"""Signs bundles and verifies them: only this user's own, or explicitly trusted, code is executed.

A bundle is code: its pickles execute what they name. The process that freezes one therefore signs
it with a key of this user, which is in Jupyter's data folder and which nobody else can read. The
signature covers every file of the bundle and the command of the sweep. It is checked where a user
requests an execution, and again by each process that loads the bundle, on the very files that it
has open.

Reading a sweep needs no signature, because nothing is executed.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any, BinaryIO

from wandb_magic.bundle.file_integrity import (
    CHUNK,
    LOOSE,
    digest,
    fingerprint,
    open_private_copy,
    open_regular,
)
from wandb_magic.bundle.manifest import TRUST_VARIABLE, Manifest, manifest_path
from wandb_magic.bundle.signing_key import key, key_path
from wandb_magic.errors import UntrustedError
from wandb_magic.paths import write_atomically

SIGNATURE = "signature.json"
TRUST = "if you trust it, say so with trust=True (--trust)"


@dataclass(frozen=True)
class SignedStatement:
    """The statement that a signature confirms.

    Attributes
    ----------
    files
        The digest of each file of the bundle, by its name.
    command
        The digest of the command that the runs execute; "" if it is not known yet.
    owners
        The owners of the bundle and the sweep's folder: on some file systems never the writer.
    loose
        Whether others could write these: on some file systems that always appears to be so.
    seen
        Device, inode, size and times of large files when they were hashed: while these stay the
        same, so does the digest.
    """

    files: Mapping[str, str]
    command: str
    owners: tuple[int, ...]
    loose: bool
    seen: Mapping[str, list[int]] = field(default_factory=dict)

    def to_json(self) -> str:
        """Return the statement as one line, always the same for the same statement."""
        return json.dumps(asdict(self), sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> SignedStatement:
        """Read what `to_json` wrote."""
        data: dict[str, Any] = json.loads(text)
        values = {each.name: data[each.name] for each in fields(cls) if each.name in data}
        return cls(**{**values, "owners": tuple(values["owners"])})


class OpenBundle:
    """A bundle whose open files are verified to be those that a statement names.

    Whatever happens to the names in the meantime, what was checked is what is read.

    Parameters
    ----------
    folder
        The bundle.
    statement
        What its files must match.

    Raises
    ------
    UntrustedError
        If a file is missing, or not what was signed.
    """

    def __init__(self, folder: Path, statement: SignedStatement) -> None:
        self.folder = folder
        self._files: dict[str, BinaryIO] = {}
        try:
            for name, expected in statement.files.items():
                file = self._files[name] = open_private_copy(folder / name)
                if statement.seen.get(name) != fingerprint(file) and digest(file) != expected:
                    raise _changed_error(folder / name)  # noqa: TRY301 - the files are closed below
            self.manifest = Manifest.parse(self.text(manifest_path(folder).name))
        except OSError as error:
            self.close()
            raise UntrustedError(
                f"{error.filename or folder} cannot be read ({error.strerror}), so the sweep is "
                "not executed: restore it"
            ) from error
        except BaseException:
            self.close()
            raise

    def path(self, name: str) -> Path:
        """Return a path that refers to the open file."""
        file = self._files.get(name)
        if file is None:
            raise UntrustedError(
                f"{self.folder / name} is not signed, so it is not executed: {TRUST}"
            )
        file.seek(0)
        return Path(f"/dev/fd/{file.fileno()}")

    def text(self, name: str) -> str:
        """Return the text of a file."""
        return self.path(name).read_text(encoding="utf-8")

    def close(self) -> None:
        """Close the files."""
        for file in self._files.values():
            file.close()

    def __enter__(self) -> OpenBundle:  # noqa: PYI034 - `Self` came with Python 3.11
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def sign(folder: Path, spec: Mapping[str, Any] | None = None) -> SignedStatement:
    """Sign everything in a bundle's folder, and return the signed statement.

    Parameters
    ----------
    folder
        The bundle.
    spec
        The sweep config, whose command the runs may execute.

    Raises
    ------
    OSError
        If it cannot be read or written.
    """
    files, times = {}, {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if name == SIGNATURE or name.startswith(".") or (path.is_dir() and not path.is_symlink()):
            continue
        with open_regular(path) as file:
            files[name] = digest(file)
            if os.fstat(file.fileno()).st_size > CHUNK:
                times[name] = fingerprint(file)
    folders = [folder.stat(), folder.parent.stat()]
    statement = SignedStatement(
        files,
        command_digest(spec or {}),
        tuple(sorted({place.st_uid for place in folders})),
        any(place.st_mode & LOOSE for place in folders),
        times,
    )
    _write(folder, statement)
    return statement


def sign_command(folder: Path, spec: Mapping[str, Any]) -> None:
    """Add a sweep's command to the signed statement; the signed files stay the same."""
    _write(folder, replace(read_signature(folder), command=command_digest(spec)))


def read_signature(folder: Path) -> SignedStatement:
    """Return the statement that this user, or the process that started this one, has signed.

    Raises
    ------
    UntrustedError
        If there is no such signature.
    """
    path = folder / SIGNATURE
    try:
        with open_regular(path) as file:
            signature = json.loads(file.read())
        text, mac = str(signature["statement"]), str(signature["mac"])
    except FileNotFoundError:
        raise UntrustedError(
            f"{folder} has no signature of yours, so it comes from elsewhere or from an older "
            f"version of wandb-magic, and is not executed: {TRUST}"
        ) from None
    except (OSError, ValueError, KeyError, TypeError):
        raise UntrustedError(
            f"{path} cannot be read, so it is not known who wrote the code of the sweep, and it "
            f"is not executed: {TRUST}"
        ) from None
    if not hmac.compare_digest(mac.encode(), _mac(text).encode()):
        raise UntrustedError(
            f"{folder} was signed by another user, or with another key than {key_path()}, and is "
            f"not executed: {TRUST}"
        )
    return SignedStatement.from_json(text)


def trust_environment(statement: SignedStatement) -> dict[str, str]:
    """Return the environment variable that informs a child process what it may load."""
    return {TRUST_VARIABLE: statement.to_json()}


def open_signed(folder: Path, statement: SignedStatement | None = None) -> OpenBundle:
    """Open a bundle that may be executed.

    Parameters
    ----------
    folder
        The bundle.
    statement
        What it must match; by default the statement that the process that started this one has
        verified, or else what this user has signed.

    Raises
    ------
    UntrustedError
        If it may not be executed; the message has the reason and the remedy.
    """
    return OpenBundle(folder, expected_statement(folder) if statement is None else statement)


def signed_manifest(folder: Path) -> Manifest:
    """Return the manifest of a bundle that may be executed; see `open_signed`."""
    with open_signed(folder) as bundle:
        return bundle.manifest


def check_command(
    spec: Mapping[str, Any], folder: Path, statement: SignedStatement | None = None
) -> None:
    """Ensure that a sweep's command is the one that was signed.

    Raises
    ------
    UntrustedError
        If it is a different one.
    """
    expected = expected_statement(folder) if statement is None else statement
    if expected.command != command_digest(spec):
        raise UntrustedError(
            f"the command of the sweep in {folder.parent} was changed after it was signed, and is "
            f"not executed: {TRUST}"
        )


def _changed_error(path: Path) -> UntrustedError:
    return UntrustedError(
        f"{path} was changed after it was signed, and is not executed: restore it, or, {TRUST}"
    )


def expected_statement(folder: Path) -> SignedStatement:
    """Return what a bundle must match: what the parent process verified, or this user signed.

    Raises
    ------
    UntrustedError
        If there is no such statement.
    """
    text = os.environ.get(TRUST_VARIABLE)
    return SignedStatement.from_json(text) if text else read_signature(folder)


def command_digest(spec: Mapping[str, Any]) -> str:
    """Return a digest of what a sweep config makes its processes execute."""
    executed = [spec.get("program"), spec.get("command")]
    if "scheduler" in spec:
        executed.append(spec["scheduler"])
    return hashlib.sha256(json.dumps(executed, sort_keys=True).encode()).hexdigest()


def _write(folder: Path, statement: SignedStatement) -> None:
    text = statement.to_json()
    write_atomically(
        folder / SIGNATURE, json.dumps({"statement": text, "mac": _mac(text)}), durable=True
    )


def mac_of(parts: Iterable[bytes | memoryview], key_: str) -> str:
    """Return the signature of data that a key makes."""
    mac = hmac.new(key_.encode(), digestmod=hashlib.sha256)
    for part in parts:
        mac.update(part)
    return mac.hexdigest()


def _mac(text: str) -> str:
    return mac_of([text.encode()], key())
