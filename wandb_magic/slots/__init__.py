"""Slots: which share of a machine's GPUs and cores each run has."""

from wandb_magic.slots.allocator import Slot, SlotAllocator, SlotRequest
from wandb_magic.slots.circuit_breaker import CircuitBreaker
from wandb_magic.slots.devices import Device, DeviceError, find_devices
from wandb_magic.slots.resource_errors import ResourceError, resource_error

__all__ = [
    "CircuitBreaker",
    "Device",
    "DeviceError",
    "ResourceError",
    "Slot",
    "SlotAllocator",
    "SlotRequest",
    "find_devices",
    "resource_error",
]
