"""What can be typed, as argparse parsers.

Importing this module imports little more than argparse, for ``%load_ext wandb_magic`` needs it.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NoReturn

from wandb_magic.commands.start_options import CELL_OPTIONS, NUMBER, START_OPTIONS
from wandb_magic.errors import SweepError

if TYPE_CHECKING:
    from argparse import _SubParsersAction


_RUN: dict[str, Any] = {
    "metavar": "RUN",
    "help": "a run by its number, its id or the beginning of that",
}
_OVERWRITE: dict[str, Any] = {
    "action": "store_true",
    "help": "replace what an earlier one has written there",
}


_TRUST: dict[str, Any] = {
    "action": "store_true",
    "help": "do so even if the sweep's folder was written by somebody else",
}


class UsageError(SweepError):
    """What was typed makes no sense."""


class Parser(argparse.ArgumentParser):
    """A parser that raises `UsageError` where argparse would end the process."""

    def error(self, message: str) -> NoReturn:
        """Raise `UsageError`, and say where help is."""
        raise UsageError(f"{message} (help: {self.prog} --help)")


@dataclass(frozen=True)
class Verb:
    """One verb.

    Attributes
    ----------
    help
        What it does, as a phrase.
    arguments
        What it takes besides the sweep: keyword arguments of ``add_argument`` by flag or name.
    json
        Whether it has an answer that can be given as JSON.
    sweep
        Whether it is about one sweep.
    """

    help: str
    arguments: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    json: bool = False
    sweep: bool = True


VERBS = {
    "list": Verb("list all sweeps, newest first", json=True, sweep=False),
    "doctor": Verb(
        "say what could go wrong with sweeps here, and what to do about it",
        json=True,
        sweep=False,
    ),
    "status": Verb("say how a sweep stands", json=True),
    "runs": Verb("list the runs of a sweep", json=True),
    "best": Verb("show the best run and its parameters", json=True),
    "history": Verb(
        "show what the runs logged, a row a step",
        {
            "--metric": {"metavar": "KEY", "help": "the key; the sweep's metric by default"},
            "--run": {**_RUN, "help": "one run with all that it logged"},
        },
    ),
    "importance": Verb("say how much each parameter matters for the metric", json=True),
    "compare": Verb(
        "show a sweep beside another one with the same metric",
        {"other": {"metavar": "OTHER", "help": "the other sweep"}},
        json=True,
    ),
    "study": Verb(
        "give a sweep to Optuna: its study, for optuna-dashboard",
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
        "write all results into a folder of Parquet files",
        {
            "path": {"metavar": "PATH", "help": "a folder that does not exist yet"},
            "--overwrite": _OVERWRITE,
        },
        json=True,
    ),
    "report": Verb(
        "write a sweep as one page to share: plots, table, config and code",
        {"file": {"metavar": "FILE", "nargs": "?", "help": "the page; report.html by default"}},
        json=True,
    ),
    "logs": Verb(
        "show what a run printed",
        {
            "run": _RUN,
            "--follow": {"action": "store_true", "help": "go on until the run ends"},
            "--tail": {**NUMBER, "help": "only so many of the last lines"},
            "--all": {
                "action": "store_true",
                "help": "all of it, where a notebook shows the end of a long output only",
            },
        },
    ),
    "wait": Verb(
        "wait until a sweep ends or pauses; an interrupt ends the waiting only",
        {"--timeout": {"metavar": "TIME", "help": "at most so long: 90, 90s, 10m, 2h"}},
    ),
    "stop": Verb(
        "end a sweep; its results stay",
        {"--drain": {"action": "store_true", "help": "let the living runs end by themselves"}},
    ),
    "pause": Verb("start no more runs; the living ones go on"),
    "resume": Verb(
        "go on after a pause, a stop, a crash or a reboot",
        {
            "--online": {
                "action": "store_true",
                "help": "send the offline sweep to W&B, and let it go on there",
            },
            "--count": {**NUMBER, "help": "with --online: how many more runs"},
            "--trust": _TRUST,
        },
    ),
    "stop-run": Verb("end one run; what it logged stays", {"run": _RUN}),
    "rerun": Verb(
        "start a new run with the same parameters, or do so for all that failed",
        {
            "run": {**_RUN, "nargs": "?"},
            "--failed": {"action": "store_true", "help": "all runs that failed, not just one"},
            "--resume": {"action": "store_true", "help": "let them go on, as resume-run does"},
            "--trust": _TRUST,
        },
    ),
    "resume-run": Verb(
        "let a run that failed, was stopped or vanished go on, as the same run",
        {"run": _RUN, "--trust": _TRUST},
    ),
    "set-agents": Verb(
        "change how many runs execute at a time",
        {"number": {**NUMBER, "help": "runs at a time"}},
    ),
    "set-count": Verb(
        "change how many runs there will be in all",
        {"number": {**NUMBER, "help": "runs in all"}, "--trust": _TRUST},
    ),
    "sync": Verb(
        "send an offline sweep to W&B: a real sweep with all its runs",
        {
            "--project": {"help": "the W&B project; the sweep's own by default"},
            "--entity": {"help": "the W&B user or team"},
            "--once": {"action": "store_true", "help": "only the runs that have ended by now"},
            "--wait": {"action": "store_true", "help": "wait until everything was sent"},
            "--trust": _TRUST,
        },
    ),
    "fetch": Verb(
        "copy a W&B sweep that never ran here, or what is new of it, to analyse it",
        {
            "there": {
                "metavar": "SWEEP",
                "help": "entity/project/id, an id, or the address of its page",
            }
        },
        json=True,
        sweep=False,
    ),
    "reproduce": Verb(
        "put a run into the notebook: its variables, and the cell that runs it again",
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
        "delete a sweep's folder: its code, results and output; W&B's folders of its runs stay",
        {"--yes": {"action": "store_true", "help": "do not ask"}},
    ),
}
ALIASES = {"sweeps": "list"}


def add_verbs(commands: _SubParsersAction[Parser], *, json: bool) -> None:
    """Add a command for each verb, with ``--json`` where `json` and there is something to give."""
    for name, verb in VERBS.items():
        aliases = [alias for alias, meant in ALIASES.items() if meant == name]
        parser = commands.add_parser(
            name, aliases=aliases, help=verb.help, description=_as_sentence(verb.help)
        )
        if verb.sweep:
            parser.add_argument(
                "sweep",
                metavar="SWEEP",
                nargs="?",
                help="a sweep by its id, the beginning of that, its name or its folder; the "
                "newest one by default",
            )
        _add_arguments(parser, verb.arguments)
        if json and verb.json:
            parser.add_argument("--json", action="store_true", help="answer in JSON")


def line_parser() -> Parser:
    """Return the parser of ``%wandb_sweep``."""
    parser = Parser(prog="%wandb_sweep", description="Look after sweeps; alone, list them.")
    add_verbs(parser.add_subparsers(dest="verb", metavar="VERB"), json=False)
    return parser


def cell_parser(defaults: Mapping[str, Any]) -> Parser:
    """Return the parser of ``%%wandb_sweep``, with `defaults` by option name."""
    parser = Parser(
        prog="%%wandb_sweep",
        usage="%(prog)s CONFIG [options]",
        description="Run this cell once for each set of parameters that a W&B sweep config "
        "describes, in processes of their own: the notebook stays free.",
        allow_abbrev=False,
    )
    parser.add_argument(
        "config",
        metavar="CONFIG",
        nargs="*",
        help="a variable or any expression that gives a sweep config, a YAML or JSON file, or a "
        "sweep that exists at W&B: its id, entity/project/id, or the address of its page",
    )
    _add_arguments(parser, {**START_OPTIONS, **CELL_OPTIONS})
    parser.set_defaults(**defaults)
    return parser


def command_parser() -> Parser:
    """Return the parser of the command line."""
    parser = Parser(
        prog="wandb-magic",
        description="Start W&B sweeps, and look after them.",
        allow_abbrev=False,
    )
    commands = parser.add_subparsers(dest="verb", metavar="COMMAND", required=True)
    run = commands.add_parser(
        "run",
        help="start a sweep of a program: like `wandb agent`, without a server",
        description="Start a sweep of the program that a sweep config names.",
    )
    run.add_argument(
        "config",
        metavar="CONFIG",
        help="a sweep config, as a YAML or JSON file; or a sweep at W&B",
    )
    _add_arguments(run, START_OPTIONS)
    add_verbs(commands, json=True)
    return parser


def _add_arguments(parser: Parser, arguments: Mapping[str, Mapping[str, Any]]) -> None:
    for flag, keywords in arguments.items():
        parser.add_argument(flag, **keywords)


def _as_sentence(phrase: str) -> str:
    return f"{phrase[0].upper()}{phrase[1:]}."
