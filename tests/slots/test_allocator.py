"""Which GPUs each run gets."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from wandb_magic.log_records import SystemRecord
from wandb_magic.records import RunId
from wandb_magic.slots.allocator import SlotAllocator, SlotRequest
from wandb_magic.slots.devices import Device
from wandb_magic.slots.resource_errors import ResourceError

GPUS = [Device(f"id{n}", str(n), name="A100", memory=16 * 2**30) for n in range(4)]


class Sweep:
    """One sweep's runs on the GPUs."""

    def __init__(
        self,
        folder: Path,
        name: str = "s",
        gpus: int = 4,
        each: float | None = None,
        memory: int | None = None,
    ) -> None:
        self.slots = SlotAllocator(
            SlotRequest(each, memory), {"WANDB_MAGIC_LEASES": str(folder)}, name
        )
        assert self.slots.set_devices(GPUS[:gpus]) == ""
        self.name = name
        self.count = 0

    def start(self, agent: int = 0, agents: int = 1, *, alone: bool = False) -> str:
        """Start a run; what it sees, or what it waits for."""
        if reason := self.slots.reserve(agent, agents, alone=alone):
            return reason
        run = RunId(f"{self.name}-{self.count}")
        self.count += 1
        slot = self.slots.assign(run, agent)
        assert slot is not None
        self.environment = slot.environment
        return slot.environment.get("CUDA_VISIBLE_DEVICES", "all")

    def end(self, number: int, error: ResourceError | None = None) -> str:
        run = RunId(f"{self.name}-{number}")
        return self.slots.release(run, error, succeeded=error is None)


@pytest.mark.parametrize(
    ("gpus", "agents", "shares"),
    [
        (4, 1, ["all"]),
        (4, 2, ["0,1", "2,3"]),
        (4, 3, ["0,1", "2", "3"]),
        (4, 4, ["0", "1", "2", "3"]),
        (2, 4, ["0", "1", "0", "1"]),
        (1, 2, ["all", "all"]),
        (0, 3, ["all", "all", "all"]),
    ],
)
def test_agents_divide_them_evenly(
    gpus: int, agents: int, shares: list[str], tmp_path: Path
) -> None:
    sweep = Sweep(tmp_path, gpus=gpus)
    assert [sweep.start(agent, agents) for agent in range(agents)] == shares


def test_an_agent_keeps_its_share(tmp_path: Path) -> None:
    sweep = Sweep(tmp_path)
    assert [sweep.start(agent, 2) for agent in (0, 1)] == ["0,1", "2,3"]
    sweep.end(1)
    sweep.end(0)
    assert [sweep.start(agent, 2) for agent in (1, 0)] == ["2,3", "0,1"]


def test_a_second_sweep_takes_what_the_first_leaves(tmp_path: Path) -> None:
    first, second, third = (Sweep(tmp_path, name) for name in "abc")
    assert [first.start(agent, 4) for agent in (0, 1)] == ["0", "1"]
    assert [second.start(agent, 4) for agent in (0, 1)] == ["2", "3"]
    # One agent sees all, the free ones first.
    first.end(0)
    assert third.start() == "all"
    second.end(1)
    third.end(0)
    assert third.start() == "0,3,1,2"


def test_whole_gpus_belong_to_one_run(tmp_path: Path) -> None:
    one, other = (Sweep(tmp_path, name, gpus=2, each=1) for name in "ab")
    assert [one.start(), other.start()] == ["0", "1"]
    reason = one.start()
    assert reason == (
        "waiting for a GPU: 1 of 2 leased by this sweep, 1 of 2 leased by another sweep"
    )
    other.end(0)
    assert one.start() == "1"


def test_several_whole_gpus(tmp_path: Path) -> None:
    sweep = Sweep(tmp_path, gpus=3, each=2)
    assert sweep.start() == "0,1"
    assert sweep.start() == "waiting for 2 GPUs: 2 of 3 leased by this sweep"


def test_fractions_fill_a_gpu_and_no_more(tmp_path: Path) -> None:
    sweep = Sweep(tmp_path, gpus=1, each=0.1)
    assert [sweep.start(number, 12) for number in range(10)] == ["0"] * 10
    assert sweep.environment["XLA_PYTHON_CLIENT_MEM_FRACTION"] == "0.090"
    assert sweep.environment["TF_FORCE_GPU_ALLOW_GROWTH"] == "true"
    assert sweep.start(10, 12) == "waiting for 0.1 of a GPU: 1 of 1 leased by this sweep"


def test_memory_is_packed_and_never_exceeded(tmp_path: Path) -> None:
    sweep = Sweep(tmp_path, gpus=2, memory=6 * 2**30)
    assert [sweep.start(number, 9) for number in range(4)] == ["0", "1", "0", "1"]
    assert sweep.start(4, 9) == "waiting for 6 GiB of GPU memory: 2 of 2 leased by this sweep"
    other = Sweep(tmp_path, "b", gpus=2, memory=4 * 2**30)
    # The first waits for longer, and what is left does not suffice for it.
    assert other.start().startswith("waiting for 4 GiB of GPU memory")
    sweep.slots.cancel()
    assert other.start() == "0"


def test_what_a_run_has_to_itself_is_not_given_to_others(tmp_path: Path) -> None:
    own, shared = Sweep(tmp_path, "a", gpus=2, each=1.0), Sweep(tmp_path, "b", gpus=2)
    assert own.start() == "0"
    assert shared.start() == "1"
    assert shared.start(1, 2) == "1"
    # The other way round: it waits for both runs, and new ones do not overtake it.
    assert own.start().startswith("waiting for a GPU")
    assert shared.start().startswith("waiting for a GPU")
    shared.end(0)
    assert own.start().startswith("waiting for a GPU")
    shared.end(1)
    assert own.start() == "1"
    assert shared.start().startswith("waiting for a GPU")
    own.end(0)
    assert shared.start() == "0"


def test_half_of_a_gpu_is_not_taken_where_a_run_may_use_all_of_it(tmp_path: Path) -> None:
    own, shared = Sweep(tmp_path, "a", gpus=1, each=0.5), Sweep(tmp_path, "b", gpus=1)
    assert [shared.start(agent, 2) for agent in (0, 1)] == ["all", "all"]
    assert own.start().startswith("waiting for 0.5 of a GPU")


def test_alone_means_that_nothing_else_is_there(tmp_path: Path) -> None:
    sweep = Sweep(tmp_path, gpus=1, memory=2**30)
    assert sweep.start() == "0"
    assert (
        sweep.start(alone=True)
        == "waiting for 1 GiB of GPU memory for itself: 1 of 1 leased by this sweep"
    )
    sweep.end(0)
    assert sweep.start(alone=True) == "0"
    assert sweep.start().startswith("waiting")


def test_what_the_user_set_is_left_alone(tmp_path: Path) -> None:
    slots = SlotAllocator(
        SlotRequest(gpus=0.5),
        {"WANDB_MAGIC_LEASES": str(tmp_path), "CUDA_DEVICE_ORDER": "FASTEST_FIRST",
         "XLA_PYTHON_CLIENT_MEM_FRACTION": ".2", "CUDA_VISIBLE_DEVICES": "0,1"},
        "s",
    )  # fmt: skip
    slots.set_devices(GPUS)
    assert slots.reserve(0, 1) == ""
    slot = slots.assign(RunId("r"), 0)
    assert slot is not None
    assert slot.environment == {"CUDA_VISIBLE_DEVICES": "0", "TF_FORCE_GPU_ALLOW_GROWTH": "true"}


@pytest.mark.parametrize(
    ("request_", "gpus", "said"),
    [
        ({"gpus": 1}, 0, "gpus_per_run: no GPU was found"),
        ({"memory": 1}, 0, "gpu_memory: no GPU was found"),
        ({"gpus": 5}, 4, "gpus_per_run: must be at most 4"),
        ({"memory": 17 * 2**30}, 4, "gpu_memory: must be at most 16 GiB"),
        ({"memory": 1}, -1, "gpu_memory: the memory of the GPUs is unknown"),
        ({"gpus": 4}, 4, ""),
        ({}, 0, ""),
    ],
)
def test_what_can_never_be_satisfied_is_said(
    request_: dict[str, Any], gpus: int, said: str, tmp_path: Path
) -> None:
    slots = SlotAllocator(SlotRequest(**request_), {"WANDB_MAGIC_LEASES": str(tmp_path)}, "s")
    devices = GPUS[:gpus] if gpus >= 0 else [Device("x", "0")]
    problem = slots.set_devices(devices)
    assert problem.startswith(said)
    assert bool(problem) is bool(said)


@pytest.mark.parametrize(
    "wants",
    [{}, {"devices": 1}, {"devices": [1, None]}, {"devices": ["id0"], "gpus": "x"},
     {"devices": ["id0"], "gpus": -1}, {"devices": ["id0"], "gpus": 1e300},
     {"devices": ["id0"], "agents": 0, "agent": -5}, {"excluded": {}, "devices": ["id0"]}],
)  # fmt: skip
def test_odd_tickets_of_others_hold_nobody_up(wants: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "ticket-1-x.json").write_text(json.dumps({"number": 0, "wants": wants}))
    assert Sweep(tmp_path, gpus=2).start(0, 2) in ("0", "1")


def test_a_gpu_that_fails_gets_no_more_runs(tmp_path: Path) -> None:
    sweep = Sweep(tmp_path, gpus=2)
    for number in (0, 2):
        assert [sweep.start(agent, 2) for agent in (0, 1)] == ["0", "1"]
        notice = sweep.end(number, ResourceError.DEVICE)
        assert sweep.end(number + 1) == ""
    assert notice == (
        "GPU 0 (A100): 2 runs in a row failed with device errors, so it gets no runs for a while "
        "and is then tried again"
    )
    assert [sweep.start(agent, 2) for agent in (0, 1)] == ["1", "1"]


def test_a_run_that_an_earlier_supervisor_started_keeps_its_slot(tmp_path: Path) -> None:
    before, after = (Sweep(tmp_path, gpus=1, each=1) for _ in range(2))
    assert before.start() == "0"
    after.slots.adopt(RunId("s-0"))
    assert after.slots.reserve(0, 1).startswith("waiting")
    after.end(0)
    assert after.slots.reserve(0, 1) == ""
    after.slots.close()
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["lock"]


def test_a_private_folder_takes_the_place_of_one_that_cannot_be_used(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    slots = SlotAllocator(SlotRequest(), {"WANDB_MAGIC_LEASES": str(tmp_path / "file")}, "s")
    slots.set_devices(GPUS)
    with pytest.raises(OSError, match="file"):
        slots.reserve(0, 2)
    slots.use_private_folder(tmp_path / "own")
    assert slots.reserve(0, 2) == ""


def test_what_people_see_of_gpus_is_who_has_them_and_how_busy_they_are(tmp_path: Path) -> None:
    one, other = (
        Sweep(tmp_path, name, gpus=2, each=0.5) for name in ("sweep000", "sweep-sweep001")
    )
    assert [one.start(), other.start()] == ["0", "1"]
    (tmp_path / "lease-x.json").write_text(
        (next(tmp_path.glob("lease-*.json"))).read_text().replace("sweep00", "<b>s")
    )
    run = RunId("sweep000-0")
    readings = {"gpu.0.gpu": 71.0, "gpu.0.memoryAllocatedBytes": 2e9, "gpu.1.gpu": 3.0}
    one.slots.on_logged(run, [SystemRecord(0.0, {**readings, "cpu": 1.0})])
    first, second = one.slots.gpus()
    assert (first.label, first.busy, first.used, first.out_until) == ("0", 71.0, 2e9, None)
    assert (second.label, second.busy, second.used) == ("1", None, None), (
        "none of our runs is there"
    )
    assert {share.sweep for gpu in (first, second) for share in gpu.shares} == {
        *("sweep000", "sweep001"),
        "",  # what is no id says nothing
    }
    one.end(0)
    assert one.slots.gpus()[0].busy is None
