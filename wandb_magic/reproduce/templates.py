"""The texts of an exported run: the script, its requirements, and what people read first."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from wandb_magic.bundle.loaded_bundle import minor_version
from wandb_magic.bundle.pickle_opcodes import contains_code
from wandb_magic.reproduce._reproduce import MAGIC
from wandb_magic.reproduce.source_run import SourceRun
from wandb_magic.spec import load
from wandb_magic.spec.command import expand

PACKAGE = "exported_run"
JSON_FILE = "params.json"
_LINES = "\n\n"


class _EnvironmentPlaceholders(dict[str, str]):
    """Stands for the environment of who runs the script, which nobody knows here."""

    def get(self, name: str, default: object = None) -> str:  # noqa: ARG002 - as a mapping's
        return f"<<env:{name}>>"


def cell_script(source_run: SourceRun, cell: str) -> tuple[str, bool]:
    """Return the script of a cell, and whether the cell needs a file of its own beside it."""
    head = _head(source_run) + _begin(
        "start.begin(globals(), unpickler, library_state, plain_shell)"
    )
    if not _is_script(cell):
        alone = 'start.execute(start.FOLDER / "cell.py", globals())\n'
        return f"{head}{alone}", True
    lines = cell.splitlines(keepends=True)
    if lines and lines[0].startswith(MAGIC):
        del lines[0]
    return f"{head}\n# The cell, as it was run:\n\n{''.join(lines).strip()}\n", False


def function_script(source_run: SourceRun) -> str:
    """Return the script of a function."""
    begin = _begin("function = start.begin(globals(), unpickler, library_state, plain_shell)")
    return f"{_head(source_run)}{begin}start.call(function)\n"


def command_script(source_run: SourceRun, program: str) -> str:
    """Return the script of a command; `program` is what stands for its script."""
    spec = load(source_run.sweep.spec)
    words = expand(
        spec.command,
        source_run.run.params,
        program=program,
        interpreter="<<python>>",
        json_file=f"<<folder>>/{JSON_FILE}",
        environment=_EnvironmentPlaceholders(),
    )
    listed = "".join(f"        {json.dumps(word)},\n" for word in words)
    begin = f"from {PACKAGE} import start\n\nstart.command(\n    [\n{listed}    ]\n)\n"
    return _head(source_run) + begin


def needs_json_file(source_run: SourceRun) -> bool:
    """Tell whether the command reads the parameters from a file."""
    return any(
        "${args_json_file}" in str(word) for word in source_run.sweep.spec.get("command", ())
    )


def requirements(needed: Mapping[str, str | None], python: str) -> str:
    """Return a pip requirements file: what the code imports, as it was installed."""
    lines = [f"# For Python {minor_version(python)}; what these need in turn is chosen by pip.\n"]
    for name, version in sorted(needed.items()):
        if version is None:
            lines.append(f"# {name}: imported by the code; what provides it was not recorded\n")
            continue
        public, _, local = version.partition("+")
        note = f"  # it was {version}" if local else ""
        lines.append(f"{name}=={public}{note}\n")
    return "".join(lines)


def readme(source_run: SourceRun, files: Mapping[str, str], *, known: bool) -> str:
    """Return the README; `files` says what each is, `known` whether the versions are recorded."""
    manifest = source_run.manifest
    code = contains_code(source_run.paths.bundle)
    version = minor_version(manifest.python)
    must = (
        f"Needs **Python {version}**: functions of the notebook went along as code of that "
        "version, and `run.py` says so if it is another."
        if code
        else f"It ran with Python {manifest.python}; others may do."
    )
    pinned = (
        "`requirements.txt` has what its code imports, in the versions that it had."
        if known
        else "The versions that it had were not recorded: `requirements.txt` has names only."
    )
    how = (
        "```bash\npython -m venv .venv\n.venv/bin/pip install -r requirements.txt\n"
        ".venv/bin/python run.py\n```"
    )
    where = (
        "The run is W&B's own, offline, below `wandb/` in the folder where it is started; "
        "`WANDB_MODE=online` sends it to your account. The global generators of `random`, NumPy "
        f"and PyTorch are seeded with {source_run.seed}, as then. Files that the code reads are "
        "not "
        "here, nor are environment variables: start it where it finds them."
    )
    told = [
        f"# {_plain(source_run.title[0].upper() + source_run.title[1:])}",
        "Written by wandb_magic, which it does not need to run.",
        f"{must} {pinned}",
        how,
        where,
        "## Parameters",
        _table(_flatten(source_run.run.params), "parameter"),
        "## What it had in its sweep",
        f"It was {source_run.run.state.value}"
        + (f" ({_plain(source_run.run.cause)})." if source_run.run.cause else "."),
        _table(
            {key: value for key, value in source_run.summary.items() if not key.startswith("_")},
            "summary",
        ),
        "## Files",
        "\n".join(f"- `{name}`: {what}" for name, what in files.items()),
    ]
    return _LINES.join(part for part in told if part) + "\n"


def _head(source_run: SourceRun) -> str:
    title = source_run.title[0].upper() + source_run.title[1:]
    quoted = title.replace("\\", "\\\\").replace('"', "'")
    return f'"""{quoted}, as a script: see README.md."""\n\n'


def _begin(call: str) -> str:
    return f"from {PACKAGE} import library_state, plain_shell, unpickler, start\n\n{call}\n"


def _is_script(cell: str) -> bool:
    """Tell whether a cell may stand in a script, behind other lines."""
    try:
        compile(f"pass\n{cell}", "cell.py", "exec", dont_inherit=True)
    except SyntaxError:  # it awaits outside of functions, or begins with `from __future__`
        return False
    return True


def _flatten(values: Mapping[str, object], prefix: str = "") -> dict[str, object]:
    flat: dict[str, object] = {}
    for key, value in values.items():
        if isinstance(value, Mapping) and value:
            flat |= _flatten(value, f"{prefix}{key}.")
        else:
            flat[f"{prefix}{key}"] = value
    return flat


def _table(values: Mapping[str, object], head: str) -> str:
    if not values:
        return ""
    rows = [f"| {_plain(key)} | {_plain(_short(value))} |" for key, value in values.items()]
    return "\n".join([f"| {head} | |", "| --- | --- |", *rows])


def _short(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, default=str)
    longest = 120
    return text if len(text) <= longest else f"{text[:longest]}…"


def _plain(text: str) -> str:
    """Return a text that Markdown shows as it is."""
    return re.sub(r"([\\`*_{}\[\]<>#|])", r"\\\1", " ".join(str(text).split()))
