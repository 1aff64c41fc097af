"""One cell of the chaos matrix for a peer: ``wandb agent``, or Optuna with its heartbeat.

    python benchmarks/chaos_peers.py SUBJECT VICTIM FAULT SECONDS

Prints the outcome as JSON. A process that was killed is restarted, as users would do.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from contextlib import nullcontext, suppress
from dataclasses import asdict
from pathlib import Path

import psutil
from chaos_faults import (
    AGENTS,
    CONFIG,
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
    wait_until,
)
from sandbox import leftovers, sandbox

from wandb_magic.wandb_client import create_sweep

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from fake_wandb_server.process import FakeWandbServerProcess

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


def wait_for_exit(folder: Path, spared: int | None, messages: list[str]) -> int:
    """Return how many processes are left after some time."""

    def left() -> list[psutil.Process]:
        return [process for process in leftovers(str(folder)) if process.pid != spared]

    wait_until(lambda: not left(), SETTLING_S)
    names = []
    for process in left():
        with suppress(psutil.Error):
            names.append(process.name())
    if names:
        messages.append(f"left over: {', '.join(sorted(set(names)))}")
    return len(left())


def wandb_cell(victim: str, fault: str, seconds: float, folder: Path) -> Outcome:
    """Let two of W&B's agents serve a sweep of the fake W&B server."""
    journal, messages = RunJournal(folder / "journal"), list[str]()
    (folder / "train.py").write_text(PROGRAM, "utf-8")
    with FakeWandbServerProcess(folder) as server:
        os.environ |= server.environment
        command = ["${env}", sys.executable, "${program}"]
        config = CONFIG | {"program": "train.py", "command": command}
        sweep = create_sweep(config, os.environ, project="chaos")
        path = f"{sweep.entity}/{sweep.project}/{sweep.id}"

        def serve() -> subprocess.Popen[bytes]:
            return subprocess.Popen(
                [sys.executable, "-m", "wandb", "agent", path],
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )

        agents = [serve() for _ in range(AGENTS)]
        # Its runs start cold: two rarely execute their code at the same time.
        assert wait_until(lambda: journal.is_midway(1))
        if victim == "W&B server" and fault == "SIGKILL":
            server.kill()
            time.sleep(seconds)
            server.start()
        else:
            everyone = leftovers(str(folder))
            words = {
                "run": "train.py",
                "wandb-core": "wandb-core",
                "W&B server": "fake_wandb_server",
            }
            pid = (
                agents[0].pid
                if victim == "agent"
                else processes_named(everyone, words[victim])[0].pid
            )
            inject_fault(pid, fault, seconds)
        if (victim, fault) == ("agent", "SIGKILL"):
            agents[0].wait()
            agents.append(serve())
            messages.append("nothing; the agent was started again by hand")
        state = "finished" if ended(agents) else "agents still wait"
        left = wait_for_exit(folder, server.pid, messages)
        runs = [run for run in server.runs.values() if run.sweep == sweep.id]
    good = {
        run.config["x"] for run in runs if run.state == "finished" and len(run.history) == STEPS
    }
    states = {run.state for run in runs if run.config.get("x") not in good}
    bad = {
        run.config.get("x")
        for run in runs
        if run.config.get("x") not in good and run.state in ("failed", "crashed", "killed")
    }
    messages += [f"W&B says of what did not finish: {', '.join(sorted(states))}"] if states else []
    never = RUNS - len({run.config.get("x") for run in runs})
    messages += [f"{never} never began"] if never else []
    return Outcome(len(good), len(bad), journal.doubled, left, state, messages)


def optuna_cell(fault: str, seconds: float, folder: Path) -> Outcome:
    """Let two workers serve a study in SQLite, with a heartbeat and retries."""
    import optuna  # noqa: PLC0415 - only this peer's
    from optuna.trial import TrialState  # noqa: PLC0415

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    journal, messages = RunJournal(folder / "journal"), list[str]()
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
        assert wait_until(journal.is_midway)
        if fault in ("SIGKILL", "SIGSTOP"):
            inject_fault(workers[0].pid, fault, seconds)
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
            messages.append(f"workers that died, and were started again by hand: {len(again)}")
        state = "finished" if ended(workers) else "workers still wait"
        if state == "finished" and any(each.returncode for each in workers[-max(1, len(again)) :]):
            state = "workers died again" if again else "workers died"
        left = wait_for_exit(folder, None, messages)
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
        except Exception as error:  # noqa: BLE001 - whatever SQLAlchemy raises
            state = "no record"
            messages.append(f"{type(error).__name__}: {str(error).splitlines()[0]}")
    said = [
        line for line in (folder / "errors").read_text("utf-8").splitlines() if "Error" in line
    ]
    messages += said[-1:]
    messages = [line.replace(f"{folder}/", "") for line in dict.fromkeys(messages)]
    return Outcome(finished, failed, journal.doubled, left, state, messages)


def main() -> None:
    subject, victim, fault, seconds = *sys.argv[1:4], float(sys.argv[4])
    with sandbox() as folder:
        if subject == "Optuna":
            outcome = optuna_cell(fault, seconds, folder)
        else:
            outcome = wandb_cell(victim, fault, seconds, folder)
    print(json.dumps(asdict(outcome)))


if __name__ == "__main__":
    main()
