"""A finished sweep of fifty runs, as its supervisor leaves it, with every kind of value."""

import math
import random
from pathlib import Path
from typing import Any

from tests.sweeps import run_record, sweep_record, write_sweep
from wandb_magic import store
from wandb_magic.log_records import HistoryRecord, LogRecord, SummaryRecord
from wandb_magic.paths import SweepPaths
from wandb_magic.records import RunState
from wandb_magic.spec import load

SPEC: dict[str, Any] = {
    "method": "bayes",
    "metric": {"name": "accuracy", "goal": "maximize"},
    "early_terminate": {"type": "hyperband", "min_iter": 3},
    "parameters": {
        "lr": {"distribution": "log_uniform_values", "min": 1e-5, "max": 0.1},
        "momentum": {"min": 0.0, "max": 0.99},
        "net": {"parameters": {"depth": {"min": 1, "max": 6}}},
        "optimizer": {"values": ["adam", "sgd", "lion"]},
        "kernels": {"values": [[16, 32], [8, 8]]},
    },
}
CELL = "# %%wandb_sweep config --count 50\nimport wandb\n\nprint('trained')\n"
STEPS = 40
BEGAN = 1_700_000_000.0


def make(
    root: Path,
    sweep: str = "plotted0",
    *,
    runs: int = 50,
    name: str = "digits",
    seed: int = 1,
    cell: str = CELL,
    spec: dict[str, Any] | None = None,
    words: str = "",
) -> SweepPaths:
    """Write a sweep that has ended; `words` are put wherever a text of the user's may stand."""
    dice = random.Random(seed)
    record = sweep_record(
        sweep,
        name=name,
        created=BEGAN,
        started=BEGAN,
        ended=BEGAN + runs * 6.0,
        spec=load({**SPEC, **(spec or {})}).to_dict(),
        budget=runs,
    )
    paths = write_sweep(root, record, cell)
    writer = store.StoreWriter(paths.store)
    for number in range(runs):
        _add(writer, number, dice, words, str(root))
    writer.commit()
    writer.close()
    return paths


def _add(
    writer: store.StoreWriter, number: int, dice: random.Random, words: str, root: str
) -> None:
    started = BEGAN + number // 2 * 12.0
    params = {
        "lr": 10 ** dice.uniform(-5, -1),
        "momentum": dice.uniform(0, 0.99),
        "net": {"depth": dice.randint(1, 6)},
        "optimizer": dice.choice(["adam", "sgd", "lion"]) + words,
        "kernels": dice.choice([[16, 32], [8, 8]]),
        **({words: dice.choice([words, "b"])} if words else {}),
    }
    run = run_record(number, agent=number % 2, params=params, created=started, started=started)
    writer.add_run(run)
    top = 0.97 - abs(math.log10(params["lr"]) + 2.5) / 6 - abs(params["net"]["depth"] - 4) / 40
    broken = number % 11 == 6
    pruned = number % 5 == 3 and not broken
    last = 6 if pruned else 3 if broken else STEPS
    if not broken:
        values = [
            top * (1 - math.exp(-(step + 1) / 8)) + dice.gauss(0, 0.005) for step in range(last)
        ]
        entries: list[LogRecord] = [
            HistoryRecord(
                step,
                started + step * 0.25,
                {"accuracy": value, "loss": 1.2 - value} | ({words: value} if words else {}),
            )
            for step, value in enumerate(values)
        ]
        writer.append(
            run.id, [*entries, SummaryRecord({"accuracy": values[-1], "loss": 1.2 - values[-1]})]
        )
    state = RunState.PRUNED if pruned else RunState.FAILED if broken else RunState.FINISHED
    writer.update_run(
        run.id,
        state=state,
        exit_code=1 if broken else 0,
        value=None if broken else max(values),
        ended=started + 1 + last * 0.25,
        cause=f"ValueError: it broke {words}" if broken else "hyperband" if pruned else "",
        error=f"Traceback\n  File x\nValueError: it broke {words}\n" if broken else "",
        directory=f"{root}/wandb/offline-run-20240101_000000-{run.id}",
    )
