"""W&B's ``scheduler``: code of the user's own that chooses the parameters, with Optuna.

::

    method: custom
    scheduler:
      engine: optuna
      source: search.py
      optimizer: make_study          # takes the sweep, returns a study, or (study, terminator)
      search_space: suggest          # takes an optuna.Trial, returns the parameters

Here are the keys and what they allow; nothing reads the file, or executes it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from wandb_magic.spec.conditions import Path
from wandb_magic.spec.distributions import Distribution
from wandb_magic.spec.fields import Text

CUSTOM = "custom"
"""W&B's name of the method."""
OWN_CODE = ("optimizer", "search_space")
"""The keys that name functions in the source."""
CONVERTIBLE = frozenset(
    {
        *("constant", "categorical", "int_uniform", "uniform", "q_uniform"),
        *("log_uniform", "log_uniform_values", "q_log_uniform_values"),
    }
)
"""The distributions that Optuna has as well."""


class Scheduler(BaseModel):
    """The functions that choose parameters.

    Attributes
    ----------
    engine
        ``optuna``.
    source
        The Python file that defines them.
    optimizer
        The name of a function that takes the sweep and returns an `optuna.Study`, or a pair of a
        study and a function that takes it and returns whether the sweep ends. By default, a study
        with Optuna's own sampler.
    search_space
        The name of a function that takes an `optuna.Trial` and returns the parameters of a run.
        By default, the ``parameters`` are the space.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    engine: Literal["optuna"]
    source: Text
    optimizer: Text = ""
    search_space: Text = ""


def has_own_code(scheduler: object) -> bool:
    """Return whether a ``scheduler`` names functions that choose the parameters."""
    return isinstance(scheduler, Mapping) and any(scheduler.get(key) for key in OWN_CODE)


def scheduler_violations(
    config: Mapping[str, Any], distributions: Mapping[Path, Distribution]
) -> Iterator[str]:
    """Yield what the other keys of `config` have that own code cannot choose parameters by."""
    if config.get("metric") is None and "metrics" not in config:
        yield (
            "metric: the scheduler needs to know what to optimise: "
            "add metric: {name: ..., goal: minimize}"
        )
    for key, why in {
        "conditions": "when, forbid: Optuna does not know them: write them in search_space",
        "constraints": (
            "constraints: give them to the sampler of the scheduler's study, as constraints_func"
        ),
    }.items():
        if config.get(key):
            yield why
    for path, each in distributions.items():
        if each.distribution not in CONVERTIBLE:
            place = "parameters." + ".parameters.".join(path)
            yield (
                f"{place}: Optuna has no {each.distribution}: "
                "use another distribution, or draw it in scheduler.search_space"
            )
