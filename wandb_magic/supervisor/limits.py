"""For how long a sweep has been running, and whether it has reached its limits.

The clock is the kernel's, which nobody sets. What it has counted is stored every few seconds, so a
supervisor that is killed loses no more than that; while no supervisor is there, it stands still.
"""

from __future__ import annotations

import logging
import math
import time
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace

from wandb_magic.durations import format_duration
from wandb_magic.records import RunState, SweepState
from wandb_magic.search.flatness import RegretBound, regret_bound
from wandb_magic.search.repeats import by_group, finished_values, merge_repeats, noise_of
from wandb_magic.spec import Spec
from wandb_magic.supervisor.repeats import runs_of_each
from wandb_magic.supervisor.state import SchedulerState
from wandb_magic.sweep_limits import cost_of

STORE_EVERY_S = 5.0
FLAT = "more runs would hardly help"
"""What the reason begins with if the search has ended."""
FLAT_CHECKS = 3
"""The bound must be low this many times in a row: it depends on how well a model fits."""

log = logging.getLogger(__name__)


class Limits:
    """The limits of one sweep, and the clock that they are about.

    Parameters
    ----------
    state
        The sweep and its runs.
    """

    def __init__(self, state: SchedulerState) -> None:
        self._state = state
        sweep = state.sweep
        self._elapsed = sweep.elapsed
        self._slot_seconds = sweep.slot_seconds
        self._run_seconds = sweep.run_seconds
        self._last = time.monotonic()
        self._stored: tuple[SweepState, int] | None = None
        self._stored_at = self._last
        self._flatness = ""
        self._low_bounds = 0
        self._seen = -1  # up to this many sets with a value, flatness was examined
        self._thread: ThreadPoolExecutor | None = None
        self._bound: Future[RegretBound | None] | None = None

    def tick(self) -> None:
        """Count the time since the last call."""
        sweep, now = self._state.sweep, time.monotonic()
        step, self._last = now - self._last, now
        active = self._state.runs.active.values()
        running = sum(run.state is RunState.RUNNING for run in active)
        self._run_seconds += step * running
        if sweep.state is SweepState.RUNNING:
            self._elapsed += step
            self._slot_seconds += step * sweep.agents
        elif not running:
            return
        if (sweep.state, running) != self._stored or now - self._stored_at >= STORE_EVERY_S:
            self._stored, self._stored_at = (sweep.state, running), now
            self.store()

    def store(self) -> None:
        """Store what was counted."""
        self._state.update_sweep(
            elapsed=self._elapsed,
            slot_seconds=self._slot_seconds,
            run_seconds=self._run_seconds,
        )

    def reason(self) -> str:
        """Return why no more runs start, or ""."""
        options = self._state.sweep.options
        if options.max_time is not None and self._elapsed >= options.max_time:
            return f"its time is up: it has been running for {format_duration(options.max_time)}"
        if options.max_cost is not None and self.cost() >= options.max_cost:
            return f"it has cost {self.cost():.4g}, and its limit is {options.max_cost:g}"
        return self._flatness if options.until_flat else ""

    def observe(self, spec: Spec) -> None:
        """Examine, in a thread, whether more runs would help, whenever a run has ended."""
        if not self._state.sweep.options.until_flat or self._flatness:
            return
        if self._bound is not None:
            if self._bound.done():
                self._take_bound(self._bound, spec)
                self._bound = None
            return
        error = 0.0
        trials = tuple(each for each in self._state.runs.trials() if each.fork_of is None)
        seen = sum(each.state is RunState.FINISHED for each in trials)
        if seen == self._seen:
            return
        self._seen = seen
        repeat = runs_of_each(self._state.sweep)
        if repeat > 1:
            groups = by_group(trials)
            noise = noise_of([finished_values(members) for members in groups.values()])
            error = 0.0 if noise is None else math.sqrt(noise.variance / repeat)
            trials = tuple(merge_repeats(trials, {group: group for group in groups}))
        if self._thread is None:
            self._thread = ThreadPoolExecutor(1, thread_name_prefix="flatness")
        self._bound = self._thread.submit(regret_bound, spec, trials, error)

    def _take_bound(self, future: Future[RegretBound | None], spec: Spec) -> None:
        if (error := future.exception()) is not None:
            log.error("whether more runs would help cannot be examined", exc_info=error)
            return
        bound = future.result()
        self._low_bounds = self._low_bounds + 1 if bound is not None and bound.is_low else 0
        if bound is not None and self._low_bounds >= FLAT_CHECKS and spec.metric is not None:
            self._flatness = f"{FLAT}: {bound.explain(spec.metric)}"

    def forget_flatness(self) -> None:
        """Examine anew whether more runs would help."""
        self._flatness, self._low_bounds = "", 0

    def close(self) -> None:
        """Store what was counted, and end the thread."""
        self.store()
        if self._thread is not None:
            self._thread.shutdown(wait=False, cancel_futures=True)

    def cost(self) -> float:
        """Return what the sweep has cost; 0 without a price."""
        now = replace(self._state.sweep, elapsed=self._elapsed, run_seconds=self._run_seconds)
        return cost_of(now) or 0.0
