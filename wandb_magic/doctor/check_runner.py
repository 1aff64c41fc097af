"""Runs all checks, and isolates their failures.

All checks run at the same time, each in a thread with a time limit, except those that examine the
calling thread. A check that fails or takes too long yields a diagnostic about itself.
"""

from __future__ import annotations

import threading
import time
import traceback
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from wandb_magic.doctor.checks import (
    account,
    disk,
    fork_check,
    gpus,
    kernel,
    panel,
    sweeps,
    variables,
    versions,
)
from wandb_magic.doctor.diagnostics import Diagnostic, Section, note
from wandb_magic.doctor.environment import Environment

CheckFunction = Callable[[Environment], Iterable[Diagnostic]]


@dataclass(frozen=True)
class Check:
    """The check of one subject.

    Attributes
    ----------
    timeout
        The time limit in seconds.
    in_caller_thread
        Whether it runs in the calling thread, because it examines that thread. It then has to
        enforce its time limit itself.
    """

    subject: str
    run: CheckFunction
    timeout: float = 5.0
    in_caller_thread: bool = False


CHECKS = (
    Check("versions", versions.check),
    Check("kernel", kernel.check, in_caller_thread=True),
    Check("W&B", account.check, timeout=account.TIMEOUT_S + 6),
    Check("variables", variables.check),
    Check("starting runs", fork_check.check, timeout=fork_check.TIMEOUT_S + 1),
    Check("GPUs", gpus.check, timeout=gpus.TIMEOUT_S + 1),
    Check("disk", disk.check),
    Check("panel", panel.check, timeout=8.0),
    Check("sweeps", sweeps.check),
)


class RunningCheck:
    """A check that runs in its own thread.

    The thread is a daemon: if it hangs, it delays neither the report nor the end of the process.
    """

    def __init__(self, check: Check, env: Environment) -> None:
        self._check = check
        self._env = env
        self._deadline = time.monotonic() + check.timeout
        self._diagnostics: list[Diagnostic] = []
        self._thread = threading.Thread(
            target=self._work, name=f"doctor: {check.subject}", daemon=True
        )
        self._thread.start()

    def result(self) -> Section:
        """Return the diagnostics that were yielded within the time limit."""
        self._thread.join(max(0.0, self._deadline - time.monotonic()))
        diagnostics = tuple(self._diagnostics)
        if self._thread.is_alive():
            late = note(
                f"the check did not finish within {self._check.timeout:.0f} seconds",
                self._env.verb("doctor"),
            )
            diagnostics = (*diagnostics, late)
        return Section(self._check.subject, diagnostics)

    def _work(self) -> None:
        # One by one, so that a timeout does not lose earlier diagnostics.
        for diagnostic in run_check(self._check, self._env):
            self._diagnostics.append(diagnostic)


def run_checks(env: Environment, checks: Iterable[Check] = CHECKS) -> list[Section]:
    """Return the diagnostics of `env`, in the order of `checks`."""
    all_checks = list(checks)
    running = {
        check.subject: RunningCheck(check, env)
        for check in all_checks
        if not check.in_caller_thread
    }
    return [
        Section(check.subject, tuple(run_check(check, env)))
        if check.in_caller_thread
        else running[check.subject].result()
        for check in all_checks
    ]


def run_check(check: Check, env: Environment) -> Iterator[Diagnostic]:
    """Yield the diagnostics of one check; an exception becomes a diagnostic."""
    try:
        yield from check.run(env)
    except Exception as error:  # noqa: BLE001 - a broken check must not hide the others
        message = traceback.format_exception_only(error)[-1].strip()
        frame = traceback.extract_tb(error.__traceback__)[-1]
        yield note(
            f"the check failed because of a bug in wandb-magic: {message} "
            f"({frame.name}, line {frame.lineno})",
            env.verb("doctor"),
        )
