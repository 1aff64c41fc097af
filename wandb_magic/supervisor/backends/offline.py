"""The backend of offline sweeps: our own search, in a thread beside the supervisor's loop."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from wandb_magic.errors import SweepStateError
from wandb_magic.records import (
    Params,
    RunRecord,
    RunState,
    SweepState,
    Trial,
    flatten_keys,
)
from wandb_magic.search import Searcher
from wandb_magic.search.grid import GridSearcher, grid_size
from wandb_magic.search.repeats import by_group, merge_repeats
from wandb_magic.search.stopping_rules import runs_to_stop
from wandb_magic.spec import Spec
from wandb_magic.spec.edits import Filled, project
from wandb_magic.spec.fields import canonical
from wandb_magic.supervisor.backends.base import Suggestion
from wandb_magic.supervisor.search_process import SearchProcess

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
    make_searcher
        Makes the searcher of another version of the spec; None if it cannot be edited.
    filled
        What runs had of the parameters that were added after them.
    is_edited
        Whether runs may be of earlier versions.
    repeat
        How many runs each set of parameters has: the search sees one, their mean.
    """

    def __init__(
        self,
        spec: Spec,
        searcher: Searcher,
        make_searcher: Callable[[Spec], Searcher] | None = None,
        filled: Filled | None = None,
        *,
        is_edited: bool = False,
        repeat: int = 1,
    ) -> None:
        self._repeat = repeat
        self._search = _Search(spec, searcher, filled or {}, is_edited=is_edited, repeat=repeat)
        self._make_searcher = make_searcher
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="search")
        self._costs: deque[float] = deque(maxlen=RECENT_RUNS)
        self._durations: deque[float] = deque(maxlen=RECENT_RUNS)
        self._cheap_answers = 0

    async def ask(self, agent: int, number: int, trials: Sequence[Trial]) -> Suggestion | None:  # noqa: ARG002 - all agents are alike
        """Ask the searcher in its thread; what a fork reached depends on its parent, too."""
        trials = [trial for trial in trials if trial.fork_of is None]
        cheap = self._is_too_slow()
        params = await asyncio.get_running_loop().run_in_executor(
            self._thread, self._ask, number, tuple(trials), cheap
        )
        return None if params is None else Suggestion(params)

    def runs_to_prune(self, trials: Sequence[Trial]) -> frozenset[int]:
        """Apply the sweep's early termination."""
        return runs_to_stop(self._search.spec, trials)

    def on_run_changed(self, run: RunRecord) -> None:
        """Record how long runs take."""
        if run.state is RunState.FINISHED and run.started is not None and run.ended is not None:
            self._durations.append(run.ended - run.started)

    def set_state(self, state: SweepState, *, drain: bool = False) -> None:
        """Do nothing: the search has no state."""

    def edit(self, spec: Spec, filled: Filled) -> None:
        """See `Backend`."""
        if self._make_searcher is None:
            raise SweepStateError("this search cannot be edited")
        searcher = self._make_searcher(spec)
        self._search.close()
        self._search = _Search(spec, searcher, filled, is_edited=True, repeat=self._repeat)

    async def close(self) -> None:
        """End the thread after its current answer; the user's own search is ended at once."""
        self._search.close()
        self._thread.shutdown(wait=False, cancel_futures=True)

    def _ask(self, number: int, trials: Sequence[Trial], cheap: bool) -> Params | None:  # noqa: FBT001 - executor calls are positional
        began = time.monotonic()
        params = self._search.ask(number, trials, cheap=cheap)
        if cheap:
            self._cheap_answers += 1
        else:
            self._cheap_answers = 0
            self._costs.append(time.monotonic() - began)
        return params

    def _is_too_slow(self) -> bool:
        if not self._costs or not self._durations or self._cheap_answers >= RETRY_EVERY:
            return False
        # Use the last answer as the estimate: a sampler becomes slower with every run.
        return self._costs[-1] > MAX_COST_RATIO * statistics.median(self._durations)


class _Search:
    """The search in one version of the spec; used by one thread."""

    def __init__(
        self, spec: Spec, searcher: Searcher, filled: Filled, *, is_edited: bool, repeat: int
    ) -> None:
        self.spec = spec
        self._searcher = searcher
        self._filled = filled
        self._is_edited = is_edited
        self._repeat = repeat
        # By number of a run: its parameters, and these in the present space, or their key.
        self._projected: dict[int, tuple[Params, Params | None]] = {}
        self._keys: dict[int, tuple[Params, str]] = {}
        self._position = 0  # up to here, all combinations of a grid are taken

    def close(self) -> None:
        """End the process of the user's own search, if it has one."""
        if isinstance(self._searcher, SearchProcess):
            self._searcher.close()

    def ask(self, number: int, trials: Sequence[Trial], *, cheap: bool) -> Params | None:
        if isinstance(self._searcher, GridSearcher):
            return self._next_combination(self._searcher, trials)
        visible = self._visible(trials)
        if self._repeat > 1:
            # To the searcher, each set of parameters is one run.
            index = {group: place for place, group in enumerate(by_group(trials))}
            number, visible = len(index), merge_repeats(visible, index)
        return self._searcher.ask(number, visible, cheap=cheap)

    def _next_combination(self, searcher: GridSearcher, trials: Sequence[Trial]) -> Params | None:
        """Return the first combination of the grid that no run has, whoever proposed that run."""
        taken = {self._key(trial) for trial in trials}
        while (params := searcher.ask(self._position)) is not None:
            if combination_key(params) not in taken:
                break
            self._position += 1
        return params

    def _key(self, trial: Trial) -> str:
        params, key = self._keys.get(trial.number, (None, ""))
        if params is not trial.params:
            key = combination_key(params_with(trial, self._filled))
            self._keys[trial.number] = trial.params, key
        return key

    def _visible(self, trials: Sequence[Trial]) -> Sequence[Trial]:
        """Return the runs as the search sees them: those that fit the present version."""
        if not self._is_edited or not self.spec.leaves:  # the space is in the user's code
            return trials
        visible = []
        for trial in trials:
            params, projected = self._projected.get(trial.number, (None, None))
            if params is not trial.params:
                filled = self._filled.get(str(trial.number), {})
                projected = project(trial.params, filled, self.spec)
                self._projected[trial.number] = trial.params, projected
            if projected is not None:
                visible.append(replace(trial, params=projected))
        return visible


def params_with(trial: Trial, filled: Filled) -> Params:
    """Return a run's parameters, with what it had of those that were added later."""
    added = filled.get(str(trial.number))
    if not added:
        return trial.params
    return {**added, **flatten_keys(trial.params)}


def combination_key(params: Params) -> str:
    """Return a text that is equal for parameters that W&B considers the same."""
    values = flatten_keys(params).items()
    return canonical({name: canonical(value) for name, value in values})


def combinations_left(spec: Spec, trials: Sequence[Trial], filled: Filled) -> int:
    """Return how many combinations of a grid no run has yet."""
    taken = {
        combination_key(params_with(trial, filled))
        for trial in trials
        if flatten_keys(params_with(trial, filled)).keys()
        == {".".join(path) for path in spec.leaves}
        and project(trial.params, filled.get(str(trial.number), {}), spec) is not None
    }
    return grid_size(spec) - len(taken)
