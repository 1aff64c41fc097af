"""Chooses parameters: runs so far in, the next parameters out; no clock, disk or global RNG."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from wandb_magic.errors import SpecError
from wandb_magic.records import Trial
from wandb_magic.search.base import Searcher
from wandb_magic.search.grid import GridSearcher
from wandb_magic.search.random import RandomSearcher
from wandb_magic.spec import Spec

SAMPLERS = ("auto", "gp", "tpe", "cmaes", "random")

__all__ = ["SAMPLERS", "Searcher", "make_searcher"]


def make_searcher(
    spec: Spec,
    *,
    seed: int,
    sampler: str | None = None,
    priors: Sequence[Trial] = (),
    limit: Callable[[], int | None] = lambda: None,
) -> Searcher:
    """Return the searcher that chooses the parameters of a sweep.

    Parameters
    ----------
    spec
        The sweep config.
    seed
        Determines everything that is random.
    sampler
        The sampler for ``bayes``, one of `SAMPLERS`; None means ``auto``.
    priors
        Runs of another sweep for ``bayes`` to learn from; not used with several metrics or with
        constraints.
    limit
        Returns how many sets of parameters there will be at most; None for no limit.

    Raises
    ------
    SpecError
        If there is no such sampler, or the method takes none.
    """
    if sampler not in (None, *SAMPLERS):
        raise SpecError(f"sampler: must be one of {', '.join(SAMPLERS)}, not {sampler!r}")
    if spec.method != "bayes" and sampler not in (None, "auto", spec.method):
        raise SpecError(
            f"sampler: {sampler} goes with method bayes, not {spec.method}: change one of them"
        )
    if spec.result_keys and sampler == "cmaes":
        raise SpecError(
            "sampler: cmaes takes one metric without constraints: use auto, gp, tpe or random"
        )
    if spec.method == "grid":
        return GridSearcher(spec)
    if spec.method == "random" or sampler == "random":
        return RandomSearcher(spec, seed=seed)
    if spec.result_keys:
        from wandb_magic.search.bayes.pareto_searcher import ParetoSearcher  # noqa: PLC0415 - costs a second to import

        return ParetoSearcher(spec, seed=seed, sampler=sampler, limit=limit)
    from wandb_magic.search.bayes.searcher import BayesSearcher  # noqa: PLC0415 - as above

    return BayesSearcher(spec, seed=seed, sampler=sampler, priors=priors, limit=limit)
