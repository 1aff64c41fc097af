"""Runs the command line, and returns an exit code.

The codes: 0 success; 1 an error, the awaited sweep did not finish or all of its runs failed, or
the doctor found a problem;
2 invalid command line; 130 an interrupt stopped the waiting.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path

from wandb_magic.cli.terminal import TerminalFrontend
from wandb_magic.commands.parser import UsageError, command_parser
from wandb_magic.errors import SweepError

EXIT_FAILURE, EXIT_USAGE, EXIT_INTERRUPTED = 1, 2, 130


def main() -> None:
    """Run the command line, and exit."""
    try:
        code = run(sys.argv[1:])
        sys.stdout.flush()
    except UsageError as error:
        code = _print_error(error, EXIT_USAGE)
    except SweepError as error:
        code = _print_error(error, EXIT_FAILURE)
    except KeyboardInterrupt:
        code = EXIT_INTERRUPTED
    except BrokenPipeError:  # the reader of our output has closed the pipe
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 0
    sys.exit(code)


def run(arguments: list[str]) -> int:
    """Run the command, print the answer, and return the exit code.

    Raises
    ------
    SweepError
        If the command fails.
    """
    options = command_parser().parse_args(arguments)
    terminal = TerminalFrontend()
    if options.verb == "run":
        return _start(options, terminal)
    if options.verb == "top":
        return _top(options, terminal)
    if options.verb == "mcp":
        from wandb_magic.assistants.mcp_server import serve  # noqa: PLC0415 - rarely needed

        serve(options.root or ["."], write=options.write)
        return 0
    from wandb_magic.commands.handlers import dispatch  # noqa: PLC0415 - not needed for --help

    answer = dispatch(options, terminal)
    if getattr(options, "json", False):
        terminal.show(json.dumps(answer.data, indent=2))
    elif answer.text:
        terminal.show(answer.text)
    return EXIT_FAILURE if answer.is_error else terminal.exit_code


def _start(options: argparse.Namespace, terminal: TerminalFrontend) -> int:
    from wandb_magic.api._options import RunCode  # noqa: PLC0415 - as above
    from wandb_magic.api._start import start_sweep  # noqa: PLC0415 - as above
    from wandb_magic.commands.launch_options import launch_options  # noqa: PLC0415 - not needed for --help
    from wandb_magic.wandb_client import is_sweep_path  # noqa: PLC0415 - as above

    is_remote = not Path(options.config).exists() and is_sweep_path(options.config)
    config = options.config if is_remote else Path(options.config)
    sweep = start_sweep(config, RunCode(), launch_options(options))
    notices = sweep.status().sweep.notices
    for notice in notices:
        terminal.show(notice)
    terminal.show(f"sweep {sweep.name} ({sweep.id}) runs in {sweep.path}")
    if sweep.url is not None:
        terminal.show(sweep.url)
    if options.wait:
        from wandb_magic.display import formatting  # noqa: PLC0415 - as above

        terminal.watch(sweep, None)
        terminal.show(formatting.status_lines(sweep.status(), len(notices)))
    return terminal.exit_code


def _top(options: argparse.Namespace, terminal: TerminalFrontend) -> int:
    from wandb_magic.api._local_sweeps import find_local  # noqa: PLC0415 - as above
    from wandb_magic.cli.top import top  # noqa: PLC0415 - as above
    from wandb_magic.errors import SweepNotFoundError  # noqa: PLC0415 - as above

    sweep = terminal.latest_sweep() if options.sweep is None else find_local(options.sweep)
    if sweep is None:
        raise SweepNotFoundError("there is no sweep yet: start one with `wandb-magic run`")
    top(sweep)
    return 0


def _print_error(error: SweepError, code: int) -> int:
    from wandb_magic.analysis.escape_sequences import strip_escape_sequences  # noqa: PLC0415 - as above

    sys.stderr.write(f"wandb-magic: {strip_escape_sequences(str(error))}\n")
    return code
