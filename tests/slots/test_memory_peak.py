"""What is learned about the GPU memory that runs need."""

from wandb_magic.log_records import SystemRecord
from wandb_magic.records import RunId
from wandb_magic.slots.devices import Device
from wandb_magic.slots.memory_peak import MemoryPeak

RUN, OTHER = RunId("a"), RunId("b")
GIB = 2**30


def used(*sizes: float) -> list[SystemRecord]:
    key = "gpu.process.0.memoryAllocatedBytes"
    return [SystemRecord(0.0, {key: size * GIB, "cpu": 1e18}) for size in sizes]


def test_the_first_success_says_how_many_fit() -> None:
    peak, gpus = MemoryPeak(), [Device("g", "0", memory=16 * GIB)]
    peak.on_logged(RUN, used(9.0))
    assert peak.on_ended(RUN, gpus, succeeded=False) == ""
    peak.on_logged(OTHER, used(1.0, 3.0, 2.0))
    assert peak.on_ended(OTHER, gpus, succeeded=True) == (
        "the first run used up to 3.0 GiB of GPU memory: with --gpu-memory 4G, 4 runs share one "
        "GPU"
    )
    peak.on_logged(RUN, used(5.0))
    assert peak.on_ended(RUN, gpus, succeeded=True) == ""


def test_what_does_not_fit_twice_is_said_too() -> None:
    peak = MemoryPeak()
    peak.on_logged(RUN, used(13.0))
    assert peak.on_ended(RUN, [Device("g", "0", memory=16 * GIB)], succeeded=True) == (
        "the first run used up to 13.0 GiB of GPU memory, so that runs do not fit on one GPU "
        "together"
    )


def test_runs_without_a_gpu_say_nothing() -> None:
    peak = MemoryPeak()
    peak.on_logged(RUN, [SystemRecord(0.0, {"cpu": 5.0})])
    assert peak.on_ended(RUN, [], succeeded=True) == ""
