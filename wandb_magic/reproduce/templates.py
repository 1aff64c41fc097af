"""The texts of an exported run: the script, its requirements, and the README."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from wandb_magic.bundle.loaded_bundle import minor_version
from wandb_magic.bundle.manifest import split_magic
from wandb_magic.bundle.pickle_opcodes import contains_code
from wandb_magic.records import flatten_keys
from wandb_magic.reproduce.source_run import SourceRun
from wandb_magic.spec import load
from wandb_magic.spec.command import expand

PACKAGE = "exported_run"
JSON_FILE = "params.json"
_LINES = "\n\n"


class _EnvironmentPlaceholders(dict[str, str]):
    """Stands for the environment in which the script is run, which is unknown here."""

    def get(self, name: str, default: object = None) -> str:  # noqa: ARG002 - as a mapping's
        return f"<<env:{name}>>"


def cell_script(source_run: SourceRun, cell: str) -> tuple[str, bool]:
    """Return the script of a cell, and whether the cell needs a separate file next to it."""
    head = _head(source_run) + _begin(
        "start.begin(globals(), unpickler, library_state, plain_shell)"
    )
    if not _is_script(cell):
        call = 'start.execute(start.FOLDER / "cell.py", globals())\n'
        return f"{head}{call}", True
    _, code = split_magic(cell)
    return f"{head}\n# The cell, as it was run:\n\n{code.strip()}\n", False


def function_script(source_run: SourceRun) -> str:
    """Return the script of a function."""
    begin = _begin("function = start.begin(globals(), unpickler, library_state, plain_shell)")
    return f"{_head(source_run)}{begin}start.call(function)\n"


def command_script(source_run: SourceRun, program: str) -> str:
    """Return the script of a command; `program` is the placeholder of its script."""
    spec = load(source_run.sweep.spec)
    words = expand(
        spec.command,
        source_run.run.params,
        program=program,
        interpreter="<<python>>",
        json_file=f"<<folder>>/{JSON_FILE}",
        environment=_EnvironmentPlaceholders(),
    )
    lines = "".join(f"        {json.dumps(word)},\n" for word in words)
    begin = f"from {PACKAGE} import start\n\nstart.command(\n    [\n{lines}    ]\n)\n"
    return _head(source_run) + begin


def needs_json_file(source_run: SourceRun) -> bool:
    """Return whether the command reads the parameters from a file."""
    return any(
        "${args_json_file}" in str(word) for word in source_run.sweep.spec.get("command", ())
    )


def requirements(needed: Mapping[str, str | None], python: str) -> str:
    """Return a pip requirements file: what the code imports, as it was installed."""
    lines = [f"# For Python {minor_version(python)}; pip chooses what these need in turn.\n"]
    for name, version in sorted(needed.items()):
        if version is None:
            lines.append(f"# {name}: imported by the code; its distribution was not recorded\n")
            continue
        public, _, local = version.partition("+")
        note = f"  # it was {version}" if local else ""
        lines.append(f"{name}=={public}{note}\n")
    return "".join(lines)


def readme(source_run: SourceRun, files: Mapping[str, str], *, known: bool) -> str:
    """Return the README; `files` describes each file, `known` is whether versions are recorded."""
    manifest = source_run.manifest
    code = contains_code(source_run.paths.bundle)
    version = minor_version(manifest.python)
    python_note = (
        f"Needs **Python {version}**: the notebook's functions were captured as bytecode of that "
        "version. With another version, `run.py` reports this."
        if code
        else f"It ran with Python {manifest.python}; other versions may work."
    )
    versions_note = (
        "`requirements.txt` has the packages that its code imports, in their original versions."
        if known
        else "Its package versions were not recorded: `requirements.txt` has only names."
    )
    usage = (
        "```bash\npython -m venv .venv\n.venv/bin/pip install -r requirements.txt\n"
        ".venv/bin/python run.py\n```"
    )
    notes = (
        "The run is a new offline W&B run, below `wandb/` in the folder where it is started; "
        "`WANDB_MODE=online` sends it to your account. The global generators of `random`, NumPy "
        f"and PyTorch are seeded with {source_run.seed}, as in the sweep. Files that the code "
        "reads and environment variables are not included: start it where it finds them."
    )
    parts = [
        f"# {_plain(source_run.title[0].upper() + source_run.title[1:])}",
        "Written by wandb_magic, which it does not need to run.",
        f"{python_note} {versions_note}",
        usage,
        notes,
        "## Parameters",
        _table(flatten_keys(source_run.run.params), "parameter"),
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
    return _LINES.join(part for part in parts if part) + "\n"


def _head(source_run: SourceRun) -> str:
    title = source_run.title[0].upper() + source_run.title[1:]
    quoted = title.replace("\\", "\\\\").replace('"', "'")
    return f'"""{quoted}, as a script: see README.md."""\n\n'


def _begin(call: str) -> str:
    return f"from {PACKAGE} import library_state, plain_shell, unpickler, start\n\n{call}\n"


def _is_script(cell: str) -> bool:
    """Return whether a cell can follow other lines in a script."""
    try:
        compile(f"pass\n{cell}", "cell.py", "exec", dont_inherit=True)
    except SyntaxError:  # it awaits at top level, or starts with `from __future__`
        return False
    return True


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
    """Return a text escaped for Markdown."""
    return re.sub(r"([\\`*_{}\[\]<>#|])", r"\\\1", " ".join(str(text).split()))
