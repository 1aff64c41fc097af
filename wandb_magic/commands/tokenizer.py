"""Splits the line of a magic into words; it may contain unquoted Python expressions."""

from __future__ import annotations

import shlex

from wandb_magic.commands.parser import UsageError

_CLOSING = {"(": ")", "[": "]", "{": "}"}


def tokenize(line: str) -> list[str]:
    """Split a line at spaces outside quotes and brackets; quotes are kept.

    Raises
    ------
    UsageError
        If a quote or bracket is not closed.
    """
    words: list[str] = []
    word, quote, escaped = "", "", False
    brackets: list[str] = []
    for char in line:
        if char.isspace() and not quote and not brackets:
            if word:
                words.append(word)
            word = ""
            continue
        word += char
        if quote:
            if char == quote and not escaped:
                quote = ""
            escaped = char == "\\" and not escaped
        elif char in "\"'":
            quote = char
        elif char in _CLOSING:
            brackets.append(_CLOSING[char])
        elif brackets and char == brackets[-1]:
            brackets.pop()
    if quote or brackets:
        raise UsageError(f"{quote or brackets[-1]} is missing in: {line.strip()}")
    return [*words, word] if word else words


def unquote(word: str) -> str:
    """Return `word` without its quotes and escapes, as a shell passes it to a program.

    Raises
    ------
    UsageError
        If it ends in a backslash, or a quote is not closed.
    """
    try:
        return "".join(shlex.split(word))
    except ValueError as error:
        messages = {"No escaped character": "a character is missing after the backslash"}
        message = messages.get(str(error), "a quote is not closed")
        raise UsageError(f"{message} in: {word}") from None
