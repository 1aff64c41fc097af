"""The time that freezing takes between Shift-Enter and the cell's reply, in milliseconds, warm."""

import shutil
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np

from wandb_magic.bundle import freeze

CELL = """
import wandb
with wandb.init() as run:
    net = Model(run.config.lr, len(data))
    for epoch in range(20):
        loss = net.step(data, epoch) * scale
        run.log({"loss": loss})
"""
NOTEBOOK = """
import numpy as np
scale = 3.0
def noise(x): return x + np.tanh(scale)
class Model:
    def __init__(self, lr, n):
        self.lr, self.w = lr, np.zeros(n)
    def step(self, data, epoch):
        self.w = noise(self.w - self.lr * data.mean())
        return float(self.w.sum())
"""


def milliseconds(cell: str, namespace: dict[str, object], repeats: int = 30) -> float:
    times = []
    for _ in range(repeats):
        folder = Path(tempfile.mkdtemp())
        start = time.perf_counter()
        freeze(folder / "bundle", cell=cell, namespace=namespace)
        times.append((time.perf_counter() - start) * 1000)
        shutil.rmtree(folder)
    return statistics.median(times[3:])


def main() -> None:
    namespace: dict[str, object] = {"__name__": "__main__"}
    exec(NOTEBOOK, namespace)
    namespace["data"] = np.zeros(1000)
    print(f"small cell           {milliseconds(CELL, namespace):7.1f} ms")
    namespace["data"] = np.zeros(12_500_000)
    print(f"with 100 MB of data  {milliseconds(CELL, namespace, 8):7.1f} ms")
    namespace["data"] = list(range(1_000_000))
    print(f"a list of 1e6 ints   {milliseconds(CELL, namespace, 8):7.1f} ms")
    many = "\n".join(f"def f{i}(x): return f{i + 1}(x) + f{i + 2}(x)" for i in range(300))
    exec(many + "\ndef f300(x): return x\ndef f301(x): return x", namespace)
    print(f"300 functions deep   {milliseconds('print(f0(1))', namespace, 8):7.1f} ms")


if __name__ == "__main__":
    main()
