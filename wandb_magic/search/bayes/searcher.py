"""Bayesian search: Optuna's samplers for W&B's configs.

For the first 300 runs, a Gaussian process chooses if torch is installed to fit it; otherwise, and
later, the tree-structured Parzen estimator. All randomness comes from the seed and the run's
number, so every choice can be repeated anywhere. Optuna neither stores nor runs anything here.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from importlib.util import find_spec
from random import Random

from wandb_magic.errors import UnsupportedError
from wandb_magic.records import Params, Trial
from wandb_magic.search.bayes.cmaes import CmaEsSampler
from wandb_magic.search.bayes.encoder import RunEncoder
from wandb_magic.search.bayes.repair import allowed_choice
from wandb_magic.search.bayes.samplers import make_gp_sampler, make_tpe_sampler, transform_values
from wandb_magic.search.bayes.space import Choice, SearchSpace
from wandb_magic.search.bayes.study import InMemoryStudy, Row
from wandb_magic.search.bayes.warm_up import GpWarmUp, Limit, no_limit
from wandb_magic.search.objective import scored_trials
from wandb_magic.search.random import RandomSearcher
from wandb_magic.spec import Spec

logger = logging.getLogger(__name__)

STARTUP_RUNS = 10
"""This many runs, drawn from the spec's distributions, must finish before the search learns."""
GP_MAX_RUNS = 300
"""With more finished runs than this, the Gaussian process, whose cost is cubic, is too slow."""
TPE_INTERVAL = 3
"""In ``auto``, one choice in this many is made by the Parzen estimator."""

_REQUIREMENTS = {
    "gp": ("torch", "pip install 'wandb-magic[gp]'"),
    "cmaes": ("cmaes", "pip install cmaes"),
}


class BayesSearcher:
    """Chooses the parameters with the greatest expected improvement after the runs so far.

    The algorithms and their sources: ``gp`` and ``tpe`` in `samplers`, ``cmaes`` in `cmaes`.
    ``auto`` is ``gp`` up to `GP_MAX_RUNS` finished runs if torch is installed, else ``tpe``; but
    one choice in `TPE_INTERVAL` is always made by ``tpe``, because a Gaussian process that has
    found no structure stays in the corners of the space, and a portfolio corrects that at little
    cost (Hoffman et al. 2011). Both avoid the parameters of runs in flight; ``cmaes`` draws at
    random, so it does not need to. Until `STARTUP_RUNS` runs have finished, random search chooses.

    Parameters
    ----------
    spec
        The sweep config; it has a metric.
    seed
        Determines everything that is random.
    sampler
        ``auto`` (as None), ``gp``, ``tpe``, ``cmaes`` or ``random``.
    priors
        Runs of another sweep to learn from. Those whose parameters do not fit are ignored.
    limit
        How many sets of parameters there will be at most.

    Raises
    ------
    UnsupportedError
        If the sampler needs a package that is not installed.
    """

    def __init__(
        self,
        spec: Spec,
        *,
        seed: int,
        sampler: str | None = None,
        priors: Sequence[Trial] = (),
        limit: Limit = no_limit,
    ) -> None:
        assert spec.metric is not None
        self._sampler = sampler or "auto"
        package, remedy = _REQUIREMENTS.get(self._sampler, ("optuna", ""))
        if find_spec(package) is None:
            raise UnsupportedError(
                f"sampler: {sampler} needs {package}, which is not installed: {remedy}"
            )
        self._metric = spec.metric
        self._spec = spec
        self._seed = seed
        self._random = RandomSearcher(spec, seed=seed)
        self._space = SearchSpace(spec)
        self._study = InMemoryStudy(self._space.distributions)
        self._cmaes = CmaEsSampler(self._space) if self._sampler == "cmaes" else None
        self._encoder = RunEncoder(self._space)
        self._priors = self._rows(priors)
        self._warm_up = GpWarmUp(self._sampler, STARTUP_RUNS, limit)

    def ask(self, number: int, trials: Sequence[Trial], *, cheap: bool = False) -> Params | None:
        """Return the parameters of run `number`; see `Searcher`."""
        others = sorted(
            (trial for trial in trials if trial.number != number or trial.state.has_ended),
            key=lambda trial: trial.number,
        )
        rows = self._priors + self._rows(others)
        finished = sum(value is not None for _, value in rows)
        if self._sampler == "random" or not self._space.distributions:
            return self._random.ask(number)
        if finished < STARTUP_RUNS:
            self._warm_up.observe(len(rows), len(self._priors))
            return self._random.ask(number)
        try:
            return self._suggest(number, rows, finished, cheap=cheap)
        except Exception:
            # The logged values may be unsuitable for learning; the sweep continues anyway.
            logger.exception("run %s is drawn at random, since the sampler failed", number)
            return self._random.ask(number)

    def _suggest(self, number: int, rows: list[Row], finished: int, *, cheap: bool) -> Params:
        seed = Random(f"{self._seed}:{number}:bayes").getrandbits(30)  # noqa: S311 - no secret
        if self._cmaes:
            choice = self._cmaes.ask([row for row in rows if row[1] is not None], seed)
        elif not cheap and self._should_use_gp(number, finished):
            choice = self._ask_gp(rows, seed)
        else:
            choice = self._ask_tpe(rows, seed)
        return self._space.decode(allowed_choice(choice, self._spec, self._space, seed))

    def _should_use_gp(self, number: int, finished: int) -> bool:
        if self._sampler == "auto":
            fits = finished <= GP_MAX_RUNS and find_spec("torch") is not None
            return fits and number % TPE_INTERVAL != 0
        return self._sampler == "gp"

    def _ask_gp(self, rows: list[Row], seed: int) -> Choice:
        try:
            return self._study.ask(transform_values(rows), make_gp_sampler(seed))
        except (RuntimeError, ValueError):  # a matrix that is singular to working precision
            return self._ask_tpe(rows, seed)

    def _ask_tpe(self, rows: list[Row], seed: int) -> Choice:
        return self._study.ask(rows, make_tpe_sampler(seed, self._space.distributions))

    def _rows(self, trials: Sequence[Trial]) -> list[Row]:
        """Return the runs that fit the space, as input for Optuna's samplers: to be minimised."""
        sign = -1 if self._metric.maximize else 1
        values = {id(trial): sign * value for trial, value in scored_trials(trials, self._metric)}
        return [
            (choice, values.get(id(trial)))
            for trial in trials
            if (id(trial) in values or not trial.state.has_ended)
            and (choice := self._encoder.encode(trial)) is not None
        ]
