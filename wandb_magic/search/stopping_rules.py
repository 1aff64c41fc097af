"""Which running runs early termination ends: one function for each kind of rule.

``hyperband`` is W&B's own (`search.hyperband`). The others are not part of W&B's config, and none
is ever the default:

- ``median``: Golovin et al., "Google Vizier", KDD 2017, section 3.5, the median stopping rule.
- ``plateau``: Prechelt, "Early Stopping - But When?", 1998: no improvement for so many values.
- ``asha``: Li et al., "A System for Massively Parallel Hyperparameter Tuning", MLSys 2020: ASHA,
  in the form that stops runs instead of pausing them. At each rung, `min_iter` times a power of
  `eta` values, a run continues if it is among the best 1/`eta` of those that have come as far. It
  is judged until it reaches the next rung, so better runs that come later count, too.
- ``pbt``: population-based training, which also starts runs; see `population`.
- ``nan``: the newest value is NaN or infinite, from which training rarely recovers.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import accumulate
from statistics import median

from wandb_magic.records import RunState, Trial
from wandb_magic.search.hyperband import runs_to_stop as _hyperband
from wandb_magic.spec import EarlyTerminate, Spec

CAUSES = {
    "hyperband": "its objective fell behind the other runs (hyperband)",
    "median": "its objective fell behind the median of the other runs",
    "asha": "its objective fell behind the other runs at a rung (asha)",
    "plateau": "its objective no longer improved",
    "nan": "its objective became NaN or infinite",
    "pbt": "a fork of a better run took its place (pbt)",
}
"""Why each kind of rule ends a run."""

_COMPARING = ("hyperband", "median", "asha")
"""The rules that compare runs by how many values they have logged."""

ENDED_WELL = (RunState.FINISHED, RunState.PRUNED)


def runs_to_stop(spec: Spec, trials: Sequence[Trial]) -> frozenset[int]:
    """Return the numbers of the running runs that are to end now.

    Parameters
    ----------
    spec
        The sweep config; without ``early_terminate``, no run is ever ended. The first of several
        metrics is the one that counts.
    trials
        All runs so far, with their histories.
    """
    rule, metric = spec.early_terminate, spec.objective
    if rule is None or metric is None or rule.type == "pbt":
        return frozenset()
    if rule.type in _COMPARING:
        # A fork has not logged what its parent did before.
        trials = [trial for trial in trials if trial.fork_of is None]
    if rule.type == "hyperband":
        return _hyperband(spec, trials)
    sign = -1 if metric.maximize else 1
    curves = {trial.number: [sign * value for value in trial.history] for trial in trials}
    is_over = _RULES[rule.type]
    return frozenset(
        trial.number
        for trial in trials
        if trial.state is RunState.RUNNING
        and len(curves[trial.number]) >= (rule.min_iter or 1)
        and is_over(rule, trial, trials, curves)
    )


_Curves = dict[int, list[float]]


def _is_below_median(
    rule: EarlyTerminate, trial: Trial, trials: Sequence[Trial], curves: _Curves
) -> bool:
    """Compare a run's best value with the others' averages up to the same number of values."""
    own = _finite(curves[trial.number])
    averages = [
        sum(part) / len(part)
        for other in trials
        if other.state in ENDED_WELL
        and len(curve := _finite(curves[other.number])) >= len(own)
        and (part := curve[: len(own)])
    ]
    return bool(own) and len(averages) >= rule.min_runs and min(own) > median(averages)


def _is_on_plateau(
    rule: EarlyTerminate,
    trial: Trial,
    trials: Sequence[Trial],  # noqa: ARG001 - a run is judged by itself
    curves: _Curves,
) -> bool:
    """Return whether the last values have not been better than the best of those before."""
    own = _finite(curves[trial.number])
    if len(own) <= rule.patience:
        return False
    bests = list(accumulate(own, min))
    return bests[-1 - rule.patience] - bests[-1] <= rule.min_delta


def _is_behind_at_rung(
    rule: EarlyTerminate,
    trial: Trial,
    trials: Sequence[Trial],  # noqa: ARG001 - the curves have them all
    curves: _Curves,
) -> bool:
    """Compare a run's best value at the last rung that it has reached with those of all runs."""
    reached = len(curves[trial.number])
    rung = float(rule.min_iter or 1)
    while rung * rule.eta <= reached:
        rung *= rule.eta
    length = math.ceil(rung)
    bests = sorted(_best(curve[:length]) for curve in curves.values() if len(curve) >= length)
    kept = int(len(bests) / rule.eta)
    # With too few runs to keep one, the best of them continues: nothing is known of others yet.
    return _best(curves[trial.number][:length]) > bests[max(kept, 1) - 1]


def _best(curve: Sequence[float]) -> float:
    return min(filter(math.isfinite, curve), default=math.inf)


def _is_nan(
    rule: EarlyTerminate,  # noqa: ARG001 - it has no settings
    trial: Trial,
    trials: Sequence[Trial],  # noqa: ARG001 - as above
    curves: _Curves,
) -> bool:
    return not math.isfinite(curves[trial.number][-1])


def _finite(curve: Sequence[float]) -> list[float]:
    return list(filter(math.isfinite, curve))


_RULES: dict[str, Callable[[EarlyTerminate, Trial, Sequence[Trial], _Curves], bool]] = {
    "median": _is_below_median,
    "plateau": _is_on_plateau,
    "asha": _is_behind_at_rung,
    "nan": _is_nan,
}
