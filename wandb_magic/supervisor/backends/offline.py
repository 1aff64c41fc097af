"""The backend of offline sweeps: our own search, in a thread beside the supervisor's loop."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections import deque
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from wandb_magic.records import (
    Params,
    RunRecord,
    RunState,
    SweepState,
    Trial,
    flatten_keys,
)
from wandb_magic.search import Searcher
from wandb_magic.search.grid import GridSearcher
from wandb_magic.search.hyperband import runs_to_stop
from wandb_magic.spec import Spec
from wandb_magic.spec.fields import canonical
from wandb_magic.supervisor.backends.base import Suggestion

RECENT_RUNS = 10  # how many runs and answers are averaged over to estimate their durations
MAX_COST_RATIO = 0.5  # a costly answer may take this share of a run's own time
RETRY_EVERY = 20  # answers after which the costly sampler is tried again


class OfflineBackend:
    """Asks a searcher for parameters, and for cheaper ones if runs end faster than it answers.

    Parameters
    ----------
    spec
        The sweep config.
    searcher
        Chooses parameters.
    """

    def __init__(self, spec: Spec, searcher: Searcher) -> None:
        self._spec = spec
        self._searcher = searcher
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="search")
        self._costs: deque[float] = deque(maxlen=RECENT_RUNS)
        self._durations: deque[float] = deque(maxlen=RECENT_RUNS)
        self._cheap_answers = 0
        # Of a grid: which parameters runs have, of how many runs, and how far all of them do.
        self._taken: set[str] = set()
        self._seen = 0
        self._position = 0

    async def ask(self, agent: int, number: int, trials: Sequence[Trial]) -> Suggestion | None:  # noqa: ARG002 - all agents are alike
        """Ask the searcher in its thread."""
        cheap = self._is_too_slow()
        params = await asyncio.get_running_loop().run_in_executor(
            self._thread, self._ask, number, tuple(trials), cheap
        )
        return None if params is None else Suggestion(params)

    def runs_to_prune(self, trials: Sequence[Trial]) -> frozenset[int]:
        """Apply the sweep's early termination."""
        return runs_to_stop(self._spec, trials)

    def on_run_changed(self, run: RunRecord) -> None:
        """Record how long runs take."""
        if run.state is RunState.FINISHED and run.started is not None and run.ended is not None:
            self._durations.append(run.ended - run.started)

    def set_state(self, state: SweepState, *, drain: bool = False) -> None:
        """Do nothing: the search has no state."""

    async def close(self) -> None:
        """End the thread after its current answer."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    def _ask(self, number: int, trials: Sequence[Trial], cheap: bool) -> Params | None:  # noqa: FBT001 - executor calls are positional
        began = time.monotonic()
        if isinstance(self._searcher, GridSearcher):
            return self._next_combination(trials)
        params = self._searcher.ask(number, trials, cheap=cheap)
        if cheap:
            self._cheap_answers += 1
        else:
            self._cheap_answers = 0
            self._costs.append(time.monotonic() - began)
        return params

    def _next_combination(self, trials: Sequence[Trial]) -> Params | None:
        """Return the first combination of the grid that no run has, whoever proposed that run."""
        self._taken.update(_key(trial.params) for trial in trials[self._seen :])
        self._seen = len(trials)
        while (params := self._searcher.ask(self._position, trials)) is not None:
            if _key(params) not in self._taken:
                break
            self._position += 1
        return params

    def _is_too_slow(self) -> bool:
        if not self._costs or not self._durations or self._cheap_answers >= RETRY_EVERY:
            return False
        # Use the last answer as the estimate: a sampler becomes slower with every run.
        return self._costs[-1] > MAX_COST_RATIO * statistics.median(self._durations)


def _key(params: Params) -> str:
    """Return a text that is equal for parameters that W&B considers the same."""
    values = flatten_keys(params).items()
    return canonical({name: canonical(value) for name, value in values})
