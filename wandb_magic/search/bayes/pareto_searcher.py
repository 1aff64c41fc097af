"""Bayesian search with several objectives, with constraints, or with both.

Optuna's samplers expect the improvement of the hypervolume below the front (Daulton et al. 2020),
and the probability that a run keeps to all constraints (Gardner et al. 2014). The study is created
anew for each choice, because what a failed run is assumed to have reached changes with every run
near it.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from importlib.util import find_spec
from random import Random

from wandb_magic.errors import UnsupportedError
from wandb_magic.records import Params, Trial
from wandb_magic.search.bayes.constrained_study import ask_study
from wandb_magic.search.bayes.encoder import RunEncoder
from wandb_magic.search.bayes.outcomes import Outcome, outcomes
from wandb_magic.search.bayes.repair import allowed_choice
from wandb_magic.search.bayes.space import Choice, SearchSpace
from wandb_magic.search.bayes.warm_up import GpWarmUp, Limit, no_limit
from wandb_magic.search.random import RandomSearcher
from wandb_magic.spec import Spec

logger = logging.getLogger(__name__)

STARTUP_RUNS = 10
"""This many runs must have ended before the search learns, failed ones included."""
GP_MAX_RUNS = 150
"""With more runs than this, a Gaussian process for each objective and constraint is too slow."""
TPE_MAX_RUNS = 1000
"""The Parzen estimator learns from this many of the newest runs."""


class ParetoSearcher:
    """Chooses the parameters that are expected to improve the front the most.

    ``auto`` is ``gp`` up to `GP_MAX_RUNS` runs if torch is installed, else ``tpe``. Until
    `STARTUP_RUNS` runs have ended, and as long as none has a value of each objective and
    constraint, random search chooses.

    Parameters
    ----------
    spec
        The sweep config; it has several metrics, or constraints.
    seed
        Determines everything that is random.
    sampler
        ``auto`` (as None), ``gp`` or ``tpe``.
    limit
        How many sets of parameters there will be at most.

    Raises
    ------
    UnsupportedError
        If the sampler needs a package that is not installed.
    """

    def __init__(
        self, spec: Spec, *, seed: int, sampler: str | None = None, limit: Limit = no_limit
    ) -> None:
        self._sampler = sampler or "auto"
        if self._sampler == "gp" and find_spec("torch") is None:
            raise UnsupportedError(
                "sampler: gp needs torch, which is not installed: pip install 'wandb-magic[gp]'"
            )
        self._spec = spec
        self._seed = seed
        self._random = RandomSearcher(spec, seed=seed)
        self._space = SearchSpace(spec)
        self._encoder = RunEncoder(self._space)
        self._warm_up = GpWarmUp(self._sampler, STARTUP_RUNS, limit)

    def ask(self, number: int, trials: Sequence[Trial], *, cheap: bool = False) -> Params | None:
        """Return the parameters of run `number`; see `Searcher`."""
        others = sorted(
            (trial for trial in trials if trial.number != number or trial.state.has_ended),
            key=lambda trial: trial.number,
        )
        encoded = [(trial, self._encoder.encode(trial)) for trial in others]
        placed = [(trial, choice) for trial, choice in encoded if choice is not None]
        learned = outcomes(placed, self._spec, self._space)
        ended = [outcome for outcome in learned if outcome.values is not None]
        if not self._space.distributions:
            return self._random.ask(number)
        if len(ended) < STARTUP_RUNS or not all(outcome.values for outcome in ended):
            self._warm_up.observe(len(learned))
            return self._random.ask(number)
        try:
            choice = self._suggest(number, learned, len(ended), cheap=cheap)
            choice = allowed_choice(choice, self._spec, self._space, self._seed + number)
            return self._space.decode(choice)
        except Exception:
            # The logged values may be unsuitable for learning; the sweep continues anyway.
            logger.exception("run %s is drawn at random, since the sampler failed", number)
            return self._random.ask(number)

    def _suggest(self, number: int, learned: list[Outcome], ended: int, *, cheap: bool) -> Choice:
        seed = Random(f"{self._seed}:{number}:pareto").getrandbits(30)  # noqa: S311 - no secret
        distributions = self._space.distributions
        if not cheap and self._should_use_gp(ended):
            try:
                return ask_study(learned, distributions, "gp", seed)
            except (RuntimeError, ValueError):  # a matrix that is singular to working precision
                logger.debug("run %s: the Gaussian process failed", number, exc_info=True)
        return ask_study(learned[-TPE_MAX_RUNS:], distributions, "tpe", seed)

    def _should_use_gp(self, ended: int) -> bool:
        if self._sampler == "auto":
            return ended <= GP_MAX_RUNS and find_spec("torch") is not None
        return self._sampler == "gp"
