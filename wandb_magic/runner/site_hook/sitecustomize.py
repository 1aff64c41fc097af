"""Makes one W&B run of the processes that torchrun, accelerate or MPI start for a run.

Each of them has the run's id, so that all would write one log at the same time if all call
``wandb.init``. The first (rank 0) is the run. In the others, ``wandb.init`` returns a disabled run
with the same config, unless it is called with an id or a mode of its own.

Python imports this module when it starts, because its folder is on the ``PYTHONPATH`` of what runs
start. Their Python may be another one, so only the standard library is imported here. A
`sitecustomize` of the user's is executed afterwards.

The program of a run leaves its frames if an exception ends it.
"""

from __future__ import annotations

import functools
import importlib.util
import os
import sys
from importlib.machinery import ModuleSpec, PathFinder
from typing import Any

FOLDER = os.path.dirname(os.path.abspath(__file__))  # noqa: PTH100, PTH120 - quick to import

# As set by torchrun and accelerate, Open MPI, MPICH and Intel MPI, MVAPICH, and srun. The first
# that is set counts.
_RANK_VARIABLES = (
    *("RANK", "OMPI_COMM_WORLD_RANK", "PMI_RANK", "MV2_COMM_WORLD_RANK", "SLURM_PROCID"),
    "LOCAL_RANK",
)
_OUTER_VARIABLE = "WANDB_MAGIC_OUTER_RANKS"
_PARAMS_VARIABLE = "WANDB_SWEEP_PARAM_PATH"
FAILURE_VARIABLE = "WANDB_MAGIC_FAILURE"
"""Holds the number of the run's execution and its folder, for its program."""


def mark_outer_ranks() -> None:
    """Note the ranks that a run itself has, for example in a cluster: it is no further rank."""
    own = [f"{name}={os.environ[name]}" for name in _RANK_VARIABLES if name in os.environ]
    os.environ[_OUTER_VARIABLE] = " ".join(own)


def is_further_rank() -> bool:
    """Return whether this is a process of a run other than its first."""
    outer = os.environ.get(_OUTER_VARIABLE, "").split()
    ranks = (
        rank
        for name in _RANK_VARIABLES
        if (rank := os.environ.get(name)) and f"{name}={rank}" not in outer
    )
    rank = next(ranks, "0")
    return rank.isdecimal() and int(rank) > 0


def patch_init(wandb: Any) -> None:  # noqa: ANN401 - not imported here
    """Make ``wandb.init`` return a disabled run with the run's config in further ranks."""
    original = wandb.init

    @functools.wraps(original)
    def init(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - as wandb.init
        if not is_further_rank() or kwargs.get("id") or kwargs.get("mode"):
            return original(*args, **kwargs)
        run = original(*args, **{**kwargs, "mode": "disabled"})
        run.config.update(_params(), allow_val_change=True)
        return run

    wandb.init = init


def _params() -> dict[str, Any]:
    import yaml  # noqa: PLC0415 - a dependency of wandb

    try:
        with open(os.environ[_PARAMS_VARIABLE], encoding="utf-8") as file:  # noqa: PTH123 - as above
            document = yaml.safe_load(file)
    except (KeyError, OSError):
        return {}
    return {
        name: entry["value"]
        for name, entry in document.items()
        if isinstance(entry, dict) and "value" in entry
    }


class _WandbFinder:
    """Patches wandb when it is imported; nothing is imported before."""

    def find_spec(
        self, name: str, _path: object = None, _target: object = None
    ) -> ModuleSpec | None:
        if name != "wandb":
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        if spec is not None and spec.loader is not None:
            loader: Any = spec.loader
            execute = loader.exec_module

            def exec_module(module: Any) -> None:  # noqa: ANN401 - as above
                execute(module)
                patch_init(module)

            loader.exec_module = exec_module
        return spec


def _keep_frames() -> None:
    """Make the program of a run leave its frames if an exception ends it.

    That takes the package, which the program's Python may lack: then there are none.
    """
    place = os.environ.get(FAILURE_VARIABLE, "")
    if not place or is_further_rank():
        return
    environment, original = dict(os.environ), sys.excepthook

    def excepthook(kind: type[BaseException], error: BaseException, trace: Any) -> None:  # noqa: ANN401 - a traceback
        original(kind, error, trace)
        try:
            from wandb_magic.postmortem.recorder import record_program_failure  # noqa: PLC0415

            record_program_failure(error, trace, place, environment)
        except BaseException:  # noqa: BLE001, S110 - the program ends as it would
            pass

    sys.excepthook = excepthook


def _execute_next() -> None:
    """Execute the `sitecustomize` that this one takes the place of, if there is one."""
    rest = [entry for entry in sys.path if os.path.abspath(entry or ".") != FOLDER]  # noqa: PTH100
    spec = PathFinder.find_spec("sitecustomize", rest)
    if spec is not None and spec.loader is not None:
        spec.loader.exec_module(importlib.util.module_from_spec(spec))


if __name__ == "sitecustomize":
    sys.meta_path.insert(0, _WandbFinder())
    _keep_frames()
    _execute_next()
