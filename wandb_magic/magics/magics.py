"""The magics: parse the line, run the command, and show the result."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING

from IPython.core.error import UsageError as ShownError
from IPython.core.magic import Magics, cell_magic, line_magic, magics_class, no_var_expand
from traitlets import Enum, Float, Int, Unicode

from wandb_magic.commands.parser import UsageError, cell_parser, line_parser
from wandb_magic.commands.start_options import MODES, SAMPLERS
from wandb_magic.commands.tokenizer import tokenize, unquote
from wandb_magic.errors import SweepError
from wandb_magic.magics.config import resolve_config
from wandb_magic.magics.launcher_name import resolve_launcher

if TYPE_CHECKING:
    from argparse import Namespace

    import pandas as pd

    from wandb_magic.api._sweep import Sweep
    from wandb_magic.magics.frontend import NotebookFrontend


@magics_class
class WandbSweepMagics(Magics):  # type: ignore[misc] # IPython's types are not followed
    """W&B sweeps from a cell; the traits set the defaults of the options."""

    count = Int(None, allow_none=True, help="How many runs to start.").tag(config=True)
    agents = Int(1, help="How many runs execute at the same time.").tag(config=True)
    project = Unicode(None, allow_none=True, help="The W&B project.").tag(config=True)
    entity = Unicode(None, allow_none=True, help="The W&B user or team.").tag(config=True)
    launcher = Unicode(None, allow_none=True, help="Where the runs execute.").tag(config=True)
    mode = Enum(MODES, "auto", help="With or without W&B.").tag(config=True)
    seed = Int(None, allow_none=True, help="Makes sweeps reproducible.").tag(config=True)
    sampler = Enum(SAMPLERS, "auto", help="The sampler that bayes uses.").tag(config=True)
    run_timeout = Unicode(
        None, allow_none=True, help="Stop a run after this time: 90, 90s, 10m, 2h."
    ).tag(config=True)
    retries = Int(0, help="How often to start a failed run again.").tag(config=True)
    gpus_per_run = Float(
        None, allow_none=True, help="How many GPUs, or which fraction of one, each run has."
    ).tag(config=True)
    gpu_memory = Unicode(
        None, allow_none=True, help="How much GPU memory each run needs, such as 10G."
    ).tag(config=True)
    debug_mb = Float(50.0, help="How many MB the variables of a failed run may take.").tag(
        config=True
    )
    hold = Float(0.0, help="For how many minutes the process of a failed run is kept.").tag(
        config=True
    )
    failure_limit = Int(3, help="Pause if the first N runs all fail.").tag(config=True)

    @no_var_expand  # type: ignore[untyped-decorator] # as above
    @cell_magic("wandb_sweep")  # type: ignore[untyped-decorator] # as above
    def cell(self, line: str, cell: str) -> Sweep | None:
        """Run this cell once for each set of parameters: see ``%%wandb_sweep --help``."""
        __tracebackhide__ = True
        with _errors_without_traceback():
            parser = cell_parser(
                {name: getattr(self, name) for name in self.trait_names(config=True)}
            )
            options = _parse(parser.parse_intermixed_args, tokenize(line))
            return None if options is None else self._start(options, line, cell)

    @line_magic("wandb_sweep")  # type: ignore[untyped-decorator] # as above
    def line(self, line: str) -> pd.DataFrame | None:
        """Manage sweeps: see ``%wandb_sweep --help``; without a verb, list them."""
        __tracebackhide__ = True
        with _errors_without_traceback():
            words = [unquote(word) for word in tokenize(line)] or ["list"]
            options = _parse(line_parser().parse_args, words)
            return None if options is None else self._dispatch(options)

    @cached_property
    def _frontend(self) -> NotebookFrontend:
        from wandb_magic.magics.frontend import NotebookFrontend  # noqa: PLC0415 - not needed to load

        return NotebookFrontend(self.shell)

    def display(self, sweep: Sweep) -> None:
        """Show a sweep that is the result of a cell, whoever started it."""
        self._frontend.display(sweep)

    def _start(self, options: Namespace, line: str, cell: str) -> Sweep:
        __tracebackhide__ = True
        from wandb_magic.api._options import RunCode  # noqa: PLC0415 - as above
        from wandb_magic.api._start import start_sweep  # noqa: PLC0415 - as above
        from wandb_magic.bundle.manifest import join_magic  # noqa: PLC0415 - as above
        from wandb_magic.commands.launch_options import launch_options  # noqa: PLC0415 - not needed to load

        config = resolve_config(" ".join(options.config), self.shell.user_ns)
        for name in (
            "name",
            "project",
            "entity",
            "prior",
            "run_timeout",
            "max_time",
            "gpu_memory",
            "launcher_options",
            "out",
        ):
            if (word := getattr(options, name)) is not None:
                setattr(options, name, unquote(word))
        if options.prior is not None:  # a study is named only by its variable
            options.prior = self.shell.user_ns.get(options.prior, options.prior)
        if options.launcher is not None:
            options.launcher = resolve_launcher(unquote(options.launcher), self.shell.user_ns)
        options.env = [unquote(word) for word in options.env]
        options.notify = [unquote(word) for word in options.notify]
        if options.out is not None and not options.out.isidentifier():
            raise UsageError(f"--out {options.out}: use the name of a variable")
        exclude, include = _split_names(options.exclude), _split_names(options.include)
        code, text = RunCode(), ""
        if cell.strip():
            text = join_magic(line, cell)
            code = RunCode(
                cell=text,
                namespace=self.shell.user_ns,
                exclude=exclude,
                include=include,
                rerun_cells=options.rerun_cells,
                random_state=options.random_state,
            )
        try:
            sweep = start_sweep(config, code, launch_options(options))
        except SyntaxError as error:
            from wandb_magic.magics.syntax_errors import as_cell_error  # noqa: PLC0415 - as above

            raise as_cell_error(error, text, self.shell.execution_count) from None
        if options.out is not None:
            self.shell.push({options.out: sweep})
        self._frontend.on_sweep_started(sweep)
        if options.wait:
            self._frontend.watch(sweep, None)
        return sweep

    def _dispatch(self, options: Namespace) -> pd.DataFrame | None:
        from wandb_magic.commands.handlers import dispatch  # noqa: PLC0415 - not needed to load

        if options.verb is None:
            options.verb = "list"
        for name in ("sweep", "other"):
            if getattr(options, name, None) is not None:
                setattr(options, name, self._frontend.resolve_name(getattr(options, name)))
        answer = dispatch(options, self._frontend)
        if answer.frame is not None:
            return answer.frame()
        if answer.html:
            self._frontend.show_html(answer.text, answer.html)
        elif answer.text:
            self._frontend.show(answer.text)
        return None


def _split_names(values: list[str]) -> list[str]:
    """Return the variable names in an option's values, which separate them by commas."""
    return [name.strip() for names in values for name in unquote(names).split(",")]


def _parse(parse: Callable[[list[str]], Namespace], words: list[str]) -> Namespace | None:
    """Return the options; None if help was requested, and shown."""
    try:
        return parse(words)
    except SystemExit:
        return None


@contextmanager
def _errors_without_traceback() -> Iterator[None]:
    """Let IPython show our own errors without a traceback; other errors are not changed."""
    try:
        yield
    except SweepError as error:
        raise ShownError(str(error)) from None
