"""One cell of the chaos matrix: one sweep of ours, with one fault in the middle of it.

    python benchmarks/chaos_cells.py VICTIM FAULT SECONDS

Prints the outcome as JSON. If the sweep is shown as died, `resume` is called, as users would.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import asdict
from importlib.util import find_spec
from pathlib import Path

import psutil
import requests
from chaos_faults import (
    AGENTS,
    CONFIG,
    PATIENCE_S,
    PROGRAM,
    RUNS,
    SETTLING_S,
    STEPS,
    Outcome,
    RunJournal,
    damage,
    fill,
    inject_fault,
    processes_named,
    small_disk,
    train,
    wait_until,
)
from jupyter_client import BlockingKernelClient, KernelManager
from jupyter_core.paths import jupyter_runtime_dir
from sandbox import leftovers, sandbox

import wandb_magic
from wandb_magic.api import Sweep
from wandb_magic.errors import SweepError
from wandb_magic.paths import SweepPaths
from wandb_magic.records import RunRecord, RunState
from wandb_magic.store import StoreReader

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from fake_wandb_server.process import FakeWandbServerProcess

RUN_LIMIT_S = 600  # a run that used the moved clock would be stopped at once


@contextmanager
def kernel(_folder: Path) -> Iterator[tuple[str, int]]:
    """Start a sweep from a cell of a real kernel; return its id and the kernel's process."""
    manager = KernelManager(kernel_name="python3")
    manager.start_kernel()
    client = manager.blocking_client()
    client.start_channels()
    try:
        start_from_cell(client)
        yield wandb_magic.sweeps()[0].id, manager.provisioner.pid
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


@contextmanager
def jupyter_server(folder: Path) -> Iterator[tuple[str, int]]:
    """Do the same with a kernel of a Jupyter server; return the server's process."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    token = secrets.token_hex()
    address = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "jupyter", "server", "--no-browser", "--allow-root"]
    options = [f"--port={port}", f"--IdentityProvider.token={token}", f"--notebook-dir={folder}"]
    headers = {"Authorization": f"token {token}"}
    with (folder / "server.log").open("wb") as log:
        server = subprocess.Popen([*command, *options], stdout=log, stderr=log)
    try:

        def answers() -> bool:
            with suppress(requests.ConnectionError):
                return requests.get(f"{address}/api/status", headers=headers, timeout=5).ok
            return False

        assert wait_until(answers)
        asked = requests.post(f"{address}/api/kernels", headers=headers, json={}, timeout=30)
        connection = Path(jupyter_runtime_dir(), f"kernel-{asked.json()['id']}.json")
        assert wait_until(connection.exists)
        client = BlockingKernelClient(connection_file=str(connection))
        client.load_connection_file()
        client.start_channels()
        start_from_cell(client)
        client.stop_channels()
        id_ = wandb_magic.sweeps()[0].id
        shown = requests.get(f"{address}/wandb-magic/api/sweeps", headers=headers, timeout=30)
        assert id_ in shown.text, shown.text
        yield id_, server.pid
    finally:
        server.terminate()
        server.wait()


def start_from_cell(client: BlockingKernelClient) -> None:
    """Start a sweep from a cell of a kernel."""
    client.wait_for_ready(timeout=PATIENCE_S)
    options = f"--agents {AGENTS} --out started"
    for code in (
        f"%load_ext wandb_magic\nconfig = {CONFIG!r}",
        f"%%wandb_sweep config {options}\n{PROGRAM}",
    ):
        reply = client.execute(code, reply=True, timeout=PATIENCE_S)
        assert reply["content"]["status"] == "ok", reply["content"]


SURROUNDINGS = {"kernel": kernel, "Jupyter server": jupyter_server}


def victim(sweep: Sweep, name: str, folder: Path) -> int | None:
    """Return the process that plays a part in a sweep."""
    if name == "supervisor":
        supervisor = sweep.status().sweep.supervisor
        return supervisor.pid if supervisor else None
    if name == "run":
        runs = [run for run in sweep.records() if run.state is RunState.RUNNING]
        return next((run.process.pid for run in runs if run.process), None)
    everyone = leftovers(str(folder))
    if name == "wandb-core":
        return next((process.pid for process in processes_named(everyone, "wandb-core")), None)
    for process in processes_named(everyone, "wandb_magic.runner.fork_server"):
        with suppress(ProcessLookupError):  # runs are its forks, but session leaders
            if os.getsid(process.pid) != process.pid:
                return process.pid
    return None


def wait_for_the_end(sweep: Sweep, messages: list[str]) -> str:
    """Wait until a sweep has ended, resuming it where users would; return how it ended."""
    course = []
    for _ in range(3):
        sweep.wait(PATIENCE_S)
        status = sweep.status()
        course.append(status.state)
        if status.state not in ("died", "paused"):
            break
        messages.append(str(status).split(" · ")[-1])
        sweep.resume()
        course.append("resumed")
    return ", ".join(course)


def has_every_step_once(reader: StoreReader, run: RunRecord) -> bool:
    curve = reader.history(["loss"], runs=[run.id], points=None).get(run.id, {}).get("loss")
    return curve is not None and list(curve.steps) == list(range(STEPS))


def read_record(sweep: Sweep, journal: RunJournal, messages: list[str]) -> tuple[int, int]:
    """Return how many sets of parameters have finished, and failed, according to the store."""
    reader = StoreReader(SweepPaths(sweep.path).store)
    newest = {run.number: run for run in sorted(sweep.records(), key=lambda run: run.attempt)}
    ended = journal.count("end")
    finished = failed = 0
    for run in newest.values():
        if run.state is RunState.FINISHED:
            whole = bool(ended[run.params["x"]]) and has_every_step_once(reader, run)
            finished += whole
            if not whole:
                messages.append(f"run {run.number} is called finished and is not whole")
        else:
            failed += run.state.has_ended
    messages += [f"run: {run.cause}" for run in sweep.records() if run.cause]
    messages += [event.text for event in reader.events() if event.kind == "notice"]
    messages += [sweep.status().sweep.cause]
    log = SweepPaths(sweep.path).log.read_text("utf-8").splitlines()
    errors = [line.partition(" ERROR ")[2] for line in log if " ERROR " in line]
    messages += [f"in supervisor.log: {line}" for line in dict.fromkeys(errors)]
    reader.close()
    return finished, failed


def examine(
    sweep: Sweep, journal: RunJournal, folder: Path, messages: list[str], ours: int | None = None
) -> Outcome:
    """Wait for the end of a sweep, and return how it ended; one process is ours, and stays."""

    def left() -> list[psutil.Process]:
        return [process for process in leftovers(str(folder)) if process.pid != ours]

    finished = failed = 0
    try:
        state = wait_for_the_end(sweep, messages)
        finished, failed = read_record(sweep, journal, messages)
    except SweepError as error:
        state = "no record"
        messages.append(str(error))
    # A process that has lost its store may take a while, but the runs finish.
    wait_until(lambda: not left(), SETTLING_S)
    if state == "no record":
        runs = len(list(folder.rglob("offline-run-*")))
        messages.append(
            f"the code of {len(journal.count('end'))} runs came to its end, "
            f"W&B folders of {runs} runs remain"
        )
    remaining = left()
    for process in remaining:
        with suppress(psutil.Error):
            print("left behind:", process.cmdline(), file=sys.stderr)
    said = list(dict.fromkeys(line.replace(f"{folder}/", "") for line in messages if line))
    said = [line.replace(sweep.id, "ID") for line in said]
    return Outcome(finished, failed, journal.doubled, len(remaining), state, said)


def process_cell(name: str, fault: str, seconds: float, folder: Path) -> Outcome:
    """Kill or stop one process of a sweep."""
    journal, messages = RunJournal(folder / "journal"), list[str]()
    if name in SURROUNDINGS:
        with SURROUNDINGS[name](folder) as (id_, pid):
            sweep = wandb_magic.attach(id_)
            assert wait_until(journal.is_midway)
            inject_fault(pid, fault, seconds)
            sweep.wait(PATIENCE_S)
        return examine(sweep, journal, folder, messages)
    sweep = wandb_magic.start(CONFIG, train, agents=AGENTS, mode="offline")
    assert wait_until(lambda: journal.is_midway() and victim(sweep, name, folder) is not None)
    pid = victim(sweep, name, folder)
    assert pid is not None
    inject_fault(pid, fault, seconds)
    return examine(sweep, journal, folder, messages)


def folder_cell(fault: str, seconds: float, folder: Path) -> Outcome:
    """Apply a fault to the folder that contains a sweep."""
    journal, messages = RunJournal(folder / "journal"), list[str]()
    full = fault == "disk full"
    with small_disk(folder / "disk") if full else nullcontext(folder) as place:
        os.environ["WANDB_DIR"] = str(place)
        sweep = wandb_magic.start(CONFIG, train, agents=AGENTS, mode="offline")
        paths = SweepPaths(sweep.path)
        assert wait_until(journal.is_midway)
        if full:
            fill(place, seconds)
        elif fault == "folder gone":
            shutil.rmtree(paths.folder)
        else:
            damage(paths.store)
        outcome = examine(sweep, journal, folder, messages)
        if fault != "disk full":
            with suppress(SweepError):
                wandb_magic.attach(sweep.id).delete()
        for process in leftovers(str(folder)):
            process.kill()
        return outcome


def server_cell(fault: str, seconds: float, folder: Path) -> Outcome:
    """Kill the W&B server of an online sweep for some time, or stop it for as long."""
    journal, messages = RunJournal(folder / "journal"), list[str]()
    with FakeWandbServerProcess(folder) as server:
        os.environ |= server.environment
        sweep = wandb_magic.start(CONFIG, train, agents=AGENTS, mode="online")
        assert wait_until(journal.is_midway)
        if fault == "SIGKILL":
            server.kill()
            time.sleep(seconds)
            server.start()
        else:
            assert server.pid is not None
            inject_fault(server.pid, fault, seconds)
        outcome = examine(sweep, journal, folder, messages, server.pid)
        whole = {
            run.config["x"]
            for run in server.runs.values()
            if run.state == "finished" and len(run.history) == STEPS
        }
        if len(whole) != outcome.finished:
            outcome.messages.append(f"the server has {len(whole)} of {RUNS} runs whole")
    return outcome


def clock_cell(fault: str, seconds: float, folder: Path) -> Outcome:
    """Move the wall clock of all processes of a sweep by hours for some time, but not our own."""
    library = find_spec("libfaketime")
    assert library is not None
    assert library.origin is not None
    journal, messages, clock = RunJournal(folder / "journal"), list[str](), folder / "clock"
    clock.write_text("+0")
    vendored = Path(library.origin).parent / "vendor" / "libfaketime" / "src"
    os.environ |= {
        "LD_PRELOAD": str(vendored / "libfaketime.so.1"),
        "FAKETIME_TIMESTAMP_FILE": str(clock),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "WANDB_MODE": "offline",
    }
    sweep = wandb_magic.start(
        CONFIG, train, agents=AGENTS, mode="offline", run_timeout=RUN_LIMIT_S
    )
    assert wait_until(journal.is_midway)
    clock.write_text(fault.partition(" ")[0])
    time.sleep(seconds)
    clock.write_text("+0")
    return examine(sweep, journal, folder, messages)


def main() -> None:
    name, fault, seconds = sys.argv[1], sys.argv[2], float(sys.argv[3])
    with sandbox() as folder:
        if name == "sweep's folder":
            outcome = folder_cell(fault, seconds, folder)
        elif name == "W&B server":
            outcome = server_cell(fault, seconds, folder)
        elif name == "clock":
            outcome = clock_cell(fault, seconds, folder)
        else:
            outcome = process_cell(name, fault, seconds, folder)
    print(json.dumps(asdict(outcome)))


if __name__ == "__main__":
    main()
