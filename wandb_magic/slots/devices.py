"""Which GPUs runs may use: those of the machine, restricted by the user's own variables."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wandb_magic.child_process import NEUTRAL_DIR

DEVICES_ENV = "WANDB_MAGIC_GPUS"
"""Describes the GPUs in the place of the drivers: the JSON that `list_devices` prints."""
VISIBILITY_VARIABLES = ("CUDA_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES")
"""What shows a program only some of the GPUs."""
TIMEOUT_S = 10.0
EXIT_TIMEOUT_S = 1.0  # for a killed process to exit

# Without any of these, no driver is loaded, and no process needs to be started.
_DRIVER_FILES = ("/dev/nvidiactl", "/dev/nvidia0", "/dev/dxg", "/dev/nvhost-gpu", "/dev/kfd")


class DeviceError(Exception):
    """The GPUs cannot be listed; the message says why."""


@dataclass(frozen=True)
class Device:
    """A GPU, or a MIG slice of one.

    Attributes
    ----------
    id
        What identifies it on this machine, for all programs.
    token
        What stands for it in the variable that shows GPUs to a program.
    kind
        ``cuda`` or ``rocm``.
    name
        The product's name, or "".
    memory
        Its memory in bytes; None if unknown.
    """

    id: str
    token: str
    kind: str = "cuda"
    name: str = ""
    memory: int | None = None


def find_devices(environment: Mapping[str, str]) -> tuple[Device, ...]:
    """Return the GPUs that a program with this environment sees, in its order.

    It may take as long as `TIMEOUT_S`, and must not be called in an event loop.

    Raises
    ------
    DeviceError
        If the driver fails or does not respond. GPUs that the environment names are returned
        nevertheless, without their memory.
    """
    error: DeviceError | None = None
    listed: list[Device] = []
    try:
        listed = _listed_devices(environment)
    except DeviceError as problem:
        error = problem
    visible = _visible_devices(environment, listed)
    if visible is not None:
        return visible
    if error is not None:
        raise error
    # Programs see GPUs of one kind: CUDA and ROCm are separate builds.
    kinds = {device.kind for device in listed}
    return tuple(device for device in listed if len(kinds) == 1 or device.kind == "cuda")


def visibility_variables(
    devices: tuple[Device, ...], environment: Mapping[str, str]
) -> dict[str, str]:
    """Return the variables that show a program only these GPUs."""
    if not devices:
        return {}
    tokens = ",".join(device.token for device in devices)
    if devices[0].kind == "rocm":
        return {"HIP_VISIBLE_DEVICES": tokens}
    variables = {"CUDA_VISIBLE_DEVICES": tokens}
    if "CUDA_VISIBLE_DEVICES" not in environment:
        # The numbers are those of the driver, and CUDA's own order is another one.
        variables["CUDA_DEVICE_ORDER"] = "PCI_BUS_ID"
    return variables


def _visible_devices(
    environment: Mapping[str, str], listed: list[Device]
) -> tuple[Device, ...] | None:
    """Return the GPUs that the environment names; None if it names none."""
    if (tokens := environment.get("CUDA_VISIBLE_DEVICES")) is not None:
        return _of_tokens(tokens, "cuda", listed)
    if (tokens := environment.get("HIP_VISIBLE_DEVICES")) is not None:
        return _of_tokens(tokens, "rocm", listed)
    if (tokens := environment.get("ROCR_VISIBLE_DEVICES")) is not None:
        # HIP counts what ROCr leaves.
        chosen = _of_tokens(tokens, "rocm", listed)
        return tuple(
            Device(device.id, str(position), "rocm", device.name, device.memory)
            for position, device in enumerate(chosen)
        )
    return None


def _of_tokens(text: str, kind: str, listed: list[Device]) -> tuple[Device, ...]:
    of_kind = [device for device in listed if device.kind == kind]
    chosen: dict[str, Device] = {}
    for token in (part.strip() for part in text.split(",")):
        if not token or token == "-1":  # noqa: S105 - CUDA ignores it and all that follow
            break
        match = next(
            (
                device
                for device in of_kind
                if device.token == token or (len(token) > 3 and device.id.startswith(token))  # noqa: PLR2004 - `GPU` or `MIG` alone says nothing
            ),
            None,
        )
        device = (
            Device(match.id, token, kind, match.name, match.memory)
            if match is not None
            else Device(f"{kind}:{token}", token, kind)
        )
        chosen.setdefault(device.id, device)
    return tuple(chosen.values())


def _listed_devices(environment: Mapping[str, str]) -> list[Device]:
    described = environment.get(DEVICES_ENV)
    if described is None:
        if not any(Path(file).exists() for file in _DRIVER_FILES):
            return []
        described = _query_drivers(environment)
    try:
        return [_parse(item) for item in json.loads(described)]
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise DeviceError(f"the list of GPUs is not valid: {error}") from error


def _parse(item: Mapping[str, Any]) -> Device:
    index, memory = item.get("index"), item.get("memory")
    return Device(
        id=str(item["id"]),
        token=str(item["id"] if index is None else index),
        kind=str(item.get("kind", "cuda")),
        name=str(item.get("name", "")),
        memory=None if memory is None else int(memory),
    )


def _query_drivers(environment: Mapping[str, str]) -> str:
    try:
        with (
            tempfile.TemporaryFile("w+", encoding="utf-8") as output,
            tempfile.TemporaryFile("w+", encoding="utf-8") as errors,
        ):
            process = subprocess.Popen(
                [sys.executable, "-m", "wandb_magic.slots.list_devices"],
                stdin=subprocess.DEVNULL,
                stdout=output,  # a pipe would block for as long as any process has it open
                stderr=errors,
                start_new_session=True,
                cwd=NEUTRAL_DIR,
                env=dict(environment),
            )
            try:
                code = process.wait(TIMEOUT_S)
            except subprocess.TimeoutExpired:
                # If the driver hangs, even SIGKILL does not end it; do not wait for it.
                with suppress(OSError, subprocess.TimeoutExpired):
                    os.killpg(process.pid, signal.SIGKILL)
                    process.wait(EXIT_TIMEOUT_S)
                raise DeviceError(
                    f"the GPU driver does not respond within {TIMEOUT_S:g} s"
                ) from None
            output.seek(0)
            errors.seek(0)
            text = output.read()
            lines = errors.read().strip().splitlines()
    except OSError as error:
        raise DeviceError(f"the GPUs cannot be listed: {error.strerror or error}") from error
    # The runner may have reaped the process, so its exit code is lost; what it printed counts.
    if not text:
        raise DeviceError(
            f"the GPUs cannot be listed: {lines[-1] if lines else f'exit code {code}'}"
        )
    return text
