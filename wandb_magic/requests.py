"""The requests of a sweep, one row each: what they do, their arguments, and when they are allowed.

Everything else derives from this table: what the supervisor accepts, the verbs of ``%wandb_sweep``
and the command line, the REST interface with its schema, and the panel's types and conditions
(``scripts/wire``). A request is carried out by the method of `Supervisor` that has its name, and
offered to users by the method of `Sweep` that has its name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from wandb_magic.arguments import (
    ArgumentError,
    brief,
    check_added,
    check_agent_count,
    check_count,
    check_flag,
    check_name,
    check_notes,
    check_object,
    check_tags,
    check_text,
    check_version,
)
from wandb_magic.records import RunState, SweepState
from wandb_magic.sweep_limits import check_limit_changes


@dataclass(frozen=True)
class Argument:
    """One argument of a request.

    Attributes
    ----------
    type
        Its JSON type: array (of texts), boolean, integer, object or string.
    check
        Returns the value if it is valid, and raises `ArgumentError` otherwise.
    help
        What it is, as a phrase; for the run that a request is about, the command line has its own.
    default
        Its value if it is missing; None if it must be given, unless `is_optional`.
    is_nullable
        Whether it may be null.
    is_optional
        Whether it may be left out, which changes nothing.
    """

    type: str
    check: Callable[[str, object], Any]
    help: str = ""
    default: Any = None
    is_nullable: bool = False
    is_optional: bool = False

    @property
    def is_required(self) -> bool:
        """Whether it must be given."""
        return self.default is None and not self.is_optional


@dataclass(frozen=True)
class Request:
    """One row.

    Attributes
    ----------
    help
        What it does, as a phrase.
    answer
        What the command line answers; ``{sweep}`` and the arguments' names are replaced.
    arguments
        Its arguments by name.
    states
        The states of a sweep in which it changes something: the panel offers it there. A sweep
        that ``died`` has lost its supervisor.
    accepted
        Further states in which the supervisor accepts it.
    run_states
        For a request about one run: the states of the run in which the panel offers it.
    accepted_runs
        Further states of the run in which the supervisor accepts it.
    advice
        What to do instead, if the run's state does not allow it.
    needs
        The count in a sweep's summary that must not be 0.
    modes
        The modes of sweeps that it is for.
    result
        The state of the sweep after it.
    starts
        Whether it starts a supervisor if none is running, and so executes the sweep's code.
    supervised
        Whether the supervisor carries it out.
    is_verb
        Whether it is a verb of the command line; otherwise it is an option of another one.
    """

    help: str
    answer: str = ""
    arguments: Mapping[str, Argument] = field(default_factory=dict)
    states: tuple[str, ...] = ()
    accepted: tuple[str, ...] = ()
    run_states: tuple[str, ...] = ()
    accepted_runs: tuple[str, ...] = ()
    advice: str = ""
    needs: str = ""
    modes: tuple[str, ...] = ("offline", "online")
    result: str = ""
    starts: bool = False
    supervised: bool = True
    is_verb: bool = True

    def sweep_refusal(self, state: SweepState) -> str:
        """Return why a sweep in this state refuses the request, or ""."""
        if state.value in (*self.states, *self.accepted):
            return ""
        if state is SweepState.STOPPING:
            return "the sweep is being stopped: try again when it has stopped"
        return f"the sweep is {state.value}: this needs one that is {_any_of(self.states)}"

    def run_refusal(self, run: str, state: RunState | None) -> str:
        """Return why the request is refused for a run in this state, or ""."""
        if state is None:
            return f"there is no run {run}"
        if state.value in (*self.run_states, *self.accepted_runs):
            return ""
        needed = f"run {run} is {state.value}: this needs one that is {_any_of(self.run_states)}"
        return f"{needed}; {self.advice}" if self.advice else needed


def _any_of(states: tuple[str, ...]) -> str:
    *others, last = states
    return f"{', '.join(others)} or {last}" if others else last


ONLINE_EDIT = (
    "W&B's server keeps a config as it was created; start a new sweep with the new config that "
    "learns from this one, with prior=ID, or continue offline"
)
"""What to do instead of editing an online sweep."""

_SWEEP_STATES = tuple(state.value for state in SweepState)
_BEFORE_END = ("pending", "running", "paused")
_NOT_STOPPING = (*(state for state in _SWEEP_STATES if state != "stopping"), "died")
_ENDED_RUN = tuple(state.value for state in RunState if state.has_ended)
_RUN = Argument("string", check_text)
_LABELS = {
    "name": Argument("string", check_name, 'its name; "" for its own', is_optional=True),
    "notes": Argument("string", check_notes, "notes about it, in Markdown", is_optional=True),
    "tags": Argument("array", check_tags, "its tags, in place of all others", is_optional=True),
}

REQUESTS: Mapping[str, Request] = {
    "stop": Request(
        "stop a sweep; its results are kept",
        "{sweep} stops",
        {"drain": Argument("boolean", check_flag, "let the active runs finish", default=False)},
        states=_BEFORE_END,
        accepted=_SWEEP_STATES,  # one that lets its active runs finish can be stopped at once
        result="stopped",
    ),
    "pause": Request(
        "start no more runs; active runs continue",
        "{sweep} starts no more runs until it is resumed",
        states=("running",),
        accepted=("paused",),
        result="paused",
    ),
    "resume": Request(
        "continue after a pause, a stop, a crash or a reboot",
        "{sweep} continues",
        states=("paused", "stopped", "failed", "died"),
        accepted=("pending", "running", "finished"),
        starts=True,
    ),
    "stop_run": Request(
        "stop one run; what it logged is kept",
        "run {run} of {sweep} stops",
        {"run": _RUN},
        accepted=_SWEEP_STATES,
        run_states=("pending", "running"),
    ),
    "rerun": Request(
        "start a new run with the same parameters",
        "run {run} of {sweep} starts again",
        {"run": _RUN},
        accepted=_NOT_STOPPING,
        run_states=_ENDED_RUN,
        accepted_runs=("pending", "running"),
        starts=True,
    ),
    "resume_run": Request(
        "continue a run that failed, was stopped or was lost, as the same run",
        "run {run} of {sweep} continues",
        {"run": _RUN},
        accepted=_NOT_STOPPING,
        run_states=tuple(state for state in _ENDED_RUN if state != "finished"),
        advice="rerun starts a new run with the same parameters",
        starts=True,
    ),
    "fork": Request(
        "start a new run from the checkpoint of a run, with other parameters",
        arguments={
            "run": _RUN,
            "params": Argument(
                "object", check_object, "the parameters that change, by name", default={}
            ),
            "force": Argument(
                "boolean", check_flag, "accept values outside the sweep's space", default=False
            ),
        },
        accepted=_NOT_STOPPING,
        run_states=("running", *_ENDED_RUN),
        advice="it has no checkpoint yet",
        starts=True,
    ),
    "rerun_failed": Request(
        "rerun each set of parameters whose newest run failed",
        "the failed runs of {sweep} start again",
        {
            "resume": Argument(
                "boolean", check_flag, "continue them, as resume-run does", default=False
            )
        },
        states=_NOT_STOPPING,
        needs="failed",
        starts=True,
        is_verb=False,
    ),
    "edit": Request(
        "change the config of a sweep while it lives",
        arguments={
            "changes": Argument(
                "object", check_object, "a partial config; null removes what it names"
            ),
            "earlier": Argument(
                "object",
                check_object,
                "the values that earlier runs had of the parameters that are added",
                default={},
            ),
            "version": Argument(
                "integer",
                check_version,
                "the version that is edited: a newer one refuses the edit",
                default=0,
            ),
        },
        states=_NOT_STOPPING,
        modes=("offline",),
        starts=True,
    ),
    "add": Request(
        "add runs with parameters of your own, before the next ones of the search",
        arguments={
            "params": Argument("object", check_object, "the parameters, by name"),
            "n": Argument("integer", check_added, "how many runs with them", default=1),
            "force": Argument(
                "boolean", check_flag, "accept values outside the sweep's space", default=False
            ),
        },
        states=_NOT_STOPPING,
        starts=True,
    ),
    "ask": Request(
        "ask a sweep whose runs you execute yourself for parameters",
        arguments={"n": Argument("integer", check_added, "how many runs", default=1)},
        states=("running",),
        accepted=("pending", "finished"),
        starts=True,
    ),
    "tell": Request(
        "tell the result of a run that you have executed yourself",
        arguments={
            "run": _RUN,
            "values": Argument("object", check_object, "the metrics, by name", default={}),
            "error": Argument("string", check_text, "why the run failed, if it did", default=""),
        },
        accepted=(*_SWEEP_STATES, "died"),
        run_states=("running",),
        advice="a result is told once",
        starts=True,
    ),
    "tell_own": Request(
        "tell the result of a run with parameters of your own",
        arguments={
            "params": Argument("object", check_object, "the parameters, by name"),
            "values": Argument("object", check_object, "the metrics, by name", default={}),
            "error": Argument("string", check_text, "why the run failed, if it did", default=""),
            "force": Argument(
                "boolean", check_flag, "accept values outside the sweep's space", default=False
            ),
        },
        accepted=(*_SWEEP_STATES, "died"),
        starts=True,
        is_verb=False,
    ),
    "set_agents": Request(
        "change how many runs execute at the same time",
        "{sweep} executes up to {agents} runs at the same time",
        {"agents": Argument("integer", check_agent_count, "runs at the same time")},
        states=_BEFORE_END,
        accepted=_SWEEP_STATES,
    ),
    "set_count": Request(
        "change the total number of runs",
        "{sweep} will have {count} runs",
        {"count": Argument("integer", check_count, "total number of runs", is_nullable=True)},
        states=(*_BEFORE_END, "finished"),
        accepted=_SWEEP_STATES,
        starts=True,
    ),
    "set_limits": Request(
        "change what ends a sweep besides its number of runs: time, cost, or flatness",
        "{sweep} has other limits",
        {"limits": Argument("object", check_limit_changes, "by name; null removes a limit")},
        states=_NOT_STOPPING,
        starts=True,
        is_verb=False,
    ),
    "annotate": Request(
        "give a sweep a name, notes, tags and a baseline",
        arguments={
            **_LABELS,
            "baseline": Argument(
                "string",
                check_text,
                'the run that others are compared with; "" for none',
                is_optional=True,
            ),
        },
        states=(*_SWEEP_STATES, "died"),
        supervised=False,
    ),
    "annotate_run": Request(
        "give a run a name, notes and tags; pin or hide it",
        arguments={
            "run": _RUN,
            **_LABELS,
            "pinned": Argument(
                "boolean", check_flag, "whether it comes first in tables", is_optional=True
            ),
            "hidden": Argument(
                "boolean", check_flag, "whether the panel leaves it out", is_optional=True
            ),
        },
        accepted=(*_SWEEP_STATES, "died"),
        run_states=tuple(state.value for state in RunState),
        supervised=False,
    ),
    "sync": Request(
        "send an offline sweep to W&B, with all its runs",
        states=(*_SWEEP_STATES, "died"),
        modes=("offline",),
        supervised=False,
    ),
}


def validate_request(verb: object, arguments: object) -> dict[str, Any]:
    """Return the arguments of a request, complete but for optional ones, and of the right types.

    Parameters
    ----------
    verb
        The request.
    arguments
        A mapping of JSON values by name.

    Raises
    ------
    ArgumentError
        If there is no such request, or an argument is invalid.
    """
    request = REQUESTS.get(verb) if isinstance(verb, str) else None
    if request is None:
        raise ArgumentError(f"verb: must be one of {', '.join(REQUESTS)}, and is {brief(verb)}")
    if not isinstance(arguments, Mapping):
        raise ArgumentError(f"{verb}: its arguments must be a mapping, not {brief(arguments)}")
    for name in arguments:
        if name not in request.arguments:
            raise ArgumentError(f"{verb}: takes no argument {brief(name)}")
    validated = {}
    for name, argument in request.arguments.items():
        if name not in arguments and argument.is_optional:
            continue
        if name not in arguments and argument.is_required:
            raise ArgumentError(f"{verb}: needs the argument {name}")
        validated[name] = argument.check(name, arguments.get(name, argument.default))
    return validated
