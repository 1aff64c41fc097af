"""Completions for the line of a magic: verbs, options, their choices, sweeps and configs.

They come from the notebook's namespace and the list of sweeps; no sweep is opened.
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
from wandb_magic.commands.start_options import CELL_OPTIONS, START_OPTIONS
from wandb_magic.magics.config import CONFIG_SUFFIXES

Matcher = Callable[[CompletionContext], SimpleMatcherResult]


def matcher(shell: InteractiveShell) -> Matcher:
    """Return the matcher that IPython's completer calls first for lines of the magics."""

    def wandb_sweep_matcher(context: CompletionContext) -> SimpleMatcherResult:
        names = shell.user_ns.keys() - shell.user_ns_hidden.keys()
        namespace = {name: shell.user_ns[name] for name in names}
        completions = complete(context.text_until_cursor, namespace)
        word = _current_word(context.text_until_cursor)
        return {
            "completions": [SimpleCompletion(text, type="magic") for text in completions],
            "matched_fragment": word,
            "suppress": bool(completions),
        }

    decorated: Matcher = context_matcher()(wandb_sweep_matcher)
    return decorated


def complete(text: str, namespace: Mapping[str, Any]) -> list[str]:
    """Return the completions at the end of `text`, the line up to the cursor."""
    for magic, candidates in (
        ("%%wandb_sweep ", _cell_candidates),
        ("%wandb_sweep ", _line_candidates),
    ):
        if text.startswith(magic):
            word = _current_word(text)
            words = text.removeprefix(magic).removesuffix(word).split()
            matches = [each for each in candidates(words, namespace) if each.startswith(word)]
            # As in a shell, options are offered only after a dash, or if nothing else matches.
            return [each for each in matches if not each.startswith("-")] or matches
    return []


def _current_word(text: str) -> str:
    """Return the word before the cursor, which may be empty."""
    return text.rpartition(" ")[2]


def _cell_candidates(words: list[str], namespace: Mapping[str, Any]) -> Iterator[str]:
    options = {**START_OPTIONS, **CELL_OPTIONS}
    last = words[-1] if words else ""
    if last == "--prior":
        yield from _sweep_names()
    elif last in ("--exclude", "--include"):
        yield from (name for name in namespace if not name.startswith("_"))
    elif "choices" in options.get(last, {}):
        yield from options[last]["choices"]
    elif last not in options or "action" in options[last]:
        yield from options
        if not words:
            yield from (name for name, value in namespace.items() if _is_config(name, value))


def _line_candidates(words: list[str], namespace: Mapping[str, Any]) -> Iterator[str]:
    if not words:
        yield from (*VERBS, *ALIASES, "--help")
        return
    verb = ALIASES.get(words[0], words[0])
    if verb in VERBS:
        yield from (flag for flag in (*VERBS[verb].arguments, "--help") if flag.startswith("-"))
        sweeps = VERBS[verb].sweep + ("other" in VERBS[verb].arguments)
        if len(words) <= sweeps:
            yield from _sweep_names()
            yield from (name for name, value in namespace.items() if _is_sweep(name, value))


def _sweep_names() -> Iterator[str]:
    from wandb_magic import registry  # noqa: PLC0415 - not needed to load

    for entry in registry.list_sweeps():
        yield entry.id
        if " " not in entry.name:
            yield entry.name


def _is_config(name: str, value: object) -> bool:
    if name.startswith("_"):
        return False
    file = isinstance(value, (str, os.PathLike)) and str(value).endswith(CONFIG_SUFFIXES)
    return file or isinstance(value, Mapping)


def _is_sweep(name: str, value: object) -> bool:
    from wandb_magic.api._sweep import Sweep  # noqa: PLC0415 - not needed to load

    return isinstance(value, Sweep) and not name.startswith("_")
