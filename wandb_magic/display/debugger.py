"""Opens IPython's debugger at the line where a run failed, with the run's variables."""

from __future__ import annotations

from typing import Any

from wandb_magic.analysis.escape_sequences import plain_line
from wandb_magic.errors import SweepStateError
from wandb_magic.postmortem.failure import Failure
from wandb_magic.postmortem.rebuilt_frames import rebuild_traceback, recorded_sources


def debug(failure: Failure, shell: Any) -> None:  # noqa: ANN401 - IPython's shell, or None
    """Open the debugger, and return when the user has left it.

    Parameters
    ----------
    failure
        The run's failure; all of its variables are unpickled.
    shell
        IPython's shell; None in a terminal.

    Raises
    ------
    SweepStateError
        If the run has left no frames.
    UntrustedError
        If they were not written by this user's own run.
    """
    trace = rebuild_traceback(failure)
    if trace is None:
        raise SweepStateError(
            f"run {failure.run} has left no frames to debug ({plain_line(failure.cause)}): "
            "`failure` shows its last stack and output"
        )
    print(f"{failure.type}: {plain_line(failure.message)}", flush=True)  # noqa: T201 - as pdb prints
    debugger = _debugger(shell)
    with recorded_sources(failure):
        debugger.reset()
        debugger.interaction(None, trace)


def _debugger(shell: Any) -> Any:  # noqa: ANN401 - as above
    if shell is not None:
        return shell.InteractiveTB.debugger_cls()
    from IPython.core.debugger import Pdb  # noqa: PLC0415 - only in a terminal

    return Pdb()
