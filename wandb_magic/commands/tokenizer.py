"""Taking the line of a magic apart, in which a Python expression may stand unquoted."""

from __future__ import annotations

import shlex

from wandb_magic.commands.parser import UsageError

_CLOSING = {"(": ")", "[": "]", "{": "}"}


def tokenize(line: str) -> list[str]:
    """Split at spaces outside quotes and brackets; quotes stay.

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
    """Return `word` as a shell would pass it on.

    Raises
    ------
    UsageError
        If it ends in a backslash, or a quote in it is not closed for a shell.
    """
    try:
        return "".join(shlex.split(word))
    except ValueError as error:
        what = {"No escaped character": "a character is missing behind the backslash"}
        raise UsageError(f"{what.get(str(error), 'a quote is not closed')} in: {word}") from None
