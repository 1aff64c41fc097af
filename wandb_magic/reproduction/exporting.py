"""Writing a run as a folder that runs on another machine, without this package.

All or nothing: the folder appears once it is whole. The environment of the sweep is never written,
for it may hold what is nobody else's business.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path

from wandb_magic.bundle import library_state, plain_shell, rebuilding, rebuilding_types
from wandb_magic.bundle.manifest import buffers_path, cell_path, variables_path
from wandb_magic.bundle.named import holds_code
from wandb_magic.bundle.recall import minor
from wandb_magic.bundle.syntax import plain
from wandb_magic.errors import SweepError, SweepStateError
from wandb_magic.paths import FOLDER_MODE
from wandb_magic.reproduction import script, start
from wandb_magic.reproduction.companions import companions, program_of
from wandb_magic.reproduction.original import Original
from wandb_magic.reproduction.versions import needed, recorded
from wandb_magic.safe_open import open_below, read_below
from wandb_magic.spec.command import args_json


def export(original: Original, folder: Path) -> Path:
    """Write a run as a script with all that it needs.

    Parameters
    ----------
    original
        The run.
    folder
        A folder that does not exist yet.

    Returns
    -------
    pathlib.Path
        The folder.

    Raises
    ------
    SweepStateError
        If there is something already, or the run's code is not here.
    """
    folder = folder.expanduser().absolute()
    if folder.exists() or folder.is_symlink():
        raise SweepStateError(f"{folder} exists already: name a folder that does not")
    _ = original.manifest  # it must be here before anything is written
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(
            dir=folder.parent, prefix=f".{folder.name}.", ignore_cleanup_errors=True
        ) as place:
            staging = Path(place) / folder.name
            staging.mkdir(mode=FOLDER_MODE)
            _write(original, staging)
            staging.rename(folder)
    except OSError as error:
        named = error.filename or folder
        raise SweepError(f"{named} cannot be written: {error.strerror or error}") from error
    return folder


def _write(original: Original, folder: Path) -> None:
    files = {"run.py": "the run", "params.yaml": "its parameters, as wandb reads them"}
    data = folder / script.PACKAGE
    data.mkdir()
    (data / "__init__.py").write_text(
        '"""What run.py needs: the captured variables, and what reads them."""\n', "utf-8"
    )
    shutil.copyfile(start.__file__, data / "start.py")
    own = companions(original)
    manifest = original.manifest
    code = ""
    if manifest.kind == "command":
        text = script.of_command(original, _program(original, own))
        if script.needs_json_file(original):
            (folder / script.JSON_FILE).write_text(args_json(original.run.params), "utf-8")
            files[script.JSON_FILE] = "the same for its command"
    else:
        for place in (variables_path, buffers_path):
            with (
                open_below(original.paths.folder, place(original.paths.bundle)) as source,
                place(data).open("wb") as copy,
            ):
                shutil.copyfileobj(source, copy)
        shutil.copyfile(rebuilding.__file__, data / "rebuilding.py")
        shutil.copyfile(library_state.__file__, data / "library_state.py")
        shutil.copyfile(plain_shell.__file__, data / "plain_shell.py")
        shutil.copyfile(rebuilding_types.__file__, data / "rebuilding_types.py")
        if manifest.kind == "cell":
            cell = cell_path(original.paths.bundle)
            code = plain(read_below(original.paths.folder, cell).decode())
            text, apart = script.of_cell(original, code)
            if apart:
                (folder / "cell.py").write_text(code, "utf-8")
                files["cell.py"] = "the cell, which run.py executes"
        else:
            text = script.of_function(original)
    (folder / "run.py").write_text(text, "utf-8")
    (folder / "params.yaml").write_text(original.params, "utf-8")
    (data / "run.json").write_text(json.dumps(_told(original)), "utf-8")
    files |= _sources(original, folder)
    for path, file in own.items():
        target = folder / path
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, target)
            files[path] = "a module of the user's own, as it was at the export"
    then = recorded(original)
    (folder / "requirements.txt").write_text(
        script.requirements(needed(original), manifest.python), "utf-8"
    )
    files["requirements.txt"] = "what the code imports"
    if then:
        listed = "".join(f"{name}=={version}\n" for name, version in sorted(then.items()))
        (folder / "requirements-all.txt").write_text(listed, "utf-8")
        files["requirements-all.txt"] = "all that was installed"
    files[f"{script.PACKAGE}/"] = "the captured variables, and what reads them"
    (folder / "README.md").write_text(script.readme(original, files, known=bool(then)), "utf-8")


def _told(original: Original) -> dict[str, object]:
    manifest = original.manifest
    return {
        "python": minor(manifest.python),
        "code": holds_code(original.paths.bundle),
        "seed": original.seed,
        "project": original.sweep.project,
        "imports": manifest.early_imports,
        "sources": manifest.sources,
        "variables": [variable.name for variable in manifest.variables],
        "spans": manifest.spans,
        "cells": manifest.cells,
        "random_state": manifest.random_state,
    }


def _sources(original: Original, folder: Path) -> dict[str, str]:
    """Write the cells from which functions came, for people: what runs is what was pickled."""
    texts = sorted(original.manifest.sources.items())
    for number, (_, text) in enumerate(texts, 1):
        (folder / "notebook").mkdir(exist_ok=True)
        (folder / "notebook" / f"cell-{number}.py").write_text(text, "utf-8")
    return {"notebook/": "the cells that made its functions, to read"} if texts else {}


def _program(original: Original, own: dict[str, Path]) -> str:
    """Return what stands for the program in the export; its file goes along."""
    program = str(original.sweep.spec.get("program") or "")
    file = program_of(original)
    if file is None:
        return program
    directory = Path(original.manifest.directory).resolve()
    inside = file.resolve().is_relative_to(directory)
    path = file.resolve().relative_to(directory).as_posix() if inside else file.name
    if path == "run.py":
        path = "program/run.py"
    own[path] = file
    return f"<<folder>>/{path}"
