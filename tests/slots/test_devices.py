"""Which GPUs there are: modules stand in for the driver's bindings."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest

from wandb_magic.slots import devices, list_devices
from wandb_magic.slots.devices import DeviceError, find_devices, visibility_variables

GIB = 2**30
LISTED = [
    {"id": f"GPU-{letter * 4}", "index": index, "kind": "cuda", "name": "A100", "memory": GIB}
    for index, letter in enumerate("abc")
]
MIG = [{"id": f"MIG-{n}", "index": None, "kind": "cuda", "name": "", "memory": 1} for n in "pq"]
AMD = [{"id": f"GPU-{n}", "index": n, "kind": "rocm", "name": "AMD", "memory": 1} for n in (0, 1)]


def shown(listed: list[dict[str, object]], **environment: str) -> list[str]:
    """Return what two agents' worth of variables show, and the ids, of all GPUs."""
    found = find_devices({devices.DEVICES_ENV: json.dumps(listed), **environment})
    return [device.token for device in found]


def ids(listed: list[dict[str, object]], **environment: str) -> list[str]:
    found = find_devices({devices.DEVICES_ENV: json.dumps(listed), **environment})
    return [device.id for device in found]


def test_a_machine_without_a_driver_starts_no_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "_DRIVER_FILES", ("/nowhere",))
    monkeypatch.setattr(devices, "_query_drivers", lambda _: pytest.fail("it asks"))
    assert find_devices({}) == ()


def test_all_are_seen_without_a_variable() -> None:
    assert shown(LISTED) == ["0", "1", "2"]
    assert shown(MIG) == ["MIG-p", "MIG-q"]
    assert shown(AMD) == ["0", "1"]
    assert shown([*LISTED, *AMD]) == ["0", "1", "2"]


@pytest.mark.parametrize(
    ("variable", "tokens", "names"),
    [
        ("2,0", ["2", "0"], ["GPU-cccc", "GPU-aaaa"]),
        (" 1 , 2", ["1", "2"], ["GPU-bbbb", "GPU-cccc"]),
        ("GPU-b,GPU-aaaa", ["GPU-b", "GPU-aaaa"], ["GPU-bbbb", "GPU-aaaa"]),
        ("1,1,GPU-bbbb", ["1"], ["GPU-bbbb"]),
        ("1,-1,2", ["1"], ["GPU-bbbb"]),
        ("", [], []),
        ("-1", [], []),
        ("7", ["7"], ["cuda:7"]),
        ("GPU", ["GPU"], ["cuda:GPU"]),
    ],
)
def test_the_users_variable_restricts_them(
    variable: str, tokens: list[str], names: list[str]
) -> None:
    assert shown(LISTED, CUDA_VISIBLE_DEVICES=variable) == tokens
    assert ids(LISTED, CUDA_VISIBLE_DEVICES=variable) == names


def test_hip_counts_what_rocr_leaves() -> None:
    assert ids(AMD, ROCR_VISIBLE_DEVICES="1") == ["GPU-1"]
    assert shown(AMD, ROCR_VISIBLE_DEVICES="1") == ["0"]
    assert shown(AMD, HIP_VISIBLE_DEVICES="1") == ["1"]
    found = find_devices({devices.DEVICES_ENV: json.dumps(AMD)})
    assert visibility_variables(found[1:], {}) == {"HIP_VISIBLE_DEVICES": "1"}


def test_numbers_are_those_of_the_driver() -> None:
    environment = {devices.DEVICES_ENV: json.dumps(LISTED)}
    one = find_devices(environment)[1:2]
    assert visibility_variables(one, environment) == {
        "CUDA_VISIBLE_DEVICES": "1",
        "CUDA_DEVICE_ORDER": "PCI_BUS_ID",
    }
    environment["CUDA_VISIBLE_DEVICES"] = "2,1"
    one = find_devices(environment)[1:]
    assert visibility_variables(one, environment) == {"CUDA_VISIBLE_DEVICES": "1"}


@pytest.mark.parametrize(
    "text", ["", "[", "{}x", "[1]", '[{"index": 0}]', '[{"id": 1, "memory": "x"}]']
)
def test_a_list_that_is_none_is_an_error_in_a_sentence(text: str) -> None:
    with pytest.raises(DeviceError, match="list of GPUs is not valid"):
        find_devices({devices.DEVICES_ENV: text})
    # What the user names is there all the same.
    found = find_devices({devices.DEVICES_ENV: text, "CUDA_VISIBLE_DEVICES": "0,1"})
    assert [device.id for device in found] == ["cuda:0", "cuda:1"]


BINDINGS = """
import time
class NVMLError(Exception):
    value = 0
NVML_ERROR_LIBRARY_NOT_FOUND, NVML_ERROR_DRIVER_NOT_LOADED, NVML_DEVICE_MIG_ENABLE = 12, 9, 1
class Memory:
    total = 8 << 30
def nvmlInit(): pass
def nvmlDeviceGetCount(): return 2
def nvmlDeviceGetHandleByIndex(index): return f"GPU-{index}"
def nvmlDeviceGetMigMode(device): raise NVMLError
def nvmlDeviceGetName(device): return b"H200"
def nvmlDeviceGetMemoryInfo(device): return Memory
def nvmlDeviceGetUUID(device): return device
"""
SLICED = """
def nvmlDeviceGetMigMode(device): return (int(device == "GPU-1"), 0)
def nvmlDeviceGetMaxMigDeviceCount(device): return 7
def nvmlDeviceGetMigDeviceHandleByIndex(device, number):
    if number in (0, 3): return f"MIG-{number}"
    raise NVMLError
"""


def bindings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str) -> dict[str, str]:
    """Put a module in the place of the driver's bindings; return the environment."""
    (tmp_path / "bindings").mkdir()
    (tmp_path / "bindings" / "pynvml.py").write_text(BINDINGS + source)
    monkeypatch.setattr(devices, "_DRIVER_FILES", (str(tmp_path),))
    return {**os.environ, "PYTHONPATH": str(tmp_path / "bindings")}


def test_the_driver_lists_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = find_devices(bindings(tmp_path, monkeypatch, ""))
    assert [device.token for device in found] == ["0", "1"]
    assert {(device.name, device.memory) for device in found} == {("H200", 8 * GIB)}


def test_slices_stand_for_a_divided_gpu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = find_devices(bindings(tmp_path, monkeypatch, SLICED))
    assert [device.token for device in found] == ["0", "MIG-0", "MIG-3"]


def test_no_driver_behind_the_bindings_is_no_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = "NVMLError.value = 9\ndef nvmlInit(): raise NVMLError"
    assert find_devices(bindings(tmp_path, monkeypatch, source)) == ()


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("def nvmlInit(): time.sleep(600)", "does not respond within 0.5 s"),
        ("import signal; signal.signal(15, signal.SIG_IGN); time.sleep(600)", "does not respond"),
        ("def nvmlInit(): raise NVMLError('driver and library differ')", "library differ"),
        ("raise OSError('no such library')", "no such library"),
        ("import os; os.kill(os.getpid(), 9)", "cannot be listed"),
    ],
)
def test_a_driver_that_hangs_or_fails_holds_nothing_up(
    source: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if "respond" in said:
        monkeypatch.setattr(devices, "TIMEOUT_S", 0.5)
    environment = bindings(tmp_path, monkeypatch, source)
    begin = time.monotonic()
    with pytest.raises(DeviceError, match=said):
        find_devices(environment)
    assert time.monotonic() - begin < 60  # and not the ten minutes that it sleeps


def test_amd_gpus_are_read_from_the_kernels_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(list_devices, "KFD_NODES", tmp_path)
    for number, text in {
        "0": "simd_count 0\nunique_id 0\n",  # a processor
        "1": "simd_count 304\nunique_id 255\n",
        "10": "simd_count 304\nunique_id 0\nodd\n",
        "2": "simd_count 304\nunique_id 256\n",
    }.items():
        bank = tmp_path / number / "mem_banks" / "0"
        bank.mkdir(parents=True)
        (tmp_path / number / "properties").write_text(text)
        (bank / "properties").write_text("heap_type 1\nsize_in_bytes 1024\n")
    (tmp_path / "3").mkdir()  # unreadable
    found = list_devices.amd_devices()
    assert [each["id"] for each in found] == [
        "GPU-00000000000000ff",
        "GPU-0000000000000100",
        "rocm:2",
    ]
    assert {each["memory"] for each in found} == {1024}
