"""Shows a failure as text: the traceback's frames with their variables, or the last stack."""

from __future__ import annotations

from wandb_magic.analysis.escape_sequences import strip_escape_sequences
from wandb_magic.display.formatting import truncate
from wandb_magic.postmortem.failure import Failure, FailureFrame

_MAX_VARIABLES = 40
_MAX_TEXT = 120
_MAX_LINES = 20  # of the output, where there is nothing else to see


def text(failure: Failure) -> str:
    """Return a failure as text, the variables only of the innermost frame of the user's."""
    parts = [f"run {failure.run}: {truncate(failure.cause, 300)}"]
    of_user = [
        number for number, each in enumerate(failure.frames) if each.filename in failure.sources
    ]
    inner = of_user[-1] if of_user else len(failure.frames) - 1
    for number, frame in enumerate(failure.frames):
        parts.append(_frame(number, frame))
        if number == inner:
            parts += _variables(frame)
    for cause in failure.causes:
        parts.append(f"caused by {cause.type}: {truncate(cause.message, 300)}")
        parts += [_frame(number, frame) for number, frame in enumerate(cause.frames)]
        if cause.frames:
            parts += _variables(cause.frames[-1])
    if failure.stack:
        parts += ["Last stack:", strip_escape_sequences(failure.stack)]
    if not failure.frames:
        if failure.traceback:
            parts.append(strip_escape_sequences(failure.traceback).rstrip())
        elif failure.log:
            lines = strip_escape_sequences(failure.log).splitlines()[-_MAX_LINES:]
            parts += ["Last output:", *(f"  {truncate(line, 300)}" for line in lines)]
    return "\n".join(parts)


def _frame(number: int, frame: FailureFrame) -> str:
    where = f"{frame.filename}:{frame.line} in {frame.function}"
    if frame.process is not None:
        where += f" (in its worker process {frame.process})"
    return f"{number}: {truncate(where, 300)}\n     {truncate(frame.text, _MAX_TEXT)}"


def _variables(frame: FailureFrame) -> list[str]:
    reprs = [*frame.locals.reprs.items()]
    lines = [
        f"       {truncate(name, 60)} = {truncate(value, _MAX_TEXT)}"
        for name, value in reprs[:_MAX_VARIABLES]
    ]
    if len(reprs) > _MAX_VARIABLES:
        lines.append(f"       and {len(reprs) - _MAX_VARIABLES} more")
    return lines
