"""Edits of the spec: decides what an edit means for the runs so far and for the number of runs.

It changes nothing; the supervisor carries the edit out.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from wandb_magic.arguments import MAX_RUNS
from wandb_magic.errors import SpecError
from wandb_magic.paths import SweepPaths, write_atomically
from wandb_magic.records import RunId, Trial, flatten_keys
from wandb_magic.search.repeats import by_group
from wandb_magic.spec import Spec
from wandb_magic.spec.edits import (
    Filled,
    changes_between,
    check_earlier,
    edit_spec,
    missing_params,
    project,
)
from wandb_magic.spec.fields import encode_nonfinite
from wandb_magic.store import StoreReader
from wandb_magic.supervisor.backends.offline import combinations_left


@dataclass(frozen=True)
class SpecEdit:
    """What an edit results in.

    Attributes
    ----------
    spec
        The new version of the spec.
    changes
        What has changed, one phrase each.
    filled
        What runs had of the parameters that were added since.
    budget
        The new total number of runs.
    notice
        What users are told of it, without the version.
    """

    spec: Spec
    changes: tuple[str, ...]
    filled: Filled
    budget: int | None
    notice: str


@dataclass(frozen=True)
class SpecState:
    """What an edit starts from.

    Attributes
    ----------
    spec
        The present version of the spec.
    trials
        All runs so far.
    filled
        What they had of the parameters that were added since.
    budget
        The total number of runs.
    repeat
        How many runs each set of parameters has.
    has_end
        Whether something else than the number of runs ends the sweep.
    """

    spec: Spec
    trials: Sequence[Trial]
    filled: Filled
    budget: int | None
    repeat: int = 1
    has_end: bool = False


def plan_edit(
    state: SpecState,
    changes: Mapping[str, Any],
    earlier: Mapping[str, Any],
    configs: Mapping[int, Mapping[str, Any]],
) -> SpecEdit:
    """Return what an edit results in.

    Parameters
    ----------
    state
        What it starts from.
    changes
        A partial config.
    earlier
        The values that earlier runs had of the parameters that are added, by dotted name.
    configs
        What each run has in its config, by number and dotted name.

    Raises
    ------
    SpecError
        If it is not possible.
    """
    spec = edit_spec(state.spec, changes)
    earlier = flatten_keys(earlier)
    check_earlier(earlier, spec)
    differences = tuple(changes_between(state.spec, spec))
    differences += tuple(f"{name} was {value} in earlier runs" for name, value in earlier.items())
    if not differences:
        raise SpecError("the edit changes nothing: the sweep has this config already")
    filled = _fill(state, spec, earlier, configs)
    budget = _budget(state, spec, filled)
    effect = _effect(state.trials, spec, filled)
    return SpecEdit(spec, differences, filled, budget, f"{'; '.join(differences)}; {effect}")


def _fill(
    state: SpecState,
    spec: Spec,
    earlier: Mapping[str, Any],
    configs: Mapping[int, Mapping[str, Any]],
) -> Filled:
    """Return what runs had of the parameters that they were not given."""
    added = {".".join(path) for path in spec.leaves.keys() - state.spec.leaves.keys()}
    filled: dict[str, dict[str, Any]] = {}
    for trial in state.trials:
        own = flatten_keys(trial.params)
        config = configs.get(trial.number, {})
        values = {
            **state.filled.get(str(trial.number), {}),
            **{name: config[name] for name in added if name in config},
            **earlier,
        }
        values = {name: value for name, value in values.items() if name not in own}
        if values:
            filled[str(trial.number)] = values
    return filled


def _budget(state: SpecState, spec: Spec, filled: Filled) -> int | None:
    """Return the total number of runs after an edit.

    A changed ``run_cap`` is the new total. A grid goes through what is left of it, unless it was
    to end earlier.
    """
    budget = state.budget
    started = len(state.trials)
    if spec.run_cap is not None and spec.run_cap != state.spec.run_cap:
        budget = spec.run_cap
    elif state.spec.method == "grid" and budget is not None:
        left = _grid_runs_left(state, state.spec, state.filled)
        if budget == started + left:  # the grid alone has set it
            budget = None if spec.method == "grid" else budget
    if spec.method == "grid":
        total = started + _grid_runs_left(state, spec, filled)
        limits = [each for each in (budget, total) if each is not None and each <= MAX_RUNS]
        return min(limits, default=None)
    if budget is None and not state.has_end:
        raise SpecError(
            f"method {spec.method} runs forever: set a limit with run_cap in the same edit"
        )
    return budget


def _grid_runs_left(state: SpecState, spec: Spec, filled: Filled) -> int:
    """Return how many runs a grid still has, the repeats of those that have begun included."""
    repeats = sum(
        state.repeat - len(members)
        for members in by_group(state.trials).values()
        if len(members) < state.repeat
        and project(members[0].params, filled.get(str(members[0].number), {}), spec) is not None
    )
    return combinations_left(spec, state.trials, filled) * state.repeat + repeats


def _effect(trials: Sequence[Trial], spec: Spec, filled: Filled) -> str:
    """Return what an edit means for the search, as a phrase."""
    if spec.method == "grid":
        left = combinations_left(spec, trials, filled)
        return f"{left} combination{'s' if left != 1 else ''} of the grid left to run"
    if spec.method == "random":
        return "random search does not learn from earlier runs"
    scored = [trial for trial in trials if trial.value is not None]
    fitting = [
        trial
        for trial in scored
        if project(trial.params, filled.get(str(trial.number), {}), spec) is not None
    ]
    effect = f"{len(fitting)} of {len(scored)} runs with a value still count"
    missing = sorted(
        {
            name
            for trial in scored
            for name in missing_params(trial.params, filled.get(str(trial.number), {}), spec)
        }
    )
    if missing:
        names = ", ".join(f"{name!r}: …" for name in missing)
        effect += (
            ": the others lack a parameter; tell the value that it had with "
            f"edit({{}}, earlier={{{names}}})"
        )
    return effect


def logged_values(
    reader: StoreReader, spec: Spec
) -> tuple[dict[RunId, list[float]], dict[RunId, dict[str, Any]]]:
    """Return what runs logged of the objective, and their summaries by dotted key."""
    if spec.objective is None:
        return {}, {}
    return reader.objective(spec.objective.name), reader.summaries()


def write_spec(paths: SweepPaths, spec: Mapping[str, Any]) -> None:
    """Write the config for people, unless the file is up to date; the store is what counts."""
    text = yaml.safe_dump(dict(encode_nonfinite(spec)), sort_keys=False)
    with contextlib.suppress(OSError, ValueError):
        if paths.spec.read_text("utf-8") == text:
            return
    with contextlib.suppress(OSError):
        write_atomically(paths.spec, text)
