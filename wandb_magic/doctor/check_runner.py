"""Asks all probes, and lets none of them do harm.

All but those that are about the calling thread work at the same time, each in a thread with a time
limit; one that breaks, or takes too long, is itself a finding.
"""

from __future__ import annotations

import threading
import time
import traceback
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from wandb_magic.doctor import (
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
    """How one subject is examined.

    Attributes
    ----------
    timeout
        Seconds that it has.
    in_caller_thread
        Whether it works in the calling thread, because that is what it is about. It then keeps to
        its limit by itself.
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
    """A probe at work in a thread of its own.

    The thread is a daemon: one that hangs holds up neither the answer nor the end of the process.
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
        """Return what was found within the time limit."""
        self._thread.join(max(0.0, self._deadline - time.monotonic()))
        diagnostics = tuple(self._diagnostics)
        if self._thread.is_alive():
            late = note(
                f"the rest could not be found out within {self._check.timeout:.0f} seconds",
                self._env.verb("doctor"),
            )
            diagnostics = (*diagnostics, late)
        return Section(self._check.subject, diagnostics)

    def _work(self) -> None:
        for finding in run_check(self._check, self._env):
            self._diagnostics.append(finding)  # one by one: what is late takes nothing along


def run_checks(env: Environment, checks: Iterable[Check] = CHECKS) -> list[Section]:
    """Return what the checks of `env` found, in the order of `checks`."""
    all_checks = list(checks)
    running = {
        probe.subject: RunningCheck(probe, env)
        for probe in all_checks
        if not probe.in_caller_thread
    }
    return [
        Section(probe.subject, tuple(run_check(probe, env)))
        if probe.in_caller_thread
        else running[probe.subject].result()
        for probe in all_checks
    ]


def run_check(check: Check, env: Environment) -> Iterator[Diagnostic]:
    """Yield what one probe finds; what it raises is a finding."""
    try:
        yield from check.run(env)
    except Exception as error:  # noqa: BLE001 - a broken probe must not hide what others found
        what = traceback.format_exception_only(error)[-1].strip()
        where = traceback.extract_tb(error.__traceback__)[-1]
        yield note(
            f"the rest could not be found out, through a fault of ours: {what} "
            f"({where.name}, line {where.lineno})",
            env.verb("doctor"),
        )
