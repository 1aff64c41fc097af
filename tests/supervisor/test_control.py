"""The table of requests, and what carries them out."""

import inspect

import pytest

from wandb_magic.api import Sweep
from wandb_magic.records import ControlRequest, RunId, RunState, SweepState
from wandb_magic.requests import REQUESTS
from wandb_magic.supervisor.control import handle_request
from wandb_magic.supervisor.supervisor import Supervisor

SUPERVISED = [verb for verb, request in REQUESTS.items() if request.supervised]


@pytest.mark.parametrize("verb", SUPERVISED)
def test_each_request_has_a_method_that_takes_its_arguments(verb: str) -> None:
    _, *parameters = inspect.signature(getattr(Supervisor, verb)).parameters
    assert parameters == list(REQUESTS[verb].arguments)


@pytest.mark.parametrize("verb", REQUESTS)
def test_each_request_can_be_made_with_the_public_class(verb: str) -> None:
    parameters = inspect.signature(getattr(Sweep, verb)).parameters
    assert set(REQUESTS[verb].arguments) <= set(parameters)
    assert ("trust" in parameters) >= REQUESTS[verb].starts
    assert inspect.getdoc(getattr(Sweep, verb))


class Target:
    """Records what was carried out."""

    def __init__(self, state: SweepState, run: RunState | None = None) -> None:
        self.calls: list[str] = []
        self._state, self._run = state, run

    def sweep_state(self) -> SweepState:
        return self._state

    def run_state(self, run: RunId) -> RunState | None:
        return self._run if run else None

    def __getattr__(self, verb: str) -> object:
        def method(**_: object) -> str:
            self.calls.append(verb)
            return ""

        return method


ARGUMENTS = {
    "stop_run": {"run": "run00000"},
    "rerun": {"run": "run00000"},
    "resume_run": {"run": "run00000"},
    "fork": {"run": "run00000", "params": {"lr": 0.5}},
    "edit": {"changes": {"run_cap": 3}},
    "tell": {"run": "run00000", "values": {"loss": 1.0}},
    "tell_own": {"params": {"lr": 0.5}},
    "add": {"params": {"lr": 0.5}},
    "set_agents": {"agents": 2},
    "set_count": {"count": 2},
    "set_limits": {"limits": {"max_time": 60.0}},
}


@pytest.mark.parametrize("verb", SUPERVISED)
@pytest.mark.parametrize("state", SweepState)
def test_a_request_is_carried_out_or_refused_as_its_row_says(verb: str, state: SweepState) -> None:
    row = REQUESTS[verb]
    target = Target(state, RunState.RUNNING if verb in ("stop_run", "tell") else RunState.FAILED)
    request = ControlRequest(1, verb, ARGUMENTS.get(verb, {}), 0.0)
    refusal = handle_request(target, request).refusal
    allowed = state.value in (*row.states, *row.accepted)
    assert bool(target.calls) == allowed == (refusal == "")
    assert allowed or state.value in refusal or "is being stopped" in refusal


def test_refusals_name_the_state_and_what_to_do() -> None:
    request = ControlRequest(1, "pause", {}, 0.0)
    answer = handle_request(Target(SweepState.FINISHED), request)
    assert answer.refusal == "the sweep is finished: this needs one that is running"
    request = ControlRequest(1, "resume_run", {"run": "run00000"}, 0.0)
    assert handle_request(Target(SweepState.RUNNING, RunState.FINISHED), request).refusal == (
        "run run00000 is finished: this needs one that is failed, killed, stopped, pruned or "
        "lost; rerun starts a new run with the same parameters"
    )
    answer = handle_request(Target(SweepState.RUNNING), request)
    assert answer.refusal == "there is no run run00000"
    assert handle_request(Target(SweepState.STOPPING, RunState.FAILED), request).refusal == (
        "the sweep is being stopped: try again when it has stopped"
    )
