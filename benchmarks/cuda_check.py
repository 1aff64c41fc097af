"""Checks that CUDA tensors survive the transfer from a notebook to forked runs; needs a GPU.

Needs torch and cloudpickle. Prints a PASS or FAIL line for each claim; exits 1 if any fails.

One process creates tensors, a model and an optimizer on the GPU and freezes them; a second one
thaws them without initialising CUDA and forks twice; each fork trains on the GPU.
"""

import os
import subprocess
import sys
import tempfile
import traceback
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

NOTEBOOK = """
import torch
from torch import nn
torch.manual_seed(0)
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(256, 512), nn.ReLU(), nn.Linear(512, 1))
        self.memory = nn.LSTM(1, 8)
        self.register_buffer("scale", torch.ones(1))
    def forward(self, x):
        y = self.layers(x) * self.scale
        return self.memory(y[None])[0].sum(-1)
net = Net().cuda()
optimizer = torch.optim.Adam(net.parameters(), lr=1e-3)
x = torch.randn(4096, 256, device="cuda")
y = x.sum(1)[None]
nn.functional.mse_loss(net(x), y).backward()
optimizer.step()
optimizer.zero_grad()
base = torch.arange(10_000.0, device="cuda")
row, turned = base[:100], base.view(100, 100).t()
half = torch.randn(1000, device="cuda").to(torch.bfloat16)
frozen = nn.Parameter(torch.ones(3, device="cuda"), requires_grad=False)
sparse = torch.eye(5, device="cuda").to_sparse()
empty = torch.empty(0, 3, device="cuda")
host = torch.arange(5.0)
scaler = torch.amp.GradScaler("cuda")
with torch.no_grad():
    expected = net(x).sum().item()
sums = [each.float().sum().item() for each in (base, half, frozen)]
"""

CELL = """
def check(claim, holds):
    print("PASS" if holds else "FAIL", claim, flush=True)
devices = [t.device.type for t in (x, y, base, row, half, frozen, empty, sparse)]
check("tensors are on the GPU again", set(devices) == {"cuda"})
check("host tensors stay on the host", host.device.type == "cpu")
check("the whole model is on the GPU", all(p.is_cuda for p in [*net.parameters(), net.scale]))
kinds = {type(p) for p in net.parameters()}
check("parameters are still parameters", kinds == {nn.Parameter})
check("a frozen parameter stays frozen", not frozen.requires_grad)
own = {id(p) for p in net.parameters()}
check("model and optimizer share parameters",
      {id(p) for g in optimizer.param_groups for p in g["params"]} == own)
check("the optimizer's state is on the GPU",
      all(v.is_cuda for s in optimizer.state.values() for k, v in s.items() if k != "step"))
with torch.no_grad():
    close = abs(net(x).sum().item() - expected) < 1e-2 * max(1, abs(expected))
check("the model computes the same", close)
check("values are the same", sums == [t.float().sum().item() for t in (base, half, frozen)])
row[0] = -5
check("views share their storage", base[0].item() == -5 and turned[0, 0].item() == -5)
losses = []
for _ in range(20):
    optimizer.zero_grad()
    loss = nn.functional.mse_loss(net(x), y)
    scaler.scale(loss).backward()
    scaler.step(optimizer)
    scaler.update()
    losses.append(loss.item())
check("it trains", losses[-1] < losses[0])
"""

FREEZE = """
import sys
from pathlib import Path
from wandb_magic.bundle import freeze
namespace = vars(sys.modules["__main__"])
exec(Path(sys.argv[2]).read_text(), namespace)
contents = freeze(Path(sys.argv[1]), cell=Path(sys.argv[3]).read_text(), namespace=namespace)
print("PASS frozen:", ", ".join(f"{item.name} {item.size}" for item in contents.variables))
"""

LATE = """
import torch
from wandb_magic.runner.fork_safety import ForkSafetyCheck
check = ForkSafetyCheck()
assert check.unsafe_reason("import") == "", check.unsafe_reason("import")
torch.ones(1).cuda()
said = check.unsafe_reason("cuda()")
print("PASS" if "CUDA" in said else "FAIL", "a process that used CUDA must not fork:", said)
"""


def python(code: str, *arguments: str) -> bool:
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    print(done.stdout, end="", flush=True)
    if done.returncode:
        print("FAIL", done.stderr, flush=True)
    return done.returncode == 0 and "FAIL" not in done.stdout


def thaw_and_fork(folder: Path) -> bool:
    import torch  # noqa: PLC0415 - as a fork server does, only when requested

    from wandb_magic.bundle import thaw  # noqa: PLC0415 - as above
    from wandb_magic.runner.fork_server import why_not_fork  # noqa: PLC0415 - as above

    thawed = thaw(folder)
    quiet = not torch.cuda.is_initialized()
    print("PASS" if quiet else "FAIL", "thawing leaves CUDA alone", flush=True)
    reason = why_not_fork()
    print("FAIL" if reason else "PASS", "it may fork", reason, flush=True)
    codes = []
    for _ in range(2):
        pid = os.fork()
        if pid == 0:
            status = 1
            try:
                thawed.execute()
                status = 0
            except BaseException:  # noqa: BLE001 - a fork must not return
                traceback.print_exc()
            finally:
                sys.stdout.flush()
                os._exit(status)
        codes.append(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
    print("PASS" if codes == [0, 0] else "FAIL", "both forks ended well:", codes, flush=True)
    return quiet and not reason and codes == [0, 0]


def main() -> int:
    with tempfile.TemporaryDirectory() as place:
        folder, notebook, cell = (Path(place) / name for name in ("bundle", "notebook", "cell"))
        notebook.write_text(NOTEBOOK, encoding="utf-8")
        cell.write_text(CELL, encoding="utf-8")
        thaw = "import sys; from pathlib import Path; from benchmarks.cuda_check import *\n"
        fine = python(FREEZE, str(folder), str(notebook), str(cell))
        thaw += "sys.exit(not thaw_and_fork(Path(sys.argv[1])))"
        fine = fine and python(thaw, str(folder))
        fine = python(LATE) and fine
    print("PASS all" if fine else "FAIL not all", flush=True)
    return 0 if fine else 1


if __name__ == "__main__":
    sys.exit(main())
