"""Exports a run as a folder that runs on another machine, without this package.

All or nothing: the folder appears once it is complete. The environment of the sweep is never
written, because it may contain secrets.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path

from wandb_magic.bundle import (
    library_state,
    pickle_names,
    plain_shell,
    type_reconstructors,
    unpickler,
)
from wandb_magic.bundle.cell_syntax import strip_ipython
from wandb_magic.bundle.loaded_bundle import minor_version
from wandb_magic.bundle.manifest import buffers_path, cell_path, variables_path
from wandb_magic.bundle.pickle_opcodes import contains_code
from wandb_magic.errors import SweepError, SweepStateError
from wandb_magic.paths import FOLDER_MODE
from wandb_magic.reproduce import export_runtime, templates
from wandb_magic.reproduce.local_modules import local_modules, program_of
from wandb_magic.reproduce.package_versions import needed_versions, recorded_versions
from wandb_magic.reproduce.source_run import SourceRun
from wandb_magic.safe_open import open_inside, read_inside
from wandb_magic.spec.command import args_json


def export(source_run: SourceRun, folder: Path) -> Path:
    """Write a run as a script with everything that it needs.

    Parameters
    ----------
    source_run
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
        If the folder already exists, or the run's code is not here.
    """
    folder = folder.expanduser().absolute()
    if folder.exists() or folder.is_symlink():
        raise SweepStateError(f"{folder} already exists: name a folder that does not")
    _ = source_run.manifest  # fail before anything is written
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(
            dir=folder.parent, prefix=f".{folder.name}.", ignore_cleanup_errors=True
        ) as place:
            staging = Path(place) / folder.name
            staging.mkdir(mode=FOLDER_MODE)
            _write(source_run, staging)
            staging.rename(folder)
    except OSError as error:
        path = error.filename or folder
        raise SweepError(f"{path} cannot be written: {error.strerror or error}") from error
    return folder


def _write(source_run: SourceRun, folder: Path) -> None:
    files = {"run.py": "the run", "params.yaml": "its parameters, as wandb reads them"}
    data = folder / templates.PACKAGE
    data.mkdir()
    (data / "__init__.py").write_text(
        '"""What run.py needs: the captured variables, and the code that reads them."""\n', "utf-8"
    )
    shutil.copyfile(export_runtime.__file__, data / "start.py")
    modules = local_modules(source_run)
    manifest = source_run.manifest
    code = ""
    if manifest.kind == "command":
        text = templates.command_script(source_run, _program(source_run, modules))
        if templates.needs_json_file(source_run):
            (folder / templates.JSON_FILE).write_text(args_json(source_run.run.params), "utf-8")
            files[templates.JSON_FILE] = "the same for its command"
    else:
        for place in (variables_path, buffers_path):
            with (
                open_inside(source_run.paths.folder, place(source_run.paths.bundle)) as source,
                place(data).open("wb") as copy,
            ):
                shutil.copyfileobj(source, copy)
        shutil.copyfile(unpickler.__file__, data / "unpickler.py")
        shutil.copyfile(pickle_names.__file__, data / "pickle_names.py")
        shutil.copyfile(library_state.__file__, data / "library_state.py")
        shutil.copyfile(plain_shell.__file__, data / "plain_shell.py")
        shutil.copyfile(type_reconstructors.__file__, data / "type_reconstructors.py")
        if manifest.kind == "cell":
            cell = cell_path(source_run.paths.bundle)
            code = strip_ipython(read_inside(source_run.paths.folder, cell).decode())
            text, is_separate = templates.cell_script(source_run, code)
            if is_separate:
                (folder / "cell.py").write_text(code, "utf-8")
                files["cell.py"] = "the cell, which run.py executes"
        else:
            text = templates.function_script(source_run)
    (folder / "run.py").write_text(text, "utf-8")
    (folder / "params.yaml").write_text(source_run.params, "utf-8")
    (data / "run.json").write_text(json.dumps(_run_metadata(source_run)), "utf-8")
    files |= _sources(source_run, folder)
    for path, file in modules.items():
        target = folder / path
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, target)
            files[path] = "a local module, as of the export"
    versions = recorded_versions(source_run)
    (folder / "requirements.txt").write_text(
        templates.requirements(needed_versions(source_run), manifest.python), "utf-8"
    )
    files["requirements.txt"] = "what the code imports"
    if versions:
        lines = "".join(f"{name}=={version}\n" for name, version in sorted(versions.items()))
        (folder / "requirements-all.txt").write_text(lines, "utf-8")
        files["requirements-all.txt"] = "everything that was installed"
    files[f"{templates.PACKAGE}/"] = "the captured variables, and the code that reads them"
    (folder / "README.md").write_text(
        templates.readme(source_run, files, known=bool(versions)), "utf-8"
    )


def _run_metadata(source_run: SourceRun) -> dict[str, object]:
    manifest = source_run.manifest
    return {
        "python": minor_version(manifest.python),
        "code": contains_code(source_run.paths.bundle),
        "seed": source_run.seed,
        "project": source_run.sweep.project,
        "imports": manifest.early_imports,
        "sources": manifest.sources,
        "variables": [variable.name for variable in manifest.variables],
        "spans": manifest.spans,
        "cells": manifest.cells,
        "random_state": manifest.random_state,
    }


def _sources(source_run: SourceRun, folder: Path) -> dict[str, str]:
    """Write the cells that defined functions, for reading only: the pickled code is what runs."""
    texts = sorted(source_run.manifest.sources.items())
    for number, (_, text) in enumerate(texts, 1):
        (folder / "notebook").mkdir(exist_ok=True)
        (folder / "notebook" / f"cell-{number}.py").write_text(text, "utf-8")
    return {"notebook/": "the cells that defined its functions, for reading"} if texts else {}


def _program(source_run: SourceRun, modules: dict[str, Path]) -> str:
    """Return the placeholder of the program in the export, and add its file."""
    program = str(source_run.sweep.spec.get("program") or "")
    file = program_of(source_run)
    if file is None:
        return program
    directory = Path(source_run.manifest.directory).resolve()
    is_inside = file.resolve().is_relative_to(directory)
    path = file.resolve().relative_to(directory).as_posix() if is_inside else file.name
    if path == "run.py":
        path = "program/run.py"
    modules[path] = file
    return f"<<folder>>/{path}"
