"""Write docs/reference.md from the code: parsers, docstrings, traits, variables and settings."""

from __future__ import annotations

import argparse
import ast
import inspect
import json
import re
import textwrap
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import wandb_magic
from wandb_magic.bundle.manifest import STALE
from wandb_magic.commands import parser
from wandb_magic.magics.magics import WandbSweepMagics
from wandb_magic.server.app import WandbMagicApp

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "reference.md"
SETTINGS = ROOT / "labextension" / "schema" / "plugin.json"

# The meaning of the variables for this package; W&B documents their meaning for W&B.
READ = {
    "CUDA_VISIBLE_DEVICES": "the GPUs that runs may use; all that the driver lists by default",
    "CUDA_DEVICE_ORDER": "the order of GPUs; `PCI_BUS_ID` for runs with some of them by default",
    "WANDB_API_KEY": "with it, `auto` is online; a key that `wandb login` left does the same",
    "WANDB_BASE_URL": "the W&B server, if it is not the cloud",
    "WANDB_CACHE_DIR": "where the doctor looks for W&B's cache of artifacts",
    "WANDB_DATA_DIR": "where the doctor looks for artifacts that wait to be sent",
    "WANDB_DIR": "sweeps and runs go into `wandb` below this folder; the current one by default",
    "WANDB_ENTITY": "the user or team, if neither the call nor the config names one",
    "WANDB_IDENTITY_TOKEN_FILE": "with it, `auto` asks wandb for a key",
    "WANDB_MAGIC_GPUS": "describes the GPUs, where the driver cannot: [GPUs](how-to/gpus.md)",
    "WANDB_MAGIC_LEASES": "the folder in which the sweeps of all users lease GPUs; "
    "`wandb-magic-leases` in the system's temporary folder by default",
    "WANDB_MAGIC_NOTIFY": "the address of [alerts](how-to/alerts.md), a secret",
    "WANDB_INIT_TIMEOUT": "how long an online run waits for W&B; six hours by default",
    "WANDB_MODE": "decides in place of `auto`; `disabled` and `dryrun` mean `offline`, too",
    "WANDB_PROJECT": "the project, if neither the call nor the config names one",
}
SET = {
    "CUDA_VISIBLE_DEVICES": "its share of the GPUs, if there are several or it has less than all",
    "WANDB_DIR": "where W&B keeps the run's own folder",
    "WANDB_ENTITY": "the user or team, if there is one",
    "WANDB_MAGIC_RUN_FOLDER": "a folder of the run's own, the same when it is resumed: for "
    "checkpoints",
    "WANDB_MAGIC_SEED": "the run's seed, with which the global generators of `random`, NumPy and "
    "PyTorch are seeded; a program seeds its own with it",
    "WANDB_MODE": "`online` or `offline`, as was decided for the sweep",
    "WANDB_PROJECT": "the project",
    "WANDB_RESUME": "`allow`, in a run that is resumed",
    "WANDB_RUN_ID": "the run's id",
    "WANDB_SERVICE": "the wandb-core that the runs share",
    "WANDB_SWEEP_ID": "the sweep's id",
    "WANDB_SWEEP_PARAM_PATH": "the file from which `wandb.init` has the run's parameters",
}
# Named in the code but not relevant to users.
WITHIN = {
    "WANDB_ARTIFACT_DIR",
    "WANDB_CONFIG_DIR",
    "WANDB_ERROR_REPORTING",
    "WANDB_KUBEFLOW_URL",
    "WANDB_MAGIC_CORE_OF",
    "WANDB_MAGIC_START_CORE",
    "WANDB_MAGIC_DEBUG_MB",
    "WANDB_MAGIC_FAILURE",
    "WANDB_MAGIC_HOLD",
    "WANDB_MAGIC_HUNG_AFTER",
    "WANDB_MAGIC_OUTER_RANKS",
    "WANDB_MAGIC_LAUNCHER",
    "WANDB_MAGIC_SYNC",
    "WANDB_SILENT",
    "WANDB_X_TRANSACTION_LOG_FLUSH_INTERVAL",
}


def written() -> str:
    """Return the page."""
    parts = [
        "# Reference",
        "All that can be typed, called and set; `bash scripts/reference` makes it from the code.",
        *_cell(),
        *_line(),
        *_terminal(),
        *_python(),
        *_variables(),
        *_panel(),
        *_server(),
    ]
    return "\n\n".join(parts) + "\n"


def variables() -> set[str]:
    """Return the W&B and CUDA variables that the package names in strings."""
    nodes = (
        node.value
        for path in sorted((ROOT / "wandb_magic").rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    )
    return {text for text in nodes if re.fullmatch(r"(WANDB|CUDA)_[A-Z_]*[A-Z]", text)}


def _cell() -> Iterator[str]:
    yield "## In a cell: `%%wandb_sweep CONFIG`"
    made = parser.cell_parser({})
    yield f"{made.description} `CONFIG` is {_config(made)}."
    yield _options(made)
    yield "## Defaults: `%config WandbSweepMagics`"
    yield (
        "Each is an option of the cell: `%config WandbSweepMagics.agents = 4` is for a notebook, "
        "`c.WandbSweepMagics.agents = 4` in `ipython_config.py` for all."
    )
    traits = WandbSweepMagics.class_own_traits(config=True)
    yield _table(
        ("name", "default", ""),
        [
            (f"`{name}`", f"`{each.default()!r}`", each.help)
            for name, each in sorted(traits.items())
        ],
    )


def _server() -> Iterator[str]:
    yield "## Settings of the Jupyter server: `WandbMagicApp`"
    yield (
        "`c.WandbMagicApp.mcp_write = True` in `jupyter_server_config.py`, or "
        "`--WandbMagicApp.mcp_write=True` when the server is started."
    )
    traits = WandbMagicApp.class_own_traits(config=True)
    yield _table(
        ("name", "default", ""),
        [
            (f"`{name}`", f"`{each.default(WandbMagicApp)!r}`", each.help)
            for name, each in sorted(traits.items())
        ],
    )


def _line() -> Iterator[str]:
    yield "## In a line: `%wandb_sweep VERB [SWEEP]`"
    yield (
        "`SWEEP` is a variable, an id or its beginning, a name, or a folder; by default it "
        "is the sweep that this kernel started last, or the newest. `RUN` is a run's number, or "
        "its id or the beginning of that. Without a verb, it is `list`."
    )
    yield _verbs(parser.line_parser())


def _terminal() -> Iterator[str]:
    yield "## In a terminal: `wandb-magic`"
    given = ", ".join(f"`{name}`" for name, verb in parser.VERBS.items() if verb.json)
    yield (
        "It has the same verbs; without `SWEEP` they are about the newest sweep. `--json` answers "
        f"for programs: {given} have it."
    )
    run = _subparsers(parser.command_parser())["run"]
    yield f"### `wandb-magic run CONFIG`\n\n{run.description} `CONFIG` is {_config(run)}."
    there = {_usage(each) for each in parser.cell_parser({})._actions if _told(each)}  # noqa: SLF001
    here = {_usage(each) for each in run._actions if _told(each)}  # noqa: SLF001
    absent = ", ".join(f"`{each.split()[0]}`" for each in sorted(there - here))
    yield f"The options are those of the cell, without {absent}."
    if more := [each for each in run._actions if _told(each) and _usage(each) not in there]:  # noqa: SLF001
        yield _table(("option", ""), [(f"`{_usage(each)}`", _help(each)) for each in more])


def _python() -> Iterator[str]:
    yield "## In Python: `wandb_magic`"
    for name in sorted(wandb_magic.__all__):
        value = getattr(wandb_magic, name)
        if inspect.isfunction(value):
            call = textwrap.fill(_call(value), 95, subsequent_indent="    ")
            yield f"### `{name}`\n\n```text\n{call}\n```\n\n{_documented(value)}"
    for name in sorted(wandb_magic.__all__):
        value = getattr(wandb_magic, name)
        if inspect.isclass(value):
            yield f"### `{name}`\n\n{_documented(value)}"
            yield from _members(value)


def _members(value: type) -> Iterator[str]:
    fields = {name for base in value.__mro__ for name in vars(base).get("__annotations__", {})}
    names = dict.fromkeys(name for base in reversed(value.__mro__[:-1]) for name in vars(base))
    for name in names:
        member = inspect.getattr_static(value, name)
        if name.startswith("_") or name in fields:
            continue
        if isinstance(member, (types.FunctionType, classmethod, staticmethod)):
            call = f"`{value.__name__}.{_call(getattr(value, name))}`"
            yield f"#### {call}\n\n{_documented(getattr(value, name))}"
        else:
            yield f"#### `{value.__name__}.{name}`\n\n{_documented(member)}"


def _variables() -> Iterator[str]:
    rest = ", ".join(f"`{name}`" for name in sorted(STALE - READ.keys() - SET.keys()))
    yield "## Environment variables"
    yield "What is read where a sweep is started, or where the doctor is asked:"
    yield _table(("variable", ""), [(f"`{name}`", what) for name, what in READ.items()])
    yield "What each run has:"
    yield _table(("variable", ""), [(f"`{name}`", what) for name, what in SET.items()])
    yield (
        "The rest of a run's environment is the kernel's, and what `--env` sets, without what "
        f"names another run, sweep or process of W&B's: {rest}."
    )


def _panel() -> Iterator[str]:
    schema = json.loads(SETTINGS.read_text("utf-8"))
    yield f"## Settings of the panel: *Settings › {schema['title']}*"  # noqa: RUF001 - as Jupyter's menus
    yield _table(
        ("setting", "values", "default", ""),
        [
            (f"`{name}`", _values(each), f"`{each['default']}`", each["description"])
            for name, each in schema["properties"].items()
        ],
    )


def _values(setting: dict[str, Any]) -> str:
    choices = setting.get("enum") or [each["const"] for each in setting.get("oneOf", [])]
    return ", ".join(f"`{choice}`" for choice in choices) or str(setting["type"])


def _options(made: argparse.ArgumentParser) -> str:
    return _table(
        ("option", ""),
        [(f"`{_usage(each)}`", _help(each)) for each in made._actions if _told(each)],  # noqa: SLF001
    )


def _verbs(made: argparse.ArgumentParser) -> str:
    table = []
    for name, verb in _subparsers(made).items():
        if name in parser.ALIASES:
            continue
        actions = verb._actions  # noqa: SLF001 - argparse has no public way
        places = [_usage(each) for each in actions if not each.option_strings]
        options = [f"`{_usage(each)}`: {_help(each)}" for each in actions if _told(each)]
        aliases = "".join(f", `{alias}`" for alias, of in parser.ALIASES.items() if of == name)
        what = parser.VERBS[name].help
        table.append((f"`{' '.join([name, *places])}`{aliases}", "; ".join([what, *options])))
    return _table(("verb", ""), table)


def _subparsers(made: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    for action in made._actions:  # noqa: SLF001 - as above
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001 - as above
            return dict(action.choices)
    return {}


def _config(made: argparse.ArgumentParser) -> str:
    (config,) = (each for each in made._actions if each.dest == "config")  # noqa: SLF001
    return _help(config)


def _told(action: argparse.Action) -> bool:
    return bool(action.option_strings) and "--help" not in action.option_strings


def _usage(action: argparse.Action) -> str:
    name = str(action.metavar or action.dest.upper())
    if not action.option_strings:
        return f"[{name}]" if action.nargs == "?" else name
    if action.nargs == 0:
        return action.option_strings[-1]
    if action.choices and not action.metavar:
        name = "|".join(map(str, action.choices))
    return f"{action.option_strings[-1]} {name}"


def _help(action: argparse.Action) -> str:
    return (action.help or "") % vars(action)


def _call(function: Callable[..., object]) -> str:
    """Return how a function is called: its signature without types."""
    parameters = [
        each.replace(annotation=inspect.Parameter.empty)
        for each in inspect.signature(function).parameters.values()
        if each.name != "self"
    ]
    return f"{function.__name__}{inspect.Signature(parameters)}"


def _documented(value: object) -> str:
    """Return a docstring in NumPy's style as Markdown."""
    parts = re.split(r"(?m)^(\w+)\n-+\n", inspect.getdoc(value) or "")
    lines = [_prose(parts[0])]
    for title, text in zip(parts[1::2], parts[2::2], strict=True):
        lines += [f"*{title}*", _definitions(text) or _prose(text)]
    return "\n\n".join(lines)


def _definitions(text: str) -> str:
    """Return names with their indented descriptions as a list."""
    found = re.findall(r"(?m)^(\S.*)\n((?:[ \t]+.*\n|\n)+)", text.strip() + "\n")
    return "\n".join(
        f"- {', '.join(f'`{each}`' for each in names.split(', '))}: {_prose(what)}"
        for names, what in found
    )


def _prose(text: str) -> str:
    paragraphs = re.split(r"\n\s*\n", text.replace("``", "`").strip())
    return "\n\n".join(" ".join(each.split()) for each in paragraphs)


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join(f"| {' | '.join(_cell_of(each) for each in line)} |" for line in lines)


def _cell_of(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    PAGE.write_text(written(), "utf-8")
