"""The argparse parsers of the magics and the command line.

This module imports little more than argparse, because ``%load_ext wandb_magic`` imports it.
"""

from __future__ import annotations

import argparse
import re
from argparse import BooleanOptionalAction
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NoReturn

from wandb_magic.commands.start_options import CELL_OPTIONS, NUMBER, START_OPTIONS
from wandb_magic.errors import SweepError
from wandb_magic.requests import REQUESTS, Request

if TYPE_CHECKING:
    from argparse import _SubParsersAction


_RUN: dict[str, Any] = {
    "metavar": "RUN",
    "help": "the run: its number, its id or an id prefix",
}
_WHERE: dict[str, Any] = {
    "metavar": "QUERY",
    "default": "",
    "help": "only the runs that the query selects, as in 'lr < 1e-3 and state == finished'",
}
_OVERWRITE: dict[str, Any] = {
    "action": "store_true",
    "help": "replace the output of an earlier call",
}


_TRUST: dict[str, Any] = {
    "action": "store_true",
    "help": "execute the sweep's code even if somebody else wrote it",
}


_EXPONENT = re.compile(r"-(\d+(\.\d*)?|\.\d+)[eE][-+]?\d{1,3}")
REMOVAL = "\0-"
"""What a word begins with that names a parameter to remove; argparse reads no option in it."""


class UsageError(SweepError):
    """The command is invalid."""


class Parser(argparse.ArgumentParser):
    """A parser that raises `UsageError` instead of exiting.

    Attributes
    ----------
    removes
        Whether ``-NAME`` is not an option, but names something to remove.
    """

    removes = False

    def error(self, message: str) -> NoReturn:
        """Raise `UsageError`, with a pointer to the help."""
        raise UsageError(f"{message} (help: {self.prog} --help)")

    def parse_known_args(  # type: ignore[override] # as argparse itself calls it
        self, args: list[str] | None = None, namespace: argparse.Namespace | None = None
    ) -> tuple[argparse.Namespace, list[str]]:
        """Parse words; with `removes`, ``-NAME`` is a positional argument."""
        if args is not None:
            args = [_without_exponent(word) for word in args]
        if args is not None and self.removes:
            args = [f"{REMOVAL}{word[1:]}" if _is_removal(word) else word for word in args]
        return super().parse_known_args(args, namespace)


def _without_exponent(word: str) -> str:
    """Return a negative number such as ``-1e-3`` in a form that argparse reads as a number."""
    return f"{Decimal(word):f}" if _EXPONENT.fullmatch(word) else word


def _is_removal(word: str) -> bool:
    return word[:1] == "-" and word != "-h" and word[1:2].replace("_", "a").isalpha()


@dataclass(frozen=True)
class Verb:
    """One verb.

    Attributes
    ----------
    help
        What it does, as a phrase.
    arguments
        Its arguments besides the sweep: keyword arguments of ``add_argument`` by flag or name.
    json
        Whether its answer is available as JSON.
    sweep
        Whether it takes a sweep.
    removes
        Whether ``-NAME`` among its words names something to remove.
    """

    help: str
    arguments: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    json: bool = False
    sweep: bool = True
    removes: bool = False


def _verb_of(request: Request) -> Verb:
    """Return the verb of a request: what is true or false is a flag, the rest is positional."""
    arguments: dict[str, Mapping[str, Any]] = {}
    for name, argument in request.arguments.items():
        if name == "run":
            arguments[name] = _RUN
        elif argument.type == "boolean":
            arguments[f"--{name}"] = {"action": "store_true", "help": argument.help}
        else:
            kind = NUMBER if argument.type == "integer" else {}
            arguments[name] = {**kind, "help": argument.help}
    return Verb(request.help, arguments | ({"--trust": _TRUST} if request.starts else {}))


_LABELS: dict[str, dict[str, Any]] = {
    "--name": {"help": "its name; '' for its own"},
    "--notes": {"metavar": "TEXT", "help": "notes about it, in Markdown"},
    "--tag": {
        "metavar": "TAG",
        "action": "append",
        "default": [],
        "help": "a tag to add; may be repeated",
    },
    "--untag": {
        "metavar": "TAG",
        "action": "append",
        "default": [],
        "help": "a tag to remove; may be repeated",
    },
}
LIMITS: dict[str, dict[str, Any]] = {
    "--for": {
        "metavar": "TIME",
        "dest": "max_time",
        "help": "the time after which no more runs start, in total: 90, 10m, 2h, or none",
    },
    "--cost": {
        "metavar": "AMOUNT",
        "dest": "max_cost",
        "help": "the cost after which no more runs start, in total, or none",
    },
    "--price-per-hour": {"metavar": "AMOUNT", "help": "what an hour costs"},
    "--until-flat": {
        "choices": ("yes", "no"),
        "help": "whether the sweep ends once other parameters would hardly be better",
    },
}
VERBS = {
    "list": Verb("list all sweeps, newest first", json=True, sweep=False),
    "doctor": Verb(
        "check this environment for problems with sweeps, and suggest remedies",
        json=True,
        sweep=False,
    ),
    "status": Verb("show the status of a sweep", json=True),
    "runs": Verb("list the runs of a sweep", {"--where": _WHERE}, json=True),
    "best": Verb("show the best run and its parameters", json=True),
    "history": Verb(
        "show what the runs logged, one row per step",
        {
            "--metric": {"metavar": "KEY", "help": "the key; the sweep's metric by default"},
            "--run": {**_RUN, "help": "one run, with everything that it logged"},
            "--where": _WHERE,
        },
    ),
    "importance": Verb(
        "show how much each parameter matters for the metric",
        {
            "--evaluator": {
                "choices": ("ped-anova", "fanova", "permutation"),
                "default": "ped-anova",
                "help": "how it is computed: ped-anova by default",
            },
            "--quantile": {
                "metavar": "SHARE",
                "type": float,
                "default": 0.5,
                "help": "the share of the best runs that ped-anova compares with all; 0.5 by "
                "default",
            },
        },
        json=True,
    ),
    "compare": Verb(
        "compare a sweep with another one that has the same metric",
        {"other": {"metavar": "OTHER", "help": "the other sweep"}},
        json=True,
    ),
    "study": Verb(
        "export a sweep as an Optuna study, for optuna-dashboard",
        {
            "--export": {
                "metavar": "FILE",
                "help": "where to write it: an SQLite database if it ends in .db, .sqlite or "
                ".sqlite3, else a journal",
            },
            "--overwrite": _OVERWRITE,
        },
        json=True,
    ),
    "to-parquet": Verb(
        "write all results to a folder of Parquet files",
        {
            "path": {"metavar": "PATH", "help": "a folder that does not exist yet"},
            "--overwrite": _OVERWRITE,
        },
        json=True,
    ),
    "report": Verb(
        "write a sweep as one HTML page to share: plots, table, config and code",
        {"file": {"metavar": "FILE", "nargs": "?", "help": "the page; report.html by default"}},
        json=True,
    ),
    "logs": Verb(
        "show what a run printed",
        {
            "run": _RUN,
            "--follow": {"action": "store_true", "help": "continue until the run ends"},
            "--tail": {**NUMBER, "help": "only the last N lines"},
            "--all": {
                "action": "store_true",
                "help": "all of it; by default, a notebook shows only the end of a long output",
            },
        },
    ),
    "failure": Verb(
        "show why a run failed: its frames with their variables, or its last stack",
        {"run": _RUN},
        json=True,
    ),
    "stack": Verb("show where a run is at this moment: the stack of each thread", {"run": _RUN}),
    "debug": Verb(
        "open the debugger at the line where a run failed, with its variables; in its own process "
        "if that is held",
        {
            "run": _RUN,
            "--listen": {
                "action": "store_true",
                "help": "let the debugger of an editor attach to the process of a held run: "
                "debugpy listens on this machine, where any user can connect to it",
            },
            "--trust": {
                "action": "store_true",
                "help": "read the variables even if somebody else's run has written them",
            },
        },
    ),
    "wait": Verb(
        "wait until a sweep ends or pauses; an interrupt stops only the waiting",
        {"--timeout": {"metavar": "TIME", "help": "the maximum time to wait: 90, 90s, 10m, 2h"}},
    ),
    **{
        verb.replace("_", "-"): _verb_of(request)
        for verb, request in REQUESTS.items()
        if request.is_verb
    },
    "annotate": Verb(
        REQUESTS["annotate"].help,
        {
            **_LABELS,
            "--baseline": {
                "metavar": "RUN",
                "help": "the run that others are compared with, or none",
            },
        },
    ),
    "annotate-run": Verb(
        REQUESTS["annotate_run"].help,
        {
            "run": _RUN,
            **_LABELS,
            "--pin": {
                "action": BooleanOptionalAction,
                "help": "whether it comes first in the panel's tables",
            },
            "--hide": {
                "action": BooleanOptionalAction,
                "help": "whether the panel leaves it out of tables and plots",
            },
        },
    ),
    "edit": Verb(
        REQUESTS["edit"].help,
        {
            "changes": {
                "metavar": "CHANGE",
                "nargs": "*",
                "help": "lr=1e-5..1e-1 for a range, layers=1,2,4 for values, optimizer+=lion or "
                "optimizer-=sgd for one value more or less, lr=0.1 for a constant, lr={...} for "
                "an entry of the config, -momentum to remove it",
            },
            "--earlier": {
                "metavar": "NAME=VALUE",
                "action": "append",
                "default": [],
                "help": "the value that earlier runs had of a parameter that is added; may be "
                "repeated",
            },
            "--method": {"help": "the search: grid, random or bayes"},
            "--metric": {"metavar": "KEY", "help": "the objective"},
            "--goal": {"help": "minimize or maximize"},
            "--target": {"metavar": "VALUE", "help": "the value that ends the sweep, or none"},
            "--early-terminate": {
                "metavar": "RULE",
                "help": "when poor runs end, as {type: hyperband, min_iter: 3}, or none",
            },
            "--run-cap": {"metavar": "N", "help": "the total number of runs, or none"},
            "--trust": _TRUST,
        },
        removes=True,
    ),
    "ask": Verb(
        REQUESTS["ask"].help,
        {"--n": {**NUMBER, "default": 1, "help": "how many (%(default)s)"}, "--trust": _TRUST},
        json=True,
    ),
    "tell": Verb(
        REQUESTS["tell"].help,
        {
            "run": _RUN,
            "values": {
                "metavar": "VALUE",
                "nargs": "*",
                "help": "the sweep's metric as a number, or metrics as NAME=VALUE",
            },
            "--error": {"help": "why the run failed, instead of a result"},
            "--trust": _TRUST,
        },
    ),
    "fork": Verb(
        REQUESTS["fork"].help,
        {
            "run": {**_RUN, "nargs": "?"},
            "values": {
                "metavar": "NAME=VALUE",
                "nargs": "*",
                "help": "a parameter that changes; the others are those of the run",
            },
            "--force": {
                "action": "store_true",
                "help": REQUESTS["fork"].arguments["force"].help,
            },
            "--trust": _TRUST,
        },
    ),
    "add": Verb(
        REQUESTS["add"].help,
        {
            "values": {
                "metavar": "NAME=VALUE",
                "nargs": "*",
                "help": "a parameter; those that are left out are drawn at random",
            },
            "--n": {**NUMBER, "default": 1, "help": "how many runs with them (%(default)s)"},
            "--force": {
                "action": "store_true",
                "help": REQUESTS["add"].arguments["force"].help,
            },
            "--trust": _TRUST,
        },
    ),
    "resume": Verb(
        REQUESTS["resume"].help,
        {
            "--online": {
                "action": "store_true",
                "help": "send the offline sweep to W&B, and continue it there",
            },
            "--count": {**NUMBER, "help": "with --online: how many more runs"},
            **LIMITS,
            "--trust": _TRUST,
        },
    ),
    "rerun": Verb(
        "start a new run with the same parameters; with --failed, for all failed runs",
        {
            "run": {**_RUN, "nargs": "?"},
            "--failed": {"action": "store_true", "help": "all failed runs, not just one"},
            "--resume": {"action": "store_true", "help": "continue them, as resume-run does"},
            "--trust": _TRUST,
        },
    ),
    "sync": Verb(
        REQUESTS["sync"].help,
        {
            "--project": {"help": "the W&B project; the sweep's own by default"},
            "--entity": {"help": "the W&B user or team"},
            "--once": {"action": "store_true", "help": "only the runs that have already ended"},
            "--wait": {"action": "store_true", "help": "wait until everything is sent"},
            "--trust": _TRUST,
        },
    ),
    "fetch": Verb(
        "import a W&B sweep that never ran here, or what is new in it, to analyse it",
        {
            "remote_sweep": {
                "metavar": "SWEEP",
                "help": "entity/project/id, an id, or the URL of its page",
            }
        },
        json=True,
        sweep=False,
    ),
    "reproduce": Verb(
        "load a run into the notebook: its variables, and a cell that runs it again",
        {"run": _RUN, "--trust": _TRUST},
    ),
    "export": Verb(
        "write a run as a script with its data, for another machine",
        {
            "run": _RUN,
            "folder": {
                "metavar": "FOLDER",
                "nargs": "?",
                "help": "a folder that does not exist yet; run-ID by default",
            },
        },
    ),
    "delete": Verb(
        "delete a sweep's folder (code, results and output), but not W&B's folders of its runs",
        {"--yes": {"action": "store_true", "help": "do not ask for confirmation"}},
    ),
}
MCP_OPTIONS: dict[str, dict[str, Any]] = {
    "--root": {
        "metavar": "FOLDER",
        "action": "append",
        "default": [],
        "help": "a folder whose sweeps and files it may see, the working directory by default; "
        "may be repeated",
    },
    "--write": {"action": "store_true", "help": "let it start and change sweeps, not only read"},
}
ALIASES = {"sweeps": "list"}


def add_verbs(commands: _SubParsersAction[Parser], *, json: bool) -> None:
    """Add a command for each verb; with `json`, ``--json`` for those that support it."""
    for name, verb in VERBS.items():
        aliases = [alias for alias, target in ALIASES.items() if target == name]
        parser = commands.add_parser(
            name, aliases=aliases, help=verb.help, description=_as_sentence(verb.help)
        )
        parser.removes = verb.removes
        if verb.sweep:
            parser.add_argument(
                "sweep",
                metavar="SWEEP",
                nargs="?",
                help="the sweep: its id, an id prefix, its name or its folder; the newest one by "
                "default",
            )
        _add_arguments(parser, verb.arguments)
        if json and verb.json:
            parser.add_argument("--json", action="store_true", help="answer in JSON")


def line_parser() -> Parser:
    """Return the parser of ``%wandb_sweep``."""
    parser = Parser(prog="%wandb_sweep", description="Manage sweeps; without a verb, list them.")
    add_verbs(parser.add_subparsers(dest="verb", metavar="VERB"), json=False)
    return parser


def cell_parser(defaults: Mapping[str, Any]) -> Parser:
    """Return the parser of ``%%wandb_sweep``, with `defaults` by option name."""
    parser = Parser(
        prog="%%wandb_sweep",
        usage="%(prog)s CONFIG [options]",
        description="Run this cell once for each set of parameters that a W&B sweep config "
        "describes, in separate processes that do not block the notebook.",
        allow_abbrev=False,
    )
    parser.add_argument(
        "config",
        metavar="CONFIG",
        nargs="*",
        help="a variable or expression whose value is a sweep config, a YAML or JSON file, or a "
        "W&B sweep: its id, entity/project/id, or the URL of its page",
    )
    _add_arguments(parser, {**START_OPTIONS, **CELL_OPTIONS})
    parser.set_defaults(**defaults)
    return parser


def command_parser() -> Parser:
    """Return the parser of the command line."""
    parser = Parser(
        prog="wandb-magic",
        description="Start and manage W&B sweeps.",
        allow_abbrev=False,
    )
    commands = parser.add_subparsers(dest="verb", metavar="COMMAND", required=True)
    run = commands.add_parser(
        "run",
        help="start a sweep of a program, as `wandb agent` does, but without a server",
        description="Start a sweep of the program that a sweep config names.",
    )
    run.add_argument(
        "config",
        metavar="CONFIG",
        help="a sweep config, as a YAML or JSON file; or a W&B sweep",
    )
    _add_arguments(run, START_OPTIONS)
    add_verbs(commands, json=True)
    mcp = commands.add_parser(
        "mcp",
        help="serve coding assistants through the Model Context Protocol, on standard input",
        description="Serve a coding assistant: it may read the sweeps below some folders.",
    )
    _add_arguments(mcp, MCP_OPTIONS)
    top = commands.add_parser(
        "top",
        help="watch a sweep live in the terminal: runs, best value, output, with keys for verbs",
        description="Watch a sweep live in the terminal.",
    )
    top.add_argument("sweep", metavar="SWEEP", nargs="?", help="the sweep; the newest by default")
    return parser


def _add_arguments(parser: Parser, arguments: Mapping[str, Mapping[str, Any]]) -> None:
    for flag, keywords in arguments.items():
        parser.add_argument(flag, **keywords)


def _as_sentence(phrase: str) -> str:
    return f"{phrase[0].upper()}{phrase[1:]}."
