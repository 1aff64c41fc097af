"""Leases of GPUs under many processes that are killed at any moment."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import textwrap
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from full import FULL
from wandb_magic.processes import current_process
from wandb_magic.records import RunId
from wandb_magic.slots import leases
from wandb_magic.slots.leases import LeaseFolder, Load, Share, Shares, confirm_lease

WANTS = {"devices": ["a", "b"]}


def one_whole(load: Mapping[str, Load], wants: Mapping[str, Any]) -> Shares | None:
    free = [device for device in wants["devices"] if not load[device].leases]
    return {free[0]: Share(1.0)} if free else None


def dead_process() -> dict[str, Any]:
    return {"pid": os.getpid(), "started": "another boot:1"}


def lease_text(device: str, *holders: dict[str, Any]) -> str:
    namespace = Path("/proc/self/ns/pid").stat().st_ino if sys.platform == "linux" else 0
    return json.dumps(
        {"shares": {device: [1.0, 0]}, "holders": holders, "sweep": "s", "namespace": namespace}
    )


def test_nobody_gets_what_another_has(tmp_path: Path) -> None:
    first, second = LeaseFolder(tmp_path, "one"), LeaseFolder(tmp_path, "two")
    one = first.acquire(WANTS, one_whole)
    two = second.acquire(WANTS, one_whole)
    assert one is not None
    assert two is not None
    assert {*one.shares, *two.shares} == {"a", "b"}
    assert first.acquire(WANTS, one_whole) is None
    two.path.unlink()
    assert first.acquire(WANTS, one_whole) is not None


def test_the_lease_of_a_dead_holder_is_free_at_once(tmp_path: Path) -> None:
    (tmp_path / "lease-x.json").write_text(lease_text("a", dead_process()))
    (tmp_path / "lease-y.json").write_text(
        lease_text("b", dead_process(), {"pid": os.getpid(), "started": current_process().started})
    )
    lease = LeaseFolder(tmp_path, "one").acquire(WANTS, one_whole)
    assert lease is not None
    assert [*lease.shares] == ["a"]
    assert not (tmp_path / "lease-x.json").exists()


@pytest.mark.parametrize(
    "content",
    [
        *(b"", b"{", b"\xff", b"[]", b"null", b"[" * 9999),
        b'{"shares": 1}',
        b'{"shares": {"a": [1, 0]}}',
        b'{"shares": {"a": ["x", 0]}, "holders": []}',
        b'{"shares": {"a": [1e999, 1e999]}, "holders": []}',
        b'{"number": 1e999, "wants": []}',
        b'{"shares": {"a": [NaN, 0]}, "holders": []}',
    ],
)
def test_damaged_files_are_no_leases_and_no_tickets(content: bytes, tmp_path: Path) -> None:
    for name in ("lease-x.json", "ticket-x.json"):
        (tmp_path / name).write_bytes(content)
    assert LeaseFolder(tmp_path, "one").acquire(WANTS, one_whole) is not None


def test_links_and_pipes_are_not_followed(tmp_path: Path) -> None:
    folder = tmp_path / "leases"
    folder.mkdir()
    secret = tmp_path / "secret"
    secret.write_text(lease_text("a", {"pid": os.getpid(), "started": current_process().started}))
    (folder / "lease-x.json").symlink_to(secret)
    os.mkfifo(folder / "lease-y.json")
    assert LeaseFolder(folder, "one").load() == {}
    assert secret.exists()


def test_a_lock_that_somebody_keeps_holds_nobody_up(tmp_path: Path) -> None:
    folder = LeaseFolder(tmp_path, "one")
    with leases._lock(tmp_path, timeout=0.0):
        begin = time.monotonic()
        assert folder.acquire(WANTS, one_whole) is None
        assert time.monotonic() - begin < 30
    assert folder.acquire(WANTS, one_whole) is not None


def test_all_users_may_write_and_nobody_may_change_what_is_anothers(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        folder = LeaseFolder(tmp_path / "new" / "leases", "one")
        lease = folder.acquire(WANTS, one_whole)
    finally:
        os.umask(before)
    assert lease is not None
    assert folder.folder.stat().st_mode & 0o7777 == 0o1777
    assert (folder.folder / "lock").stat().st_mode & 0o777 == 0o666
    assert lease.path.stat().st_mode & 0o777 == 0o644


def test_a_run_holds_its_lease_after_its_supervisor(tmp_path: Path) -> None:
    path = tmp_path / "lease-r.json"
    path.write_text(lease_text("a", dead_process()))
    assert not confirm_lease(path)
    folder = LeaseFolder(tmp_path, "one")
    lease = folder.acquire(WANTS, one_whole)
    assert lease is not None
    path = folder.assign(lease, RunId("r")).path
    code = (
        "import sys; from pathlib import Path; from wandb_magic.slots.leases import confirm_lease;"
        f"print(confirm_lease(Path({str(path)!r})), flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as run:
        assert run.stdout is not None
        assert run.stdout.readline() == "True\n"
        content = json.loads(path.read_text())
        assert [holder["pid"] for holder in content["holders"]] == [os.getpid(), run.pid]
        # The supervisor dies.
        path.write_text(json.dumps({**content, "holders": content["holders"][1:]}))
        assert [*folder.load()] == ["a"]
        run.kill()
        run.wait()
        assert folder.load() == {}


def test_who_waits_is_served_in_order(tmp_path: Path) -> None:
    """Three sweeps want the same GPU all the time: none gets two runs more than another."""
    seed = random.randrange(2**31)
    chance = random.Random(seed)
    sweeps = [LeaseFolder(tmp_path, name) for name in ("one", "two", "three")]
    wants = {"devices": ["a"]}
    held: Path | None = None
    served: Counter[str] = Counter()
    for _ in range(300):
        for sweep in chance.sample(sweeps, len(sweeps)):
            lease = sweep.acquire(wants, one_whole)
            if lease is not None:
                assert held is None, seed
                held = lease.path
                served[sweep.sweep] += 1
        if held is not None and chance.random() < 0.5:
            held.unlink()
            held = None
        if sum(served.values()) > 3:
            assert max(served.values()) - min(served.values()) <= 1, (served, seed)
    assert sum(served.values()) > 30


def test_a_large_request_is_not_overtaken_for_ever(tmp_path: Path) -> None:
    def whole_or_any(load: Mapping[str, Load], wants: Mapping[str, Any]) -> Shares | None:
        free = [device for device in ("a", "b") if not load[device].leases]
        count = wants["gpus"]
        return dict.fromkeys(free[:count], Share(1.0)) if len(free) >= count else None

    large, small = LeaseFolder(tmp_path, "large"), LeaseFolder(tmp_path, "small")
    want = [{"devices": ["a", "b"], "gpus": count} for count in (1, 2)]
    first = small.acquire(want[0], whole_or_any)
    assert first is not None
    assert large.acquire(want[1], whole_or_any) is None
    assert small.acquire(want[0], whole_or_any) is None  # one is free, and kept
    first.path.unlink()
    assert small.acquire(want[0], whole_or_any) is None
    assert large.acquire(want[1], whole_or_any) is not None


def test_a_ticket_of_one_that_no_longer_asks_is_ignored(tmp_path: Path) -> None:
    gone, here = LeaseFolder(tmp_path, "gone"), LeaseFolder(tmp_path, "here")
    wants = {"devices": ["a"]}
    lease = here.acquire(wants, one_whole)
    assert lease is not None
    assert gone.acquire(wants, one_whole) is None
    lease.path.unlink()
    assert here.acquire(wants, one_whole) is None
    long_ago = time.time() - 2 * leases.TICKET_TIMEOUT_S
    (ticket,) = (path for path in tmp_path.glob("ticket-*gone*"))
    os.utime(ticket, (long_ago, long_ago))
    assert here.acquire(wants, one_whole) is not None


KILLS = """
    import fcntl, json, os, random, signal, sys, time, traceback
    from pathlib import Path
    from wandb_magic.slots.allocator import SlotAllocator, SlotRequest
    from wandb_magic.slots.devices import Device
    from wandb_magic.records import RunId

    root, kills = Path(sys.argv[1]), int(sys.argv[2])
    gpus = [Device(f"g{n}", str(n), memory=100) for n in range(4)]
    environment = {"WANDB_MAGIC_LEASES": str(root / "l")}
    parts = 2  # each run takes half of a GPU

    def hold(name):
        # What the kernel itself releases when a process dies: two locks for each GPU.
        for part in range(parts):
            file = os.open(root / f"{name}.{part}", os.O_RDWR | os.O_CREAT)
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return file
            except BlockingIOError:
                os.close(file)
        (root / "violation").write_text(name)

    def work(sweep, number):
        chance = random.Random(os.getpid())
        slots = SlotAllocator(SlotRequest(gpus=0.5), environment, f"{sweep}-{number}")
        slots.set_devices(gpus)
        while True:
            if slots.reserve(number, 4):
                time.sleep(0.001)
                continue
            run = RunId(f"{sweep}{number}")
            slot = slots.assign(run, number)
            file = hold(slot.device_ids[0])
            (root / f"served-{sweep}").open("a").write("x")
            time.sleep(chance.random() * 0.01)
            if file:
                os.close(file)
            slots.release(run, None, succeeded=True)

    def begin(sweep, number):
        if pid := os.fork():
            return pid
        try:
            work(sweep, number)
        finally:
            traceback.print_exc()
            os._exit(1)

    chance = random.Random()
    workers = {begin(f"s{n % 3}", n // 3): (f"s{n % 3}", n // 3) for n in range(12)}
    for _ in range(kills):
        time.sleep(chance.random() * 0.01)
        pid = chance.choice(list(workers))
        os.kill(pid, signal.SIGKILL)
        _, status = os.waitpid(pid, 0)
        assert os.WIFSIGNALED(status), "it had failed by itself"
        who = workers.pop(pid)
        workers[begin(*who)] = who
    for pid in workers:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    slots = SlotAllocator(SlotRequest(gpus=4), environment, "last")
    slots.set_devices(gpus)
    deadline = time.monotonic() + 60
    while reason := slots.reserve(0, 1):  # the tickets of the dead expire
        assert time.monotonic() < deadline, reason
        time.sleep(0.05)
"""


def test_kills_of_holders_leak_nothing_and_double_nothing(tmp_path: Path) -> None:
    """Three sweeps of four agents on four GPUs, with SIGKILL at any moment."""
    kills = 500 if FULL else 100
    subprocess.run(
        [sys.executable, "-c", textwrap.dedent(KILLS), str(tmp_path), str(kills)], check=True
    )
    assert not (tmp_path / "violation").exists()
    served = [len((tmp_path / f"served-s{number}").read_text()) for number in range(3)]
    assert min(served) > kills / 20
