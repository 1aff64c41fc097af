"""What can come next in the line of a magic: verbs, options, their words, sweeps and configs.

Everything is read from the notebook's namespace and the index; no sweep is opened.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from IPython.core.completer import (
    CompletionContext,
    SimpleCompletion,
    SimpleMatcherResult,
    context_matcher,
)
from IPython.core.interactiveshell import InteractiveShell

from wandb_magic.commands.parser import ALIASES, VERBS
from wandb_magic.commands.starting import IN_CELL, STARTING
from wandb_magic.magics.config import FILES

Matcher = Callable[[CompletionContext], SimpleMatcherResult]


def matcher(shell: InteractiveShell) -> Matcher:
    """Return what IPython's completer is to ask, before all others, about lines of the magics."""

    def wandb_sweep_matcher(context: CompletionContext) -> SimpleMatcherResult:
        names = shell.user_ns.keys() - shell.user_ns_hidden.keys()
        namespace = {name: shell.user_ns[name] for name in names}
        found = complete(context.text_until_cursor, namespace)
        word = _word(context.text_until_cursor)
        return {
            "completions": [SimpleCompletion(text, type="magic") for text in found],
            "matched_fragment": word,
            "suppress": bool(found),
        }

    marked: Matcher = context_matcher()(wandb_sweep_matcher)
    return marked


def complete(text: str, namespace: Mapping[str, Any]) -> list[str]:
    """Return what may stand at the end of `text`, the line up to the cursor."""
    for magic, candidates in (("%%wandb_sweep ", _in_cell), ("%wandb_sweep ", _in_line)):
        if text.startswith(magic):
            word = _word(text)
            words = text.removeprefix(magic).removesuffix(word).split()
            found = [each for each in candidates(words, namespace) if each.startswith(word)]
            # Options wait for a dash, as in a shell, unless there is nothing else.
            return [each for each in found if not each.startswith("-")] or found
    return []


def _word(text: str) -> str:
    """Return the word before the cursor, perhaps empty."""
    return text.rpartition(" ")[2]


def _in_cell(words: list[str], namespace: Mapping[str, Any]) -> Iterator[str]:
    options = {**STARTING, **IN_CELL}
    last = words[-1] if words else ""
    if last == "--prior":
        yield from _sweeps()
    elif last in ("--exclude", "--include"):
        yield from (name for name in namespace if not name.startswith("_"))
    elif "choices" in options.get(last, {}):
        yield from options[last]["choices"]
    elif last not in options or "action" in options[last]:
        yield from options
        if not words:
            yield from (name for name, value in namespace.items() if _config(name, value))


def _in_line(words: list[str], namespace: Mapping[str, Any]) -> Iterator[str]:
    if not words:
        yield from (*VERBS, *ALIASES, "--help")
        return
    verb = ALIASES.get(words[0], words[0])
    if verb in VERBS:
        yield from (flag for flag in (*VERBS[verb].arguments, "--help") if flag.startswith("-"))
        sweeps = VERBS[verb].sweep + ("other" in VERBS[verb].arguments)
        if len(words) <= sweeps:
            yield from _sweeps()
            yield from (name for name, value in namespace.items() if _sweep(name, value))


def _sweeps() -> Iterator[str]:
    from wandb_magic import index  # noqa: PLC0415 - not needed to load

    for entry in index.entries():
        yield entry.id
        if " " not in entry.name:
            yield entry.name


def _config(name: str, value: object) -> bool:
    if name.startswith("_"):
        return False
    file = isinstance(value, (str, os.PathLike)) and str(value).endswith(FILES)
    return file or isinstance(value, Mapping)


def _sweep(name: str, value: object) -> bool:
    from wandb_magic.verbs.handle import Sweep  # noqa: PLC0415 - not needed to load

    return isinstance(value, Sweep) and not name.startswith("_")
