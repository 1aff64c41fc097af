"""Checks the free space for sweeps, and the size of W&B's caches.

Both cache folders are determined as wandb does; a test compares this with the oldest and newest
version of wandb. Nothing is removed.
"""

from __future__ import annotations

import os
import shlex
import shutil
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from wandb_magic.display.formatting import size
from wandb_magic.doctor.diagnostics import Diagnostic, note, ok, problem
from wandb_magic.doctor.environment import Environment
from wandb_magic.store import network_file_system

GIB = 1 << 30
MIN_FREE, LOW_FREE = GIB // 2, 5 * GIB
LARGE_CACHE = 10 * GIB  # of one cache
CACHE_TARGET = "1GB"  # what the remedy leaves of it
COUNT_TIMEOUT_S = 3.0


def check(env: Environment) -> Iterator[Diagnostic]:
    """Yield the free space for sweeps, then the size of each of W&B's caches."""
    yield from _free_space(env)
    yield from _cache(env)
    yield from _staging(env)


def cache_folder(environment: Mapping[str, str]) -> Path:
    """Return the folder where wandb caches the files of artifacts."""
    from platformdirs import user_cache_dir  # noqa: PLC0415 - not needed to load

    return Path(environment.get("WANDB_CACHE_DIR", user_cache_dir("wandb"))) / "artifacts"


def staging_folder(environment: Mapping[str, str]) -> Path:
    """Return the folder where wandb keeps the files of artifacts until they are sent."""
    from platformdirs import user_data_dir  # noqa: PLC0415 - as above

    data = Path(environment.get("WANDB_DATA_DIR", user_data_dir("wandb")))
    return (data / "artifacts" / "staging").expanduser().absolute()


def _free_space(env: Environment) -> Iterator[Diagnostic]:
    folder = env.root
    existing = next(each for each in (folder, *folder.parents) if each.is_dir())
    free = shutil.disk_usage(existing).free
    if not os.access(existing, os.W_OK):
        yield problem(f"sweeps go to {folder}, which is not writable", _move_remedy(env))
    elif free < MIN_FREE:
        yield problem(f"{size(free)} are free where sweeps go ({folder})", _move_remedy(env))
    elif free < LOW_FREE:
        yield note(f"only {size(free)} are free where sweeps go ({folder})", _move_remedy(env))
    else:
        yield ok(f"{size(free)} are free where sweeps go ({folder})")
    kind = network_file_system(existing)
    if kind is not None:
        yield note(
            f"sweeps go to a network file system ({kind}), so their stores are kept on a "
            "local disk",
            _move_remedy(env),
        )


def _move_remedy(env: Environment) -> str:
    return env.set_variable("WANDB_DIR", "/a/folder/on/another/disk")


def _cache(env: Environment) -> Iterator[Diagnostic]:
    folder = cache_folder(env.variables)
    used, complete = _size(folder)
    text = f"W&B's cache of artifacts has {_describe_size(used, complete=complete)} ({folder})"
    if used < LARGE_CACHE:
        yield ok(text)
    else:
        yield note(
            text, env.shell_command(f"wandb artifact cache cleanup --remove-temp {CACHE_TARGET}")
        )


def _staging(env: Environment) -> Iterator[Diagnostic]:
    folder = staging_folder(env.variables)
    used, complete = _size(folder)
    text = f"W&B's staging folder has {_describe_size(used, complete=complete)} ({folder})"
    if used < LARGE_CACHE:
        yield ok(text)
    else:
        # wandb has no command for this. Killed runs leave their files here.
        yield note(
            f"{text}, left behind by killed runs",
            env.shell_command(f"rm -r {shlex.quote(str(folder))}")
            + "  # while no run logs an artifact",
        )


def _describe_size(used: int, *, complete: bool) -> str:
    return size(used) if complete else f"at least {size(used)}"


def _size(folder: Path) -> tuple[int, bool]:
    """Return the size of all files below a folder, and whether all were counted in time."""
    deadline = time.monotonic() + COUNT_TIMEOUT_S / 2
    total, folders = 0, [folder]
    while folders:
        if time.monotonic() > deadline:
            return total, False
        try:
            with os.scandir(folders.pop()) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        folders.append(Path(entry.path))
                    else:
                        total += entry.stat(follow_symlinks=False).st_size
        except OSError:  # it does not exist, or was just removed
            continue
    return total, True
