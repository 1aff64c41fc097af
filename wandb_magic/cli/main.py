"""Reads the command line, and turns what happens into text and an exit code.

The codes: 0 all is well, 1 it could not be done, the awaited sweep did not finish, or the doctor
found a problem, 2 the command line makes no sense, 130 an interrupt ended the waiting.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path

from wandb_magic.cli.terminal import Terminal
from wandb_magic.commands.parser import UsageError, command_parser
from wandb_magic.errors import SweepError

WRONG, USAGE, INTERRUPTED = 1, 2, 130


def main() -> None:
    """Run the command line, and exit."""
    try:
        code = run(sys.argv[1:])
        sys.stdout.flush()
    except UsageError as error:
        code = _complain(error, USAGE)
    except SweepError as error:
        code = _complain(error, WRONG)
    except KeyboardInterrupt:
        code = INTERRUPTED
    except BrokenPipeError:  # whoever read our output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 0
    sys.exit(code)


def run(arguments: list[str]) -> int:
    """Do what the arguments say, print the answer, and return the exit code.

    Raises
    ------
    SweepError
        If it cannot be done.
    """
    options = command_parser().parse_args(arguments)
    terminal = Terminal()
    if options.verb == "run":
        return _start(options, terminal)
    from wandb_magic.commands.deeds import perform  # noqa: PLC0415 - not needed for --help

    answer = perform(options, terminal)
    if getattr(options, "json", False):
        terminal.show(json.dumps(answer.data, indent=2))
    elif answer.text:
        terminal.show(answer.text)
    return WRONG if answer.wrong else terminal.code


def _start(options: argparse.Namespace, terminal: Terminal) -> int:
    from wandb_magic.commands.options import settings  # noqa: PLC0415 - not needed for --help
    from wandb_magic.remote import in_remote_form  # noqa: PLC0415 - as above
    from wandb_magic.verbs.settings import Code  # noqa: PLC0415 - as above
    from wandb_magic.verbs.starting import start_code  # noqa: PLC0415 - as above

    elsewhere = not Path(options.config).exists() and in_remote_form(options.config)
    config = options.config if elsewhere else Path(options.config)
    sweep = start_code(config, Code(), settings(options))
    notices = sweep.status().sweep.notices
    for notice in notices:
        terminal.show(notice)
    terminal.show(f"sweep {sweep.name} ({sweep.id}) runs in {sweep.path}")
    if sweep.url is not None:
        terminal.show(sweep.url)
    if options.wait:
        from wandb_magic.display import words  # noqa: PLC0415 - as above

        terminal.watch(sweep, None)
        terminal.show(words.lines(sweep.status(), len(notices)))
    return terminal.code


def _complain(error: SweepError, code: int) -> int:
    sys.stderr.write(f"wandb-magic: {error}\n")
    return code
