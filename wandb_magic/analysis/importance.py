"""Computes how much each parameter matters for the objective.

    python -m wandb_magic.analysis.importance < request.json > response.json

does it in a separate process, for the server, which must not import Optuna.
"""

from __future__ import annotations

import json
import math
import random
import sys
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from wandb_magic.analysis.surrogate import (
    is_log,
    is_number,
    rank_correlation,
    shares_of,
    surrogate,
    text,
)
from wandb_magic.errors import SpecError

EVALUATORS = {
    "ped-anova": "PED-ANOVA (Optuna)",
    "fanova": "fANOVA",
    "permutation": "permutation importance",
}
DEFAULT = "ped-anova"
EVALUATOR = EVALUATORS[DEFAULT]
FEW_RUNS = 20
MIN_RUNS = 4  # the fewest runs with a meaningful result
BETTER = 0.5
"""The share of the best runs that is compared with all. Optuna's default, a tenth, is too small
for a sweep: of 30 sweeps with 30 runs and one parameter that matters, it identified that parameter
in 17; a half identifies it in 27."""
OPTUNA_QUANTILE = 0.1
MAX_RESAMPLES = 8  # of the runs, for the uncertainty of PED-ANOVA; fewer if there are many runs
RESAMPLED_RUNS = 4000
DISAGREEMENT = 0.3
"""The part of the importance that two evaluators give to different parameters, from which on they
disagree."""


@dataclass(frozen=True)
class ParameterImportance:
    """One parameter.

    Attributes
    ----------
    name
        Its dotted key.
    importance
        Its share.
    uncertainty
        The standard deviation of the share between random samples of the runs.
    correlation
        Spearman's rank correlation with the objective, if its values are ordered.
    """

    name: str
    importance: float
    uncertainty: float
    correlation: float | None


@dataclass(frozen=True)
class Importances:
    """All parameters, the most important first.

    Attributes
    ----------
    evaluator
        The name of the evaluator.
    quantile
        The share of the best runs that PED-ANOVA compares with all; None for other evaluators.
    runs
        From how many runs it was computed.
    warning
        Why it may mislead: few runs, or evaluators that disagree. "" if nothing speaks against it.
    parameters
        The parameters that varied.
    """

    evaluator: str
    quantile: float | None
    runs: int
    warning: str
    parameters: tuple[ParameterImportance, ...]


def importance(
    params: Sequence[Mapping[str, Any]],
    values: Sequence[float],
    *,
    maximize: bool,
    evaluator: str = DEFAULT,
    quantile: float = BETTER,
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
    evaluator
        One of `EVALUATORS`.
    quantile
        The share of the best runs that PED-ANOVA compares with all runs.

    Raises
    ------
    SpecError
        If there is no such evaluator, or the quantile is not between 0 and 1.

    Notes
    -----
    PED-ANOVA (Watanabe, Bansal, Hutter: PED-ANOVA: Efficiently Quantifying Hyperparameter
    Importance in Arbitrary Subspaces, IJCAI 2023), in Optuna's implementation, says what the best
    runs have in common. fANOVA (Hutter, Hoos, Leyton-Brown: An Efficient Approach for Assessing
    Hyperparameter Importance, ICML 2014) says what explains the variance of all runs, by itself;
    permutation importance (Breiman: Random Forests, 2001), including interactions. The last two
    use the same forest. They answer different questions, so a difference is a finding, and the
    warning names it.
    """
    if evaluator not in EVALUATORS:
        raise SpecError(f"evaluator: {evaluator!r} is not one of {', '.join(EVALUATORS)}")
    if not 0 < quantile < 1:
        raise SpecError(f"quantile: {quantile} is not between 0 and 1")
    names = list(dict.fromkeys(key for each in params for key in each))
    varied = [name for name in names if len({text(each.get(name)) for each in params}) > 1]
    warning = ""
    if len(values) < FEW_RUNS:
        noun = "run" if len(values) == 1 else "runs"
        warning = f"only {len(values)} {noun}: under {FEW_RUNS}, take this as a hint"
    answer = Importances(
        EVALUATORS[evaluator],
        quantile if evaluator == DEFAULT else None,
        len(values),
        warning,
        (),
    )
    if len(values) < MIN_RUNS or not varied or min(values) == max(values):
        return answer
    found = _evaluate_all(
        params, values, varied, maximize=maximize, evaluator=evaluator, quantile=quantile
    )
    chosen = found[describe(evaluator, quantile)]
    importances = [
        ParameterImportance(name, *chosen[name], _correlation(params, values, name))
        for name in varied
    ]
    importances.sort(key=lambda weight: -weight.importance)
    warnings_ = (warning, _disagreement(describe(evaluator, quantile), found))
    return replace(
        answer, warning="; ".join(filter(None, warnings_)), parameters=tuple(importances)
    )


def describe(evaluator: str, quantile: float) -> str:
    """Return the name of an evaluator, with the runs that it compares."""
    name = EVALUATORS[evaluator]
    return f"{name}, best {100 * quantile:.3g} % of the runs" if evaluator == DEFAULT else name


_Shares = dict[str, tuple[float, float]]  # the share and its uncertainty, by parameter


def _evaluate_all(
    params: Sequence[Mapping[str, Any]],
    values: Sequence[float],
    names: Sequence[str],
    *,
    maximize: bool,
    evaluator: str,
    quantile: float,
) -> dict[str, _Shares]:
    """Return the shares by each evaluator.

    A parameter that varies, but that only some runs have, is compared among these, and counts as
    much as they are many. One that does not vary where it is matters by being there.
    """
    options: Any = {"maximize": maximize, "evaluator": evaluator, "quantile": quantile}
    partial = [
        name
        for name in names
        if any(name not in each for each in params)
        and len({text(each[name]) for each in params if name in each}) > 1
    ]
    whole = [name for name in names if name not in partial]
    chosen: dict[str, _Shares] = {describe(evaluator, quantile): {}}
    found = chosen | (_evaluate(params, values, whole, **options) if whole else {})
    for name in partial:
        having = [index for index, each in enumerate(params) if name in each]
        some = [params[index] for index in having]
        others = [other for other in whole if len({text(each.get(other)) for each in some}) > 1]
        if len(having) >= MIN_RUNS:
            among = [values[index] for index in having]
            weight = len(having) / len(params)
            for label, shares in _evaluate(some, among, [*others, name], **options).items():
                share, deviation = shares[name]
                found.setdefault(label, {})[name] = share * weight, deviation * weight
    return {label: _normalize(shares, names) for label, shares in found.items()}


def _normalize(shares: _Shares, names: Sequence[str]) -> _Shares:
    total = sum(share for share, _ in shares.values()) or 1.0
    return {
        name: (share / total, deviation / total)
        for name in names
        for share, deviation in [shares.get(name, (0.0, 0.0))]
    }


def _evaluate(
    params: Sequence[Mapping[str, Any]],
    values: Sequence[float],
    names: Sequence[str],
    *,
    maximize: bool,
    evaluator: str,
    quantile: float,
) -> dict[str, _Shares]:
    """Return the shares by each evaluator, and by PED-ANOVA with Optuna's quantile."""
    forest = surrogate(params, values, names)
    found = {
        describe(by_forest, quantile): {
            name: (float(share), float(deviation))
            for name, share, deviation in zip(names, *shares_of(by_tree), strict=True)
        }
        for by_forest, by_tree in (
            ("fanova", forest.fanova()),
            ("permutation", forest.permutation()),
        )
    }
    for best in dict.fromkeys((quantile, OPTUNA_QUANTILE)):
        resampled = best == quantile and evaluator == DEFAULT
        shares = _ped_anova(
            params, values, names, maximize=maximize, quantile=best, resampled=resampled
        )
        if shares is not None or best == quantile:
            found[describe("ped-anova", best)] = shares or dict.fromkeys(names, (0.0, 0.0))
    return found


def _disagreement(chosen: str, found: Mapping[str, _Shares]) -> str:
    """Return which evaluators lead to another conclusion; "" if none does."""
    shares = found[chosen]
    others = [
        f"{label}: {_leaders(other)}"
        for label, other in found.items()
        if label != chosen
        and sum(abs(share - shares[name][0]) for name, (share, _) in other.items()) / 2
        > DISAGREEMENT
    ]
    return f"evaluators disagree, so none is exact ({'; '.join(others)})" if others else ""


def _leaders(shares: _Shares) -> str:
    ranked = sorted(shares.items(), key=lambda item: -item[1][0])[:2]
    return ", ".join(f"{name} {100 * share:.0f} %" for name, (share, _) in ranked)


def _ped_anova(
    params: Sequence[Mapping[str, Any]],
    values: Sequence[float],
    names: Sequence[str],
    *,
    maximize: bool,
    quantile: float,
    resampled: bool,
) -> _Shares | None:
    """Return the shares; None if all of the best runs have the same parameters.

    They have an uncertainty only if the runs are `resampled`, which takes most of the time.
    """
    import optuna  # noqa: PLC0415 - importers that need only the constants do not need it

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    distributions = {name: _distribution([each.get(name) for each in params]) for name in names}
    trials = [
        optuna.trial.create_trial(
            params={name: _value(each.get(name), distributions[name]) for name in names},
            distributions=distributions,
            value=value,
        )
        for each, value in zip(params, values, strict=True)
    ]

    def shares_in(sample: Sequence[Any]) -> dict[str, float] | None:
        study = optuna.create_study(direction="maximize" if maximize else "minimize")
        study.add_trials(sample)
        evaluator = optuna.importance.PedAnovaImportanceEvaluator(target_quantile=quantile)
        try:
            return dict(
                optuna.importance.get_param_importances(
                    study, evaluator=evaluator, normalize=False
                )
            )
        except (RuntimeError, ValueError):  # all of the best runs have the same parameters
            return None

    choose = random.Random(0)  # noqa: S311 - nothing is secret
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the evaluator is known to be experimental
        shares = shares_in(trials)
        if shares is None:
            return None
        count = max(3, min(MAX_RESAMPLES, RESAMPLED_RUNS // len(trials))) if resampled else 0
        resamples = [shares_in(choose.choices(trials, k=len(trials))) for _ in range(count)]
    # They are not normalized, so what each is of its own total is compared.
    total, parts = sum(shares.values()), [_parts(each) for each in resamples if each is not None]
    return {
        name: (
            shares.get(name, 0.0),
            total * _deviation([each.get(name, 0.0) for each in parts]),
        )
        for name in names
    }


def _parts(shares: Mapping[str, float]) -> dict[str, float]:
    total = sum(shares.values()) or 1.0
    return {name: share / total for name, share in shares.items()}


def _deviation(values: Sequence[float]) -> float:
    if len(values) == 0:
        return 0.0
    mean = sum(values) / len(values)
    return math.sqrt(sum((value - mean) ** 2 for value in values) / len(values))


def _distribution(values: Sequence[Any]) -> Any:  # noqa: ANN401 - Optuna's
    from optuna.distributions import (  # noqa: PLC0415 - as above
        CategoricalDistribution,
        FloatDistribution,
    )

    if all(is_number(value) for value in values):
        low, high = float(min(values)), float(max(values))
        return FloatDistribution(low, high, log=is_log([float(value) for value in values]))
    return CategoricalDistribution(sorted({text(value) for value in values}))


def _value(value: Any, distribution: Any) -> Any:  # noqa: ANN401 - a JSON value, and Optuna's
    return text(value) if hasattr(distribution, "choices") else float(value)


def _correlation(
    params: Sequence[Mapping[str, Any]], values: Sequence[float], name: str
) -> float | None:
    pairs = [
        (each[name], value) for each, value in zip(params, values, strict=True) if name in each
    ]
    numbers = [float(number) for number, _ in pairs if is_number(number)]
    if len(numbers) < len(pairs) or len(set(numbers)) < 2:  # noqa: PLR2004 - it must vary
        return None
    correlation = rank_correlation(numbers, [value for _, value in pairs])
    return None if math.isnan(correlation) else correlation


def main() -> None:
    """Read the arguments of `importance`, and write the weights, as JSON."""
    request = json.load(sys.stdin)
    weights = importance(request.pop("params"), request.pop("values"), **request)
    json.dump(asdict(weights), sys.stdout)


if __name__ == "__main__":
    main()
