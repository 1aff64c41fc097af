"""optuna-dashboard as the panel's peer, in a separate environment."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from statistics import median
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

import optuna
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

ENVIRONMENT = Path("dashboard-environment")
DISTRIBUTIONS = {
    "lr": FloatDistribution(1e-5, 1e-1, log=True),
    "layers": IntDistribution(1, 8),
    "optimizer": CategoricalDistribution(["adam", "sgd", "lion"]),
    "dropout": FloatDistribution(0.0, 0.5),
}
ROUNDS = 5


def dashboard_answer(file: Path, trials: list[dict[str, Any]]) -> tuple[float, float]:
    """Return how long its page waits for a study, at first and later (median), in milliseconds."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    storage = f"sqlite:///{file}"
    study = optuna.create_study(storage=storage, study_name="large")
    study.add_trials(
        [
            optuna.trial.create_trial(
                params=trial["params"], distributions=DISTRIBUTIONS, value=trial["value"]
            )
            for trial in trials
        ]
    )
    uv = Path(sys.executable).with_name("uv")
    subprocess.run([uv, "venv", "--quiet", ENVIRONMENT], check=True)
    python = ENVIRONMENT / "bin" / "python"
    subprocess.run(
        [uv, "pip", "install", "--quiet", "--python", python, "optuna-dashboard"], check=True
    )
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [ENVIRONMENT / "bin" / "optuna-dashboard", storage, "--port", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=dict(os.environ),
    )
    try:
        return _timed(f"http://127.0.0.1:{port}/api/studies")
    finally:
        process.terminate()
        process.wait()


def _timed(url: str) -> tuple[float, float]:
    while True:
        try:
            urlopen(url).read()
        except URLError:
            time.sleep(0.1)
        else:
            break
    times = []
    for _ in range(ROUNDS):
        begin = time.perf_counter()
        urlopen(f"{url}/1?after=0").read()
        times.append((time.perf_counter() - begin) * 1e3)
    return times[0], median(times[1:])
