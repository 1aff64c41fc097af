"""Computes how much each parameter matters for the objective.

    python -m wandb_magic.analysis.importance < request.json > response.json

does it in a separate process, for the server, which must not import Optuna.
"""

from __future__ import annotations

import json
import sys
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

EVALUATOR = "PED-ANOVA (Optuna)"
FEW_RUNS = 20
MIN_RUNS = 4  # the fewest runs with a meaningful result
BETTER = 0.5
"""The share of the best runs that is compared with all. Optuna's default, a tenth, is too small
for a sweep: of 30 sweeps with 30 runs and one parameter that matters, it identified that parameter
in 17; a half identifies it in 27."""
HUGE = 1e300  # larger integers may exceed all floats


@dataclass(frozen=True)
class ParameterImportance:
    """One parameter: its share of the importance, and Spearman's rank correlation, if ordered."""

    name: str
    importance: float
    correlation: float | None


@dataclass(frozen=True)
class Importances:
    """All parameters, the most important first, with the evaluator's name and a warning if any."""

    evaluator: str
    runs: int
    warning: str
    parameters: tuple[ParameterImportance, ...]


def importance(
    params: Sequence[Mapping[str, Any]], values: Sequence[float], *, maximize: bool
) -> Importances:
    """Return how much each parameter matters.

    Parameters
    ----------
    params
        The parameters of each run, by dotted key; values are JSON values.
    values
        The objective of each run, finite.
    maximize
        Whether larger is better.

    Notes
    -----
    The shares are those of PED-ANOVA (Watanabe, Bansal, Hutter: PED-ANOVA: Efficiently Quantifying
    Hyperparameter Importance in Arbitrary Subspaces, IJCAI 2023) in Optuna's implementation.
    """
    names = list(dict.fromkeys(key for each in params for key in each))
    varied = [name for name in names if len({_text(each.get(name)) for each in params}) > 1]
    warning = ""
    if len(values) < FEW_RUNS:
        noun = "run" if len(values) == 1 else "runs"
        warning = f"only {len(values)} {noun}: under {FEW_RUNS}, take this as a hint"
    if len(values) < MIN_RUNS or not varied or min(values) == max(values):
        return Importances(EVALUATOR, len(values), warning, ())
    shares = _all_shares(params, values, varied, maximize=maximize)
    importances = [
        ParameterImportance(name, shares.get(name, 0.0), _correlation(params, values, name))
        for name in varied
    ]
    importances.sort(key=lambda weight: -weight.importance)
    return Importances(EVALUATOR, len(values), warning, tuple(importances))


def _all_shares(
    params: Sequence[Mapping[str, Any]],
    values: Sequence[float],
    names: Sequence[str],
    *,
    maximize: bool,
) -> dict[str, float]:
    """Return the share of each parameter.

    One that varies, but that only some runs have, is compared among these, and counts as much as
    they are many. One that does not vary where it is matters by being there.
    """
    partial = [
        name
        for name in names
        if any(name not in each for each in params)
        and len({_text(each[name]) for each in params if name in each}) > 1
    ]
    whole = [name for name in names if name not in partial]
    shares = _shares(params, values, whole, maximize=maximize) if whole else {}
    for name in partial:
        having = [index for index, each in enumerate(params) if name in each]
        some = [params[index] for index in having]
        others = [other for other in whole if len({_text(each.get(other)) for each in some}) > 1]
        if len(having) >= MIN_RUNS:
            among = [values[index] for index in having]
            found = _shares(some, among, [*others, name], maximize=maximize)
            shares[name] = found.get(name, 0.0) * len(having) / len(params)
    total = sum(shares.values())
    if not total:  # nothing tells them apart
        return dict.fromkeys(shares, 1 / len(shares)) if shares else {}
    return {name: share / total for name, share in shares.items()}


def _shares(
    params: Sequence[Mapping[str, Any]],
    values: Sequence[float],
    names: Sequence[str],
    *,
    maximize: bool,
) -> dict[str, float]:
    import optuna  # noqa: PLC0415 - importers that need only the constants do not need it

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(direction="maximize" if maximize else "minimize")
    distributions = {name: _distribution([each.get(name) for each in params]) for name in names}
    study.add_trials(
        [
            optuna.trial.create_trial(
                params={name: _value(each.get(name), distributions[name]) for name in names},
                distributions=distributions,
                value=value,
            )
            for each, value in zip(params, values, strict=True)
        ]
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the evaluator is known to be experimental
        evaluator = optuna.importance.PedAnovaImportanceEvaluator(target_quantile=BETTER)
        try:
            return dict(
                optuna.importance.get_param_importances(
                    study, evaluator=evaluator, normalize=False
                )
            )
        except (RuntimeError, ValueError):  # all of the best runs have the same parameters
            return {}


def _distribution(values: Sequence[Any]) -> Any:  # noqa: ANN401 - Optuna's
    from optuna.distributions import (  # noqa: PLC0415 - as above
        CategoricalDistribution,
        FloatDistribution,
    )

    if all(_is_number(value) for value in values):
        low, high = float(min(values)), float(max(values))
        # Values spread over orders of magnitude were drawn on a log scale.
        return FloatDistribution(low, high, log=low > 0 and high / low > 100)  # noqa: PLR2004
    return CategoricalDistribution(sorted({_text(value) for value in values}))


def _value(value: Any, distribution: Any) -> Any:  # noqa: ANN401 - a JSON value, and Optuna's
    return _text(value) if hasattr(distribution, "choices") else float(value)


def _correlation(
    params: Sequence[Mapping[str, Any]], values: Sequence[float], name: str
) -> float | None:
    from scipy.stats import spearmanr  # noqa: PLC0415 - as above

    pairs = [
        (each[name], value) for each, value in zip(params, values, strict=True) if name in each
    ]
    numbers = [float(number) for number, _ in pairs if _is_number(number)]
    if len(numbers) < len(pairs) or len(set(numbers)) < 2:  # noqa: PLR2004 - it must vary
        return None
    return float(spearmanr(numbers, [value for _, value in pairs]).statistic)


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < HUGE


def _text(value: object) -> str:
    return json.dumps(value, sort_keys=True)


def main() -> None:
    """Read ``{"params": …, "values": …, "maximize": …}``, and write the weights, as JSON."""
    request = json.load(sys.stdin)
    weights = importance(request["params"], request["values"], maximize=request["maximize"])
    json.dump(asdict(weights), sys.stdout)


if __name__ == "__main__":
    main()
