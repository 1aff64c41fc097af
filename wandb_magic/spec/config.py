"""The validated sweep config, in W&B's terms.

Only `wandb_magic.spec.load` creates one from user input: it checks the rules that span several
keys, which the classes here rely on.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, SkipValidation, model_validator

from wandb_magic import records
from wandb_magic.spec.command import DEFAULT, validate_command
from wandb_magic.spec.conditions import Conditions, Path, rule_to_json
from wandb_magic.spec.distributions import Distribution
from wandb_magic.spec.fields import Number, PositiveInteger, Text, number
from wandb_magic.spec.parameters import EVERYWHERE, Tree, leaves, to_dict
from wandb_magic.spec.scheduler import Scheduler


def _eta(value: object) -> int | float:
    eta = number(value)
    if eta <= 1:
        raise ValueError(f"must be above 1, not {value!r:.80}")
    return eta


def _not_negative(value: object) -> int | float:
    parsed = number(value)
    if parsed < 0:
        raise ValueError(f"must not be below 0, not {value!r:.80}")
    return parsed


def _share(largest: float) -> Callable[[object], int | float]:
    def check(value: object) -> int | float:
        share = number(value)
        if not 0 <= share <= largest:
            raise ValueError(f"must be from 0 to {largest:g}, not {value!r:.80}")
        return share

    return check


RULE_FIELDS: dict[str, tuple[str, ...]] = {
    "hyperband": ("type", "min_iter", "max_iter", "s", "eta", "strict"),
    "median": ("type", "min_iter", "min_runs"),
    "asha": ("type", "min_iter", "eta"),
    "plateau": ("type", "min_iter", "patience", "min_delta"),
    "nan": ("type", "min_iter"),
    "pbt": (
        *("type", "perturbation_interval", "quantile_fraction"),
        *("resample_probability", "hyperparam_mutations"),
    ),
}
"""The keys of ``early_terminate`` by its ``type``."""

Goal = Literal["minimize", "maximize"]
Summary = Literal["best", "last", "min", "max"]
Impute = Literal["worst", "best", "latest"]
ImputeRunning = Literal["worst", "best", "latest", "false"]


class Metric(BaseModel):
    """The objective.

    Attributes
    ----------
    name
        The key that the runs log, nested keys with dots.
    goal
        ``minimize``, which is W&B's default, or ``maximize``.
    target
        The value at which the sweep ends, if any.
    summary
        Which of the values that a run logs counts: ``best``, ``last``, ``min`` or ``max``. If
        None, what the run has defined (``define_metric(summary=...)``), or else the best.
    impute
        The value of a failed run: the ``worst`` value of all runs, or its own ``best`` or
        ``latest``.
    impute_while_running
        The value of an active run; ``false``: none until it ends.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Text
    goal: Goal = "minimize"
    target: Number | None = None
    summary: Summary | None = None
    impute: Impute = "worst"
    impute_while_running: ImputeRunning = "false"

    @property
    def maximize(self) -> bool:
        """Whether larger is better."""
        return self.goal == "maximize"

    def record(self) -> records.Metric:
        """Return the objective in the form that the other layers use."""
        return records.Metric(self.name, self.maximize, self.target, self.summary)


class Constraint(BaseModel):
    """What a run must keep to; not a key of W&B's.

    Attributes
    ----------
    name
        The key in the run's summary, nested keys with dots.
    min, max
        The bounds, both allowed; at least one is needed.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Text
    min: Number | None = None
    max: Number | None = None

    @model_validator(mode="after")
    def _has_bounds(self) -> Constraint:
        if self.min is None and self.max is None:
            raise ValueError("needs max or min: add the bound that a run must keep to")
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError(f"min {self.min:g} is above max {self.max:g}: swap them")
        return self

    def record(self) -> records.Constraint:
        """Return the constraint in the form that the other layers use."""
        return records.Constraint(self.name, self.min, self.max)


class EarlyTerminate(BaseModel):
    """The rule for ending poor runs: W&B's hyperband, or one that W&B does not have.

    Attributes
    ----------
    type
        ``hyperband``, ``median``, ``plateau``, ``asha``, ``nan`` or ``pbt``.
    min_iter
        The first bracket, in logged values of the metric; each later one is `eta` times as far.
        Of the other rules: before so many values, no run is ended.
    max_iter, s
        Alternatively: the bracket after the last one, and the number of brackets before it.
    eta
        One in `eta` runs continues at each bracket, or at each rung of ``asha``.
    strict
        Whether a run is judged by its value at the bracket (the engine's default) or by its best.
    min_runs
        Of ``median``: how many runs must have come as far before one is compared with them.
    patience, min_delta
        Of ``plateau``: a run ends when this many values have improved it by no more than that.
    perturbation_interval, quantile_fraction, resample_probability
        Of ``pbt``, as in Ray Tune: after how many values a run is judged, which share of the runs
        is replaced by forks of the best, and how often a parameter of a fork is drawn anew.
    hyperparam_mutations
        Of ``pbt``: the dotted names of the parameters that forks change; all of them if empty.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    type: Literal["hyperband", "median", "plateau", "asha", "nan", "pbt"]
    min_iter: PositiveInteger | None = None
    max_iter: PositiveInteger | None = None
    s: PositiveInteger | None = None
    eta: Annotated[float, BeforeValidator(_eta)] = 3.0
    strict: bool = True
    min_runs: PositiveInteger = 5
    patience: PositiveInteger = 10
    min_delta: Annotated[float, BeforeValidator(_not_negative)] = 0.0
    perturbation_interval: PositiveInteger = 5
    quantile_fraction: Annotated[float, BeforeValidator(_share(0.5))] = 0.25
    resample_probability: Annotated[float, BeforeValidator(_share(1.0))] = 0.25
    hyperparam_mutations: tuple[Text, ...] = ()

    @model_validator(mode="after")
    def _one_form(self) -> EarlyTerminate:
        if self.type == "pbt" and not self.quantile_fraction:
            raise ValueError("quantile_fraction must be above 0: with 0, no run is replaced")
        if self.type != "hyperband":
            return self
        if self.min_iter is None and self.max_iter is None:
            raise ValueError("needs min_iter, or max_iter and s: add one of the two")
        if self.max_iter is not None and self.s is None:
            raise ValueError("max_iter needs s, the number of brackets: add it")
        return self


class Spec(BaseModel):
    """A valid sweep config.

    Attributes
    ----------
    method
        ``grid``, ``random`` or ``bayes``; ``custom`` with a `scheduler`.
    parameters
        The distributions by name; nested parameters are a dict of these.
    metric
        The objective, if there is one and not several.
    metrics
        The objectives, if there are several.
    constraints
        What a run must keep to so that it can be the best.
    conditions
        Which parameters each run has, and which combinations none has: the keys ``when`` of the
        parameters, and ``forbid``.
    early_terminate
        The rule for ending poor runs, if any.
    scheduler
        The functions of the user's own that choose the parameters, if any.
    run_cap
        The largest number of runs, if any.
    command
        The arguments, with W&B's macros, that start a run of `program`.
    program
        The script, if the sweep runs one.
    name, description, project, entity
        W&B's; empty if not given.
    notices
        What was assumed or ignored, one sentence each, to be shown to the user once.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    method: Literal["grid", "random", "bayes", "custom"]
    parameters: Tree
    metric: Metric | None = None
    metrics: tuple[Metric, ...] = ()
    constraints: tuple[Constraint, ...] = ()
    conditions: Annotated[Conditions, SkipValidation] = EVERYWHERE
    early_terminate: EarlyTerminate | None = None
    scheduler: Scheduler | None = None
    run_cap: PositiveInteger | None = None
    command: Annotated[tuple[str, ...], BeforeValidator(validate_command)] = DEFAULT
    program: Text = ""
    name: Text = ""
    description: Text = ""
    project: Text = ""
    entity: Text = ""
    notices: tuple[str, ...] = ()

    @cached_property
    def leaves(self) -> dict[Path, Distribution]:
        """The distribution at each path, with names sorted at each level: W&B's order."""
        return dict(leaves(self.parameters))

    @property
    def objectives(self) -> tuple[Metric, ...]:
        """All objectives, in the order of the config."""
        return self.metrics or (() if self.metric is None else (self.metric,))

    @property
    def objective(self) -> Metric | None:
        """The objective; the first of several."""
        return next(iter(self.objectives), None)

    @property
    def result_keys(self) -> tuple[str, ...]:
        """The keys of a run's summary that the search reads; none for a single objective."""
        if not self.metrics and not self.constraints:
            return ()
        names = [metric.name for metric in self.objectives]
        return tuple(dict.fromkeys([*names, *(bound.name for bound in self.constraints)]))

    def to_dict(self) -> dict[str, Any]:
        """Return W&B's form: JSON types only, accepted by `load`, and by a real W&B sweep.

        W&B has no ``constraints``, ``forbid`` and ``when``: `metrics.wandb_config` drops them.
        """
        config = self.model_dump(
            exclude_none=True,
            exclude_defaults=True,
            exclude={"notices", "parameters", "conditions"},
        )
        if self.parameters or self.scheduler is None:
            config["parameters"] = to_dict(self.parameters, self.conditions)
        if self.conditions.forbid:
            config["forbid"] = [rule_to_json(rule) for rule in self.conditions.forbid]
        if self.metric:
            config["metric"] |= {"goal": self.metric.goal}
        if self.metrics:
            config["metrics"] = [{"name": each.name, "goal": each.goal} for each in self.metrics]
        if self.constraints:
            config["constraints"] = [
                each.model_dump(exclude_none=True) for each in self.constraints
            ]
        if self.early_terminate and self.early_terminate.type == "hyperband":
            config["early_terminate"] |= {
                "eta": self.early_terminate.eta,
                "strict": self.early_terminate.strict,
            }
        if "command" in config:
            config["command"] = list(self.command)
        return config
