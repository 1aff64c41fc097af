"""Prints the GPUs of this machine as JSON: ``python -m wandb_magic.slots.list_devices``.

It is a process of its own, because a call of a hanging driver can neither be interrupted nor end
in a thread. The list has an object for each GPU with `id`, `index`, `kind`, `name` and `memory`;
GPUs that are divided into MIG slices are replaced by their slices, which have no index.
"""

from __future__ import annotations

import json
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

KFD_NODES = Path("/sys/class/kfd/kfd/topology/nodes")
"""Where the kernel's AMD driver describes GPUs and CPUs."""
_LOCAL_HEAP, _PUBLIC_HEAP = 1, 2  # the kinds of GPU memory there


def nvidia_devices() -> list[dict[str, Any]]:
    """Return the NVIDIA GPUs, or their MIG slices, in the order of their PCI addresses.

    Raises
    ------
    pynvml.NVMLError
        If the driver reports an error.
    """
    import pynvml  # noqa: PLC0415 - only where there is a driver

    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError as error:
        if error.value in (
            pynvml.NVML_ERROR_LIBRARY_NOT_FOUND,
            pynvml.NVML_ERROR_DRIVER_NOT_LOADED,
        ):
            return []
        raise
    found: list[dict[str, Any]] = []
    for index in range(pynvml.nvmlDeviceGetCount()):
        device = pynvml.nvmlDeviceGetHandleByIndex(index)
        slices = _mig_slices(pynvml, device)
        if slices is None:
            found.append({**_describe(pynvml, device), "index": index})
        else:
            found += [{**_describe(pynvml, each), "index": None} for each in slices]
    return found


def _mig_slices(pynvml: Any, device: Any) -> list[Any] | None:  # noqa: ANN401 - pynvml has no types
    """Return the MIG slices of a GPU; None if it is not divided."""
    try:
        current, _ = pynvml.nvmlDeviceGetMigMode(device)
    except pynvml.NVMLError:  # a GPU without MIG
        return None
    if current != pynvml.NVML_DEVICE_MIG_ENABLE:
        return None
    slices = []
    for number in range(pynvml.nvmlDeviceGetMaxMigDeviceCount(device)):
        with suppress(pynvml.NVMLError):  # there is no slice of this number
            slices.append(pynvml.nvmlDeviceGetMigDeviceHandleByIndex(device, number))
    return slices


def _describe(pynvml: Any, device: Any) -> dict[str, Any]:  # noqa: ANN401 - as above
    name = "NVIDIA GPU"
    with suppress(pynvml.NVMLError):
        name = _text(pynvml.nvmlDeviceGetName(device))
    memory = None
    with suppress(pynvml.NVMLError):  # GPUs that share the memory of the machine report none
        memory = int(pynvml.nvmlDeviceGetMemoryInfo(device).total)
    uuid = _text(pynvml.nvmlDeviceGetUUID(device))
    return {"id": uuid, "kind": "cuda", "name": name, "memory": memory}


def _text(value: str | bytes) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else value


def amd_devices() -> list[dict[str, Any]]:
    """Return the AMD GPUs in the order of HIP, from the files of the kernel's driver."""
    found: list[dict[str, Any]] = []
    nodes = [path for path in KFD_NODES.glob("*") if path.name.isdigit()]
    for node in sorted(nodes, key=lambda path: int(path.name)):
        with suppress(OSError):
            properties = _properties(node / "properties")
            if not int(properties.get("simd_count", 0)):
                continue  # a CPU
            banks = [_properties(bank) for bank in node.glob("mem_banks/*/properties")]
            heaps = [
                int(bank["size_in_bytes"])
                for bank in banks
                if int(bank.get("heap_type", 0)) in (_LOCAL_HEAP, _PUBLIC_HEAP)
            ]
            index = len(found)
            unique = int(properties.get("unique_id", 0))
            found.append(
                {
                    "id": f"GPU-{unique:016x}" if unique else f"rocm:{index}",
                    "index": index,
                    "kind": "rocm",
                    "name": "AMD GPU",
                    "memory": sum(heaps) or None,
                }
            )
    return found


def _properties(path: Path) -> dict[str, str]:
    pairs = (line.split(maxsplit=1) for line in path.read_text(encoding="ascii").splitlines())
    return {pair[0]: pair[1] for pair in pairs if len(pair) == 2}  # noqa: PLR2004 - name, value


def main() -> None:
    """Print the list; an error of a driver becomes the exit message."""
    try:
        found = nvidia_devices()
    except Exception as error:  # noqa: BLE001 - whatever a driver or its bindings raise
        sys.exit(f"{type(error).__name__}: {error}")
    sys.stdout.write(json.dumps(found + amd_devices()))


if __name__ == "__main__":
    main()
