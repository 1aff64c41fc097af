"""What executes the runs of a sweep: the machines, their GPUs, and who has which share of them.

A runner records what its machine has, a launcher puts the machines together, and the supervisor
stores the result, for people to see: nothing is decided by it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class GpuShare:
    """A share of a GPU that is leased.

    Attributes
    ----------
    sweep, run
        Who has it; `run` is "" until a run has begun, and both are if they are not known.
    fraction, memory
        How much of the GPU, and bytes of its memory; 0 if only the fraction was asked for.
    """

    sweep: str
    run: str
    fraction: float
    memory: int


@dataclass(frozen=True)
class Gpu:
    """A GPU, or a MIG slice of one.

    Attributes
    ----------
    id, label, name
        Its id, what stands for it in ``CUDA_VISIBLE_DEVICES``, and the product's name, or "".
    memory
        Its memory in bytes; None if unknown.
    shares
        The shares that are leased, by any sweep of this machine.
    busy, used
        How busy it is in percent, and how much of its memory is used in bytes, by all programs,
        as W&B measured it last in one of the sweep's runs; None without such a run.
    out_until
        When it is tried again if it was taken out after errors, in seconds since the epoch.
    """

    id: str
    label: str
    name: str
    memory: int | None
    shares: tuple[GpuShare, ...] = ()
    busy: float | None = None
    used: float | None = None
    out_until: float | None = None


@dataclass(frozen=True)
class Host:
    """A machine, or a worker of a cluster.

    Attributes
    ----------
    name, address
        Its name, and the address of the worker, or "".
    slots
        How many runs of any user it executes at a time; None if only the agents limit them.
    runs
        The ids of the sweep's runs that it executes.
    gpus
        Its GPUs that runs may use.
    problem
        Why it gets no runs, or "".
    out_until
        As of a `Gpu`, if the whole worker was taken out.
    """

    name: str
    address: str = ""
    slots: int | None = None
    runs: tuple[str, ...] = ()
    gpus: tuple[Gpu, ...] = ()
    problem: str = ""
    out_until: float | None = None


@dataclass(frozen=True)
class Resources:
    """What executes the runs of a sweep.

    Attributes
    ----------
    hosts
        The machines or workers.
    problem
        Why none of them can be reached at present, or "".
    """

    hosts: tuple[Host, ...] = ()
    problem: str = ""

    def to_document(self) -> dict[str, Any]:
        """Return it as a JSON object."""
        return asdict(self)

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Resources:
        """Return what `to_document` has made a JSON object of."""
        hosts = tuple(
            Host(**{**host, "runs": tuple(host["runs"]), "gpus": tuple(map(_gpu, host["gpus"]))})
            for host in document["hosts"]
        )
        return cls(hosts, document["problem"])


def _gpu(document: Mapping[str, Any]) -> Gpu:
    return Gpu(**{**document, "shares": tuple(GpuShare(**each) for each in document["shares"])})
