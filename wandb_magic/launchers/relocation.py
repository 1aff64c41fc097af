"""The names of a sweep's files on any machine, and its jobs as another machine executes them.

A name is a path relative to W&B's own folder, ``wandb/``, which holds the sweep's folder and those
of its runs. Names come from other machines: each is checked before it becomes a path.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from wandb_magic.paths import RunPaths, SweepPaths
from wandb_magic.records import RunId
from wandb_magic.runner.run_process import Job

_WANDB_FOLDER = re.compile(r"(?:offline-)?run-[\w.-]+")
_TRANSFERRED = (
    "output.log",
    "devices",
    "failure.frames",
)  # of a run's own folder, in addition to `kept/`
_TRAVELLING = [[name] for name in (*_TRANSFERRED, RunPaths(Path()).persistent_dir.name)]
MAX_NAME = 4096


def resolve(paths: SweepPaths, name: str, run: RunId | None = None) -> Path:
    """Return the path of a file of a sweep, which lies in the sweep's or in a run's folder.

    Parameters
    ----------
    paths
        The sweep's paths here.
    name
        The file's name.
    run
        The run whose file it must be; None for any file of the sweep.

    Raises
    ------
    ValueError
        If it leads anywhere else.
    """
    parts = name.split("/")
    if len(name) > MAX_NAME or "\0" in name or any(part in ("", ".", "..") for part in parts):
        raise ValueError(f"not the name of a file of a sweep: {name[:100]!r}")
    in_sweep = parts[0] == paths.folder.name and (
        run is None or (parts[1:3] == [paths.runs.name, run] and parts[3:4] in _TRAVELLING)
    )
    is_of_run = _WANDB_FOLDER.fullmatch(parts[0]) and (run is None or f"-{run}" in parts[0])
    if not (in_sweep or is_of_run) or len(parts) < 2:  # noqa: PLR2004 - a folder and a file
        raise ValueError(f"not the name of a file of this run: {name[:100]!r}")
    return paths.folder.parent.joinpath(*parts)


def file_name(paths: SweepPaths, path: Path) -> str:
    """Return the name of a file below W&B's folder."""
    return path.relative_to(paths.folder.parent).as_posix()


def wandb_directories(paths: SweepPaths, run: RunPaths) -> list[Path]:
    """Return the W&B folders of a run that exist here, wherever its ``init(dir=…)`` put them."""
    id_ = run.folder.name
    try:
        lines = run.wandb.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    listed = [Path(line) for line in lines if f"-{id_}" in line and "\0" not in line]
    present = paths.folder.parent.glob(f"*run-*-{id_}*")
    return [
        folder
        for folder in dict.fromkeys([*listed, *sorted(present)])
        if _WANDB_FOLDER.fullmatch(folder.name) and folder.is_dir() and not folder.is_symlink()
    ]


def run_files(paths: SweepPaths, run: RunPaths) -> Iterator[tuple[str, Path]]:
    """Yield the files of a run that travel between machines: their names, and paths here."""
    places = [(run.folder / name, run.folder / name) for name in _TRANSFERRED]
    places += [(run.persistent_dir, path) for path in _files(run.persistent_dir)]
    for _, path in places:
        if path.is_file():
            yield file_name(paths, path), path
    for folder in wandb_directories(paths, run):
        for path in _files(folder):
            yield f"{folder.name}/{path.relative_to(folder).as_posix()}", path


def _files(folder: Path) -> Iterator[Path]:
    """Yield the files in a folder; those that `wandb.save` links to are files, too."""
    try:
        entries = sorted(folder.iterdir())
    except OSError:
        return
    for path in entries:
        if path.name.startswith(".wandb-magic-"):
            continue
        if path.is_dir() and not path.is_symlink():
            yield from _files(path)
        elif path.is_file():
            yield path


def relocate(
    job: Job, here: SweepPaths, there: SweepPaths, executable: str, *, agent: int, agents: int
) -> Job:
    """Return a job as another machine executes it.

    Parameters
    ----------
    job, here
        The job, with paths of this machine.
    there, executable
        The sweep's paths and the Python of the other machine.
    agent, agents
        Which of the runs at a time it is there, and how many there are.
    """

    def move(text: str) -> str:
        return text.replace(str(here.folder), str(there.folder))

    environment = {name: move(value) for name, value in job.environment.items()}
    environment["WANDB_DIR"] = str(there.root)
    command = tuple(executable if word == sys.executable else move(word) for word in job.command)
    return replace(
        job,
        folder=there.run(job.run).folder,
        bundle=there.bundle,
        environment=environment,
        command=command,
        agent=agent,
        agents=agents,
    )
