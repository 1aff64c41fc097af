"""Decides whether the code in a sweep's folder may be executed.

A folder that came from elsewhere may always be read. Calls that would execute its code (`resume`,
`rerun`, `reproduce` and others) are refused unless this user wrote it, or passes ``trust=True``.
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
    """Return the signed statement about a sweep's files, and the verified manifest.

    Parameters
    ----------
    paths, spec
        The sweep, and its config.
    trust
        Whether the user vouches for the current files: they are signed, and trusted until they
        change.

    Raises
    ------
    UntrustedError
        If the code was not written by this user, belongs to another user, or others can change it.
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
                f"folder {paths.folder} to one that you own, and trust that"
            ) from error
    statement = read_signature(paths.bundle)
    for folder in (paths.folder, paths.bundle):
        require_owner(folder, statement)
    with open_signed(paths.bundle, statement) as bundle:
        manifest = bundle.manifest
    if manifest.kind == "command" or "scheduler" in spec:
        check_command(spec, paths.bundle, statement)
    return statement, manifest


def read_manifest(paths: SweepPaths) -> Manifest:
    """Return the manifest of a bundle, whoever wrote it: only read it, and execute nothing.

    Raises
    ------
    SweepStateError
        If it is missing or damaged.
    """
    try:
        return Manifest.read(paths.bundle)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise SweepStateError(
            f"the code of the sweep is missing: {paths.bundle} does not hold a readable bundle"
        ) from None


def require_owner(folder: Path, statement: SignedStatement) -> None:
    """Raise an error unless a folder belongs to this user, and nobody else can write it.

    Parameters
    ----------
    folder
        The folder; a link is not followed.
    statement
        The statement that this user has signed about it.

    Raises
    ------
    UntrustedError
        If it belongs to another user, or others can write it.
    """
    status = folder.lstat()
    if stat.S_ISLNK(status.st_mode) or not stat.S_ISDIR(status.st_mode):
        raise UntrustedError(f"{folder} is not a folder but a link or file, so it is not executed")
    owners = {os.geteuid(), 0, *statement.owners}
    if status.st_uid not in owners:
        raise UntrustedError(
            f"{folder} belongs to another user (uid {status.st_uid}), so it is not executed: "
            f"{TRUST}"
        )
    if status.st_mode & LOOSE and not statement.loose:
        raise UntrustedError(
            f"others can write {folder}, so it is not executed: `chmod go-w {folder}`, or, {TRUST}"
        )


def authorized_environment(paths: SweepPaths, spec: Mapping[str, Any]) -> dict[str, str]:
    """Return the environment that was recorded with a sweep; empty for one from elsewhere.

    It could name a server that would receive an API key, or a library that every process loads.
    """
    try:
        return dict(authorize(paths, spec)[1].environment)
    except UntrustedError:
        return {}
