"""The magics themselves: they read the line, hand over, and show."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING

from IPython.core.error import UsageError as ShownError
from IPython.core.magic import Magics, cell_magic, line_magic, magics_class, no_var_expand
from traitlets import Enum, Int, Unicode

from wandb_magic.commands.parser import UsageError, cell_parser, line_parser
from wandb_magic.commands.starting import MODES, SAMPLERS
from wandb_magic.commands.words import split, unquoted
from wandb_magic.errors import SweepError
from wandb_magic.magics.config import resolve

if TYPE_CHECKING:
    from argparse import Namespace

    import pandas as pd

    from wandb_magic.magics.surface import Notebook
    from wandb_magic.verbs.handle import Sweep


@magics_class
class WandbSweepMagics(Magics):  # type: ignore[misc] # IPython's types are not followed
    """W&B sweeps from a cell; the traits are the defaults of the options."""

    count = Int(None, allow_none=True, help="How many runs to start.").tag(config=True)
    agents = Int(1, help="How many runs at a time.").tag(config=True)
    project = Unicode(None, allow_none=True, help="The W&B project.").tag(config=True)
    entity = Unicode(None, allow_none=True, help="The W&B user or team.").tag(config=True)
    mode = Enum(MODES, "auto", help="With or without W&B.").tag(config=True)
    seed = Int(None, allow_none=True, help="Makes sweeps repeatable.").tag(config=True)
    sampler = Enum(SAMPLERS, "auto", help="What stands behind bayes.").tag(config=True)
    run_timeout = Unicode(
        None, allow_none=True, help="Stop a run after this time: 90, 90s, 10m, 2h."
    ).tag(config=True)
    retries = Int(0, help="Start a broken run again so often.").tag(config=True)
    failure_limit = Int(3, help="Pause when the first N runs all failed.").tag(config=True)

    @no_var_expand  # type: ignore[untyped-decorator] # as above
    @cell_magic("wandb_sweep")  # type: ignore[untyped-decorator] # as above
    def cell(self, line: str, cell: str) -> Sweep | None:
        """Run this cell once for each set of parameters: see ``%%wandb_sweep --help``."""
        __tracebackhide__ = True
        with _in_a_sentence():
            parser = cell_parser(
                {name: getattr(self, name) for name in self.trait_names(config=True)}
            )
            options = _parsed(parser.parse_intermixed_args, split(line))
            return None if options is None else self._start(options, line, cell)

    @line_magic("wandb_sweep")  # type: ignore[untyped-decorator] # as above
    def line(self, line: str) -> pd.DataFrame | None:
        """Look after sweeps: see ``%wandb_sweep --help``; alone, list them."""
        __tracebackhide__ = True
        with _in_a_sentence():
            words = [unquoted(word) for word in split(line)] or ["list"]
            options = _parsed(line_parser().parse_args, words)
            return None if options is None else self._do(options)

    @cached_property
    def _notebook(self) -> Notebook:
        from wandb_magic.magics.surface import Notebook  # noqa: PLC0415 - not needed to load

        return Notebook(self.shell)

    def display(self, sweep: Sweep) -> None:
        """Show a sweep that a cell ends in, whoever started it."""
        self._notebook.display(sweep)

    def _start(self, options: Namespace, line: str, cell: str) -> Sweep:
        __tracebackhide__ = True
        from wandb_magic.commands.options import settings  # noqa: PLC0415 - not needed to load
        from wandb_magic.verbs.settings import Code  # noqa: PLC0415 - as above
        from wandb_magic.verbs.starting import start_code  # noqa: PLC0415 - as above

        config = resolve(" ".join(options.config), self.shell.user_ns)
        for name in ("name", "project", "entity", "prior", "run_timeout", "out"):
            if (word := getattr(options, name)) is not None:
                setattr(options, name, unquoted(word))
        if options.prior is not None:  # a study has no other name than its variable's
            options.prior = self.shell.user_ns.get(options.prior, options.prior)
        options.env = [unquoted(word) for word in options.env]
        if options.out is not None and not options.out.isidentifier():
            raise UsageError(f"--out {options.out}: give the name of a variable")
        exclude, include = _names(options.exclude), _names(options.include)
        code, text = Code(), ""
        if cell.strip():
            # The first line stands for the magic's own, so that later ones keep their numbers.
            text = f"# %%wandb_sweep {line}\n{cell}"
            code = Code(
                cell=text,
                namespace=self.shell.user_ns,
                exclude=exclude,
                include=include,
                rerun_cells=options.rerun_cells,
                random_state=options.random_state,
            )
        try:
            sweep = start_code(config, code, settings(options))
        except SyntaxError as error:
            from wandb_magic.magics.syntax_errors import shown  # noqa: PLC0415 - as above

            raise shown(error, text, self.shell.execution_count) from None
        if options.out is not None:
            self.shell.push({options.out: sweep})
        self._notebook.started(sweep)
        if options.wait:
            self._notebook.watch(sweep, None)
        return sweep

    def _do(self, options: Namespace) -> pd.DataFrame | None:
        from wandb_magic.commands.deeds import perform  # noqa: PLC0415 - not needed to load

        if options.verb is None:
            options.verb = "list"
        for name in ("sweep", "other"):
            if getattr(options, name, None) is not None:
                setattr(options, name, self._notebook.name_of(getattr(options, name)))
        answer = perform(options, self._notebook)
        if answer.frame is not None:
            return answer.frame()
        if answer.html:
            self._notebook.present(answer.text, answer.html)
        elif answer.text:
            self._notebook.show(answer.text)
        return None


def _names(given: list[str]) -> list[str]:
    """Return the names of variables that stand in options, with commas between them."""
    return [name.strip() for names in given for name in unquoted(names).split(",")]


def _parsed(parse: Callable[[list[str]], Namespace], words: list[str]) -> Namespace | None:
    """Return the options; None if help was asked for, and shown."""
    try:
        return parse(words)
    except SystemExit:
        return None


@contextmanager
def _in_a_sentence() -> Iterator[None]:
    """Let IPython show our own errors without a traceback; all others stay as they are."""
    try:
        yield
    except SweepError as error:
        raise ShownError(str(error)) from None
