"""One cell of the chaos matrix for a peer: Optuna with its heartbeat.

    python benchmarks/chaos_peers.py FAULT SECONDS

Prints what came of it as JSON. Whoever was killed is started again, as people would.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from contextlib import nullcontext, suppress
from dataclasses import asdict
from pathlib import Path

import psutil
from chaos_faults import (
    AGENTS,
    RUNS,
    SETTLING_S,
    STEPS,
    Ledger,
    Outcome,
    damage,
    fill,
    small_disk,
    strike,
    wait_until,
)
from playground import leftovers, playground

HEARTBEAT_S = 1
GRACE_S = 3
WORKER = f"""
import os, sys, time
import optuna
from optuna.storages import RDBStorage, RetryFailedTrialCallback
from optuna.trial import TrialState

def note(word, x):
    file = os.open(os.environ["CHAOS_LEDGER"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.write(file, f"{{word}} {{x}}\\n".encode())
    os.close(file)

def objective(trial):
    if "asked" not in trial.user_attrs:
        raise optuna.TrialPruned()  # the other worker took the last one that waited
    x = trial.suggest_int("x", 0, {RUNS - 1})
    note("begin", x)
    for step in range({STEPS}):
        trial.report(x + step, step)
        time.sleep(0.1)
    note("end", x)
    return x

storage = RDBStorage(
    sys.argv[1],
    heartbeat_interval={HEARTBEAT_S},
    grace_period={GRACE_S},
    failed_trial_callback=RetryFailedTrialCallback(max_retry=3),
)
study = optuna.load_study(study_name="chaos", storage=storage)
while True:
    optuna.storages.fail_stale_trials(study)
    states = [trial.state for trial in study.get_trials(deepcopy=False)]
    if TrialState.WAITING in states:
        study.optimize(objective, n_trials=1)
    elif TrialState.RUNNING in states:
        time.sleep(0.5)
    else:
        break
"""


def ended(processes: list[subprocess.Popen[bytes]]) -> bool:
    return wait_until(lambda: all(each.poll() is not None for each in processes))


def settle(folder: Path, told: list[str]) -> int:
    """Return how many processes are left, after some time."""

    def left() -> list[psutil.Process]:
        return leftovers(str(folder))

    wait_until(lambda: not left(), SETTLING_S)
    names = []
    for process in left():
        with suppress(psutil.Error):
            names.append(process.name())
    if names:
        told.append(f"left over: {', '.join(sorted(set(names)))}")
    return len(left())


def optuna_cell(fault: str, seconds: float, folder: Path) -> Outcome:
    """Let two workers serve a study in SQLite, with a heartbeat and retries."""
    import optuna  # noqa: PLC0415 - only this peer's
    from optuna.trial import TrialState  # noqa: PLC0415

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    ledger, told = Ledger(folder / "ledger"), list[str]()
    with small_disk(folder / "disk") if fault == "disk full" else nullcontext(folder) as place:
        home = place / "study"
        home.mkdir()
        url = f"sqlite:///{home / 'study.db'}"
        study = optuna.create_study(study_name="chaos", storage=url)
        for x in range(RUNS):
            study.enqueue_trial({"x": x}, user_attrs={"asked": True})

        errors = (folder / "errors").open("ab")

        def work() -> subprocess.Popen[bytes]:
            return subprocess.Popen(
                [sys.executable, "-W", "ignore", "-c", WORKER, url],
                stdout=subprocess.DEVNULL,
                stderr=errors,
            )

        workers = [work() for _ in range(AGENTS)]
        assert wait_until(ledger.is_midway)
        if fault in ("SIGKILL", "SIGSTOP"):
            strike(workers[0].pid, fault, seconds)
        elif fault == "disk full":
            fill(place, seconds)
        elif fault == "folder gone":
            shutil.rmtree(home)
        else:
            damage(home / "study.db")
        wait_until(lambda: any(each.poll() is not None for each in workers), 10)
        again = [each for each in workers if each.poll() not in (None, 0)]
        if again:
            workers += [work() for _ in again]
            told.append(f"workers that died, and were started again by hand: {len(again)}")
        state = "finished" if ended(workers) else "workers still wait"
        if state == "finished" and any(each.returncode for each in workers[-max(1, len(again)) :]):
            state = "workers died again" if again else "workers died"
        left = settle(folder, told)
        errors.close()
        finished = failed = 0
        try:
            fresh = optuna.load_study(study_name="chaos", storage=url)
            trials = [each for each in fresh.trials if "x" in each.params]
            good = {
                each.params["x"]
                for each in trials
                if each.state is TrialState.COMPLETE
                and list(each.intermediate_values) == list(range(STEPS))
            }
            bad = {each.params["x"] for each in trials if each.state is TrialState.FAIL} - good
            finished, failed = len(good), len(bad)
        except Exception as error:  # noqa: BLE001 - whatever SQLAlchemy says
            state = "no record"
            told.append(f"{type(error).__name__}: {str(error).splitlines()[0]}")
    said = [
        line for line in (folder / "errors").read_text("utf-8").splitlines() if "Error" in line
    ]
    told += said[-1:]
    told = [line.replace(f"{folder}/", "") for line in dict.fromkeys(told)]
    return Outcome(finished, failed, ledger.doubled, left, state, told)


def main() -> None:
    fault, seconds = sys.argv[1], float(sys.argv[2])
    with playground() as folder:
        outcome = optuna_cell(fault, seconds, folder)
    print(json.dumps(asdict(outcome)))


if __name__ == "__main__":
    main()
