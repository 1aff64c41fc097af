"""Whether what a sweep's folder holds may be executed: asked before anything is.

A folder that came from elsewhere is read without ado. What would execute its code (`resume`,
`rerun`, `reproduce` and their like) is refused unless this user wrote it, or says ``trust=True``.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from wandb_magic.bundle import (
    Manifest,
    SignedStatement,
    check_command,
    open_signed,
    read_signature,
    sign,
)
from wandb_magic.bundle.file_integrity import LOOSE
from wandb_magic.bundle.signature import TRUST
from wandb_magic.errors import SweepError, SweepStateError, UntrustedError
from wandb_magic.paths import SweepPaths


def authorize(
    paths: SweepPaths, spec: Mapping[str, Any], *, trust: bool = False
) -> tuple[SignedStatement, Manifest]:
    """Return what may be loaded of a sweep, and the manifest that was checked.

    Parameters
    ----------
    paths, spec
        The sweep, and its config.
    trust
        Whether the user answers for what is there now: it is signed, and not asked about again
        until it changes.

    Raises
    ------
    UntrustedError
        If it was not written by this user, belongs to another one, or others can change it.
    SweepStateError
        If there is no code.
    """
    read_manifest(paths)
    if trust:
        try:
            sign(paths.bundle, spec)
        except OSError as error:
            raise SweepError(
                f"{error.filename or paths.bundle} cannot be signed ({error.strerror}): copy the "
                f"folder {paths.folder} to one of your own, and trust that"
            ) from error
    statement = read_signature(paths.bundle)
    for folder in (paths.folder, paths.bundle):
        require_owner(folder, statement)
    with open_signed(paths.bundle, statement) as bundle:
        manifest = bundle.manifest
    if manifest.kind == "command":
        check_command(spec, paths.bundle, statement)
    return statement, manifest


def read_manifest(paths: SweepPaths) -> Manifest:
    """Return what a bundle says of itself, whoever wrote it: to be read, and never executed.

    Raises
    ------
    SweepStateError
        If there is none, or it is damaged.
    """
    try:
        return Manifest.read(paths.bundle)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise SweepStateError(
            f"the code of the sweep is not here: {paths.bundle} holds no bundle that can be read"
        ) from None


def require_owner(folder: Path, statement: SignedStatement) -> None:
    """See to it that a folder belongs to this user, and that nobody else can write it.

    Parameters
    ----------
    folder
        It is asked for itself, and never followed as a link.
    statement
        What this user has signed about it.

    Raises
    ------
    UntrustedError
        If it does not, or others can.
    """
    status = folder.lstat()
    if stat.S_ISLNK(status.st_mode) or not stat.S_ISDIR(status.st_mode):
        raise UntrustedError(f"{folder} is no folder but a link or file, and is not executed")
    owners = {os.geteuid(), 0, *statement.owners}
    if status.st_uid not in owners:
        raise UntrustedError(
            f"{folder} belongs to another user (uid {status.st_uid}), and is not executed: {TRUST}"
        )
    if status.st_mode & LOOSE and not statement.loose:
        raise UntrustedError(
            f"others can write {folder}, so it is not executed: `chmod go-w {folder}`, or, {TRUST}"
        )


def authorized_environment(paths: SweepPaths, spec: Mapping[str, Any]) -> dict[str, str]:
    """Return the environment that was recorded with a sweep; nothing of one from elsewhere.

    It may name a server, to which an API key would go, or a library that every process loads.
    """
    try:
        return dict(authorize(paths, spec)[1].environment)
    except UntrustedError:
        return {}
