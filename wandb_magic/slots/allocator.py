"""Assigns GPUs to runs: a share for each, or all that is free, divided evenly among agents."""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from wandb_magic.log_records import LogRecord
from wandb_magic.records import RunId, is_id
from wandb_magic.resources import Gpu, GpuShare
from wandb_magic.slots.circuit_breaker import CircuitBreaker
from wandb_magic.slots.devices import Device, visibility_variables
from wandb_magic.slots.gpu_readings import GpuReadings
from wandb_magic.slots.leases import (
    Lease,
    LeaseFolder,
    Load,
    Share,
    Shares,
    lease_folder,
)
from wandb_magic.slots.memory_peak import MemoryPeak
from wandb_magic.slots.resource_errors import ResourceError

EPSILON = 1e-6
"""Shares are sums of fractions such as 0.1, which are not exact."""
FURTHER = 0.99
"""What a further GPU of a run counts for, so that others prefer it to the run's first."""
JAX_HEADROOM = 0.9
"""The part of a share that JAX allocates at its start; the rest is for CUDA itself."""
MAX_NAMED = 3
"""Sweeps that are named where a run waits for their GPUs."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class SlotRequest:
    """What each run of a sweep needs of the GPUs.

    Attributes
    ----------
    gpus
        How many: a whole number, or a fraction below 1. None: no particular share.
    memory
        Bytes of GPU memory; None if unknown.
    """

    gpus: float | None = None
    memory: int | None = None

    @property
    def is_exclusive(self) -> bool:
        """Whether runs wait until their share is free, and never have less than it."""
        return self.gpus is not None or self.memory is not None

    def problem(self, devices: Sequence[Device]) -> str:
        """Return why these GPUs can never satisfy the request, or ""."""
        if not self.is_exclusive:
            return ""
        option = "gpus_per_run" if self.gpus is not None else "gpu_memory"
        if not devices:
            return (
                f"{option}: no GPU was found on this machine: leave the option out, or see "
                "`%wandb_sweep doctor`"
            )
        if self.gpus is not None and self.gpus > len(devices):
            return f"gpus_per_run: must be at most {len(devices)}, as many as there are here"
        largest = max((device.memory or 0 for device in devices), default=0)
        if self.memory is not None and not largest:
            return "gpu_memory: the memory of the GPUs is unknown: use gpus_per_run"
        if self.memory is not None and self.memory > largest:
            return f"gpu_memory: must be at most {format_bytes(largest)}, and no GPU here has more"
        return ""


@dataclass(frozen=True)
class Slot:
    """What a run may use.

    Attributes
    ----------
    environment
        The variables that show its GPUs to it.
    lease
        Its lease; None if the machine has no GPUs.
    """

    environment: Mapping[str, str] = field(default_factory=dict)
    lease: Lease | None = None

    @property
    def device_ids(self) -> list[str]:
        """The ids of its GPUs."""
        return list(self.lease.shares) if self.lease is not None else []


class SlotAllocator:
    """The GPUs of one machine, as one sweep uses them.

    Parameters
    ----------
    request
        What each run needs.
    environment
        The environment of the runs.
    sweep
        The sweep's id.
    """

    def __init__(self, request: SlotRequest, environment: Mapping[str, str], sweep: str) -> None:
        self._request = request
        self._environment = environment
        self._folder = LeaseFolder(lease_folder(environment), sweep)
        self._devices: dict[str, Device] = {}
        self._reserved: Slot | None = None
        self._slots: dict[RunId, Slot] = {}
        self._previous: dict[int, tuple[str, ...]] = {}  # by agent
        self.breaker = CircuitBreaker()
        self._peak = MemoryPeak()
        self._readings = GpuReadings()

    def set_devices(self, devices: Sequence[Device]) -> str:
        """Set the GPUs that may be used; return why they can never suffice, or ""."""
        self._devices = {device.id: device for device in devices}
        return self._request.problem(devices)

    def use_private_folder(self, folder: Path) -> None:
        """Keep leases in a folder of this sweep, so that other sweeps do not see them."""
        self._folder = LeaseFolder(folder, self._folder.sweep)

    def reserve(self, agent: int, agents: int, *, alone: bool = False) -> str:
        """Reserve what the next run of an agent needs; return what it waits for, or "".

        Parameters
        ----------
        agent, agents
            The agent, and how many there are.
        alone
            Whether the run must share its GPUs with no other.

        Raises
        ------
        OSError
            If the folder of leases cannot be used.
        """
        if self._reserved is not None:
            return ""
        if not self._devices:
            self._reserved = Slot()
            return ""
        wants: dict[str, Any] = {
            "devices": list(self._devices),
            "gpus": self._request.gpus,
            "memory": self._request.memory,
            "alone": alone,
            "agent": agent,
            "agents": agents,
            "excluded": self.breaker.excluded(self._devices),
        }
        lease = self._folder.acquire(wants, self._choose)
        if lease is None:
            return self._wait_reason(wants)
        self._reserved = Slot(self._variables(lease.shares), lease)
        return ""

    def cancel(self) -> None:
        """Give up what is reserved, and wait no longer."""
        self._folder.withdraw()
        if self._reserved is not None:
            _remove(self._reserved.lease)
            self._reserved = None

    def assign(self, run: RunId, agent: int) -> Slot | None:
        """Give a run what is reserved, unless it has a slot; None if nothing is reserved."""
        if run in self._slots or self._reserved is None:
            return self._slots.get(run)
        slot, self._reserved = self._reserved, None
        if slot.lease is not None:
            slot = Slot(slot.environment, self._folder.assign(slot.lease, run))
            self._previous[agent] = tuple(slot.device_ids)
        self._slots[run] = slot
        self.breaker.on_started(slot.device_ids)
        return slot

    def adopt(self, run: RunId) -> None:
        """Take over the slot of a run that an earlier supervisor started."""
        try:
            lease = self._folder.adopt(run)
        except OSError:
            return
        if lease is not None:
            self._slots[run] = Slot(lease=lease)

    def on_logged(self, run: RunId, entries: Sequence[LogRecord]) -> None:
        """Learn from a run's system metrics how busy GPUs are, and how much memory runs need."""
        if self._devices:
            self._readings.on_logged(run, entries)
        if self._devices and not self._request.is_exclusive:
            self._peak.on_logged(run, entries)

    def release(self, run: RunId, error: ResourceError | None, *, succeeded: bool) -> str:
        """Free the slot of a run that has ended; return a notice about its GPUs, or ""."""
        advice = self._peak.on_ended(run, list(self._devices.values()), succeeded=succeeded)
        self._readings.on_ended(run)
        slot = self._slots.pop(run, None)
        if slot is None:
            return advice
        _remove(slot.lease)
        names = {each: self._describe(each) for each in slot.device_ids}
        if succeeded:
            return self.breaker.on_success(names) or advice
        if error is ResourceError.DEVICE:
            return self.breaker.on_device_error(names, list(self._devices))
        self.breaker.on_inconclusive(names)
        return ""

    def alternatives(self, run: RunId) -> tuple[str, bool]:
        """Return the names of a run's GPUs, and whether there are others that do not fail."""
        slot = self._slots.get(run, Slot())
        names = ", ".join(map(self._describe, slot.device_ids))
        others = set(self._devices) - set(slot.device_ids)
        return names, not all(map(self.breaker.is_failing, others))

    def gpus(self) -> tuple[Gpu, ...]:
        """Return the GPUs, who has which share of them, and how busy they are."""
        if not self._devices:
            return ()
        shares: dict[str, list[GpuShare]] = {each: [] for each in self._devices}
        for lease in self._leases():
            for device, share in lease.shares.items():
                if device in shares:
                    run = lease.run if is_id(lease.run) else ""
                    shares[device].append(
                        GpuShare(_sweep_id(lease.sweep), run, share.fraction, share.memory)
                    )
        readings = {
            device: self._readings.latest(run, self._devices[device])
            for run, slot in self._slots.items()
            for device in slot.device_ids
            if device in self._devices
        }
        return tuple(
            Gpu(
                device.id,
                device.token,
                device.name,
                device.memory,
                tuple(sorted(shares[device.id], key=lambda each: (each.sweep, each.run))),
                *readings.get(device.id, (None, None)),
                self.breaker.out_until(device.id),
            )
            for device in self._devices.values()
        )

    def _leases(self) -> list[Lease]:
        try:
            return list(self._folder.leases())
        except OSError:  # the folder cannot be read: no lease could be taken either
            return []

    def close(self) -> None:
        """Give up everything; no run is active any more."""
        self.cancel()
        self._folder.clean()
        for slot in self._slots.values():
            _remove(slot.lease)
        self._slots.clear()

    def _describe(self, device: str) -> str:
        known = self._devices.get(device) or Device(device, device)
        return f"GPU {known.token}" + (f" ({known.name})" if known.name else "")

    # Choosing

    def _choose(self, load: Mapping[str, Load], wants: Mapping[str, Any]) -> Shares | None:
        """Choose shares for a request, which may be another sweep's and have any content."""
        excluded = set(_strings(wants.get("excluded")))
        devices = [
            self._devices.get(each) or Device(each, each)
            for each in _strings(wants.get("devices"))
        ]
        usable = [device for device in devices if device.id not in excluded] or devices
        gpus, memory = _number(wants.get("gpus")), _number(wants.get("memory"))
        alone = wants.get("alone") is True
        if gpus is None and memory is None:
            # What another run has to itself stays its own.
            usable = [
                device
                for device in usable
                if not (load[device.id].leases if alone else load[device.id].exclusive)
            ]
            return self._even_share(load, usable, wants) if usable else None
        count = math.ceil(gpus) if gpus is not None else 1
        free = [
            (load[device.id].fraction, order, device, share)
            for order, device in enumerate(usable)
            if (share := _free_share(load[device.id], device, gpus, memory, alone=alone))
        ]
        if len(free) < count:
            return None
        # The least loaded first, so that runs get in each other's way as late as possible.
        return {device.id: share for _, _, device, share in sorted(free)[:count]}

    def _even_share(
        self, load: Mapping[str, Load], devices: Sequence[Device], wants: Mapping[str, Any]
    ) -> Shares:
        """Divide GPUs among agents: the ones that others use least, or that the agent had."""
        agent = int(_number(wants.get("agent")) or 0)
        agents = max(1, int(_number(wants.get("agents")) or 1))
        previous = self._previous.get(agent, ())
        ranked = sorted(
            range(len(devices)),
            key=lambda order: (
                load[devices[order].id].fraction,
                devices[order].id not in previous,
                order,
            ),
        )
        count = len(devices) // agents + (agent < len(devices) % agents)
        fraction = 1.0 if count else len(devices) / agents
        chosen = ranked[: max(count, 1)]
        if agents > 1:
            chosen.sort()
        # A program that uses one of several GPUs uses the first.
        return {
            devices[order].id: Share(fraction if order == chosen[0] else fraction * FURTHER)
            for order in chosen
        }

    def _variables(self, shares: Shares) -> dict[str, str]:
        devices = tuple(self._devices[each] for each in shares if each in self._devices)
        if not self._request.is_exclusive and devices == tuple(self._devices.values()):
            return {}  # everything, in the order that it has anyway
        variables = visibility_variables(devices, self._environment)
        fraction = min((share.fraction for share in shares.values()), default=1.0)
        if self._request.is_exclusive and fraction < 1:
            # Both would take the whole memory of a GPU.
            variables["XLA_PYTHON_CLIENT_MEM_FRACTION"] = f"{fraction * JAX_HEADROOM:.3f}"
            variables["TF_FORCE_GPU_ALLOW_GROWTH"] = "true"
        return {
            name: value
            for name, value in variables.items()
            if name.endswith("VISIBLE_DEVICES") or name not in self._environment
        }

    def _wait_reason(self, wants: Mapping[str, Any]) -> str:
        request = self._request
        need = "a GPU" if request.gpus in (None, 1) else f"{request.gpus:g} GPUs"
        if request.gpus is not None and request.gpus < 1:
            need = f"{request.gpus:g} of a GPU"
        elif request.gpus is None and request.memory is not None:
            need = f"{format_bytes(request.memory)} of GPU memory"
        if wants["alone"]:
            need += " for itself"
        count = len(self._devices)
        leased: dict[str, set[str]] = {}
        for lease in self._leases():
            if devices := self._devices.keys() & lease.shares.keys():
                leased.setdefault(lease.sweep, set()).update(devices)
        parts = [
            f"{len(devices)} of {count} leased by {self._describe_sweep(sweep)}"
            for sweep, devices in sorted(
                leased.items(), key=lambda each: (each[0] != self._folder.sweep, each[0])
            )
        ]
        if len(parts) > MAX_NAMED:
            parts[MAX_NAMED:] = [f"and by {len(parts) - MAX_NAMED} more sweeps"]
        if wants["excluded"]:
            parts.append(f"{len(wants['excluded'])} of {count} taken out after errors")
        return f"waiting for {need}: {', '.join(parts) or f'{count} here'}"

    def _describe_sweep(self, sweep: str) -> str:
        if sweep == self._folder.sweep:
            return "this sweep"
        return f"sweep {id_}" if (id_ := _sweep_id(sweep)) else "another sweep"


def _sweep_id(sweep: str) -> str:
    """Return the id of a sweep from a lease, which may be another user's; "" if it is none."""
    id_ = sweep.removeprefix("sweep-")  # on a worker, it is the name of its folder
    return id_ if is_id(id_) else ""


def _free_share(
    load: Load, device: Device, gpus: float | None, memory: float | None, *, alone: bool
) -> Share | None:
    """Return the share of a GPU that a request gets; None if that much is not free."""
    total = device.memory or 0
    fraction = min(gpus, 1.0) if gpus is not None else (memory or 0) / total if total else 1.0
    size = int(memory) if memory is not None else int(fraction * total)
    if alone or fraction >= 1:
        return None if load.leases else Share(1.0, max(size, total))
    if load.leases > load.exclusive:  # of a run that may use all of it
        return None
    fits = load.fraction + fraction <= 1 + EPSILON
    if total and load.memory + size > total * (1 + EPSILON):
        fits = False
    return Share(fraction, size) if fits else None


def format_bytes(size: int) -> str:
    """Return a size in GiB, or in MiB below one."""
    return f"{size / 2**30:.3g} GiB" if size >= 2**30 else f"{size / 2**20:.3g} MiB"


def _remove(lease: Lease | None) -> None:
    if lease is not None:
        lease.path.unlink(missing_ok=True)


def _strings(value: object) -> list[str]:
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []


def _number(value: object) -> float | None:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return float(value) if is_number and math.isfinite(value) and value >= 0 else None  # type: ignore[arg-type,operator]
