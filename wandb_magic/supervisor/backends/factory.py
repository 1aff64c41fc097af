"""Chooses the backend of a sweep."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from wandb_magic.paths import SweepPaths
from wandb_magic.records import RunRecord, RunState, SweepRecord, Trial
from wandb_magic.search import Searcher, make_searcher
from wandb_magic.spec import Spec
from wandb_magic.spec.edits import Filled
from wandb_magic.supervisor.backends import OfflineBackend, OnlineBackend
from wandb_magic.supervisor.backends.base import BackendFactory
from wandb_magic.supervisor.search_messages import SweepInfo
from wandb_magic.supervisor.search_process import SearchProcess
from wandb_magic.wandb_client import WandbClient, account


def backend_factory(
    sweep: SweepRecord,
    spec: Spec,
    paths: SweepPaths,
    environment: Mapping[str, str],
    runs: Sequence[RunRecord],
    filled: Filled,
    budget: Callable[[], int | None],
) -> BackendFactory:
    """Return the factory of a sweep's backend, given the runs that the sweep has already.

    `filled` is what they had of the parameters that were added since, and `budget` returns how
    many runs there will be.

    Raises
    ------
    SweepError
        If the sampler is unavailable, or there is no API key for the W&B server.
    """
    if sweep.mode == "online":
        credentials = account(environment)
        client = WandbClient(credentials.base_url, credentials.key, credentials.source)
        return lambda on_event: OnlineBackend(client, sweep, paths.agents, runs, on_event)
    options = sweep.options
    priors = [
        Trial(-1 - index, prior["params"], RunState.FINISHED, prior["value"])
        for index, prior in enumerate(options.priors)
    ]

    def limit() -> int | None:
        runs = budget()
        return None if runs is None else runs // options.repeat

    def searcher_of(spec: Spec) -> Searcher:
        if spec.scheduler is not None:
            info = SweepInfo(sweep.id, sweep.name, sweep.entity, sweep.project, spec.to_dict())
            return SearchProcess(paths, info, environment)
        # The sampler was chosen for bayes, and stays chosen while the method is another one.
        sampler = options.sampler if spec.method == "bayes" else None
        return make_searcher(spec, seed=options.seed, sampler=sampler, priors=priors, limit=limit)

    searcher = searcher_of(spec)
    return lambda _: OfflineBackend(
        spec,
        searcher,
        searcher_of,
        filled,
        is_edited=sweep.version > 1,
        repeat=options.repeat,
    )
