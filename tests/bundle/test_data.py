"""Data in a bundle: equal, shared where it was shared, mapped where it is large."""

import sys
from collections.abc import Callable

import pytest

from tests.bundle.conftest import Notebook

Make = Callable[..., Notebook]

ARRAYS = """
import numpy as np
rng = np.random.default_rng(0)
plain = rng.normal(size=(300, 40))
fortran = np.asfortranarray(plain)
strided = plain[::2, ::3]
scalar = np.array(3.5)
empty = np.zeros((0, 7))
objects = np.array([{"a": 1}, None, "x"], dtype=object)
rows = np.zeros(900, dtype=[("x", "f8"), ("name", "U5")])
dates = np.arange("2020-01", "2022-01", dtype="datetime64[D]")
texts = np.array(["a", "bcd"] * 2000)
fixed = rng.normal(size=4000)
fixed.flags.writeable = False
big_endian = np.arange(4000, dtype=">f4")
masked = np.ma.masked_less(rng.normal(size=2000), 0)
sums = {name: np.asarray(value).astype(str).tolist() for name, value in [
    ("plain", plain), ("fortran", fortran), ("strided", strided), ("rows", rows["x"]),
    ("fixed", fixed), ("big_endian", big_endian), ("dates", dates), ("texts", texts)]}
"""

ARRAYS_CELL = """
now = dict(plain=plain, fortran=fortran, strided=strided, rows=rows["x"], fixed=fixed,
           big_endian=big_endian, dates=dates, texts=texts)
for name, expected in sums.items():
    assert np.asarray(now[name]).astype(str).tolist() == expected, name
assert fortran.flags.f_contiguous and fortran.dtype == float
assert scalar.shape == () and scalar == 3.5 and empty.shape == (0, 7)
assert objects.tolist() == [{"a": 1}, None, "x"]
assert rows.dtype.names == ("x", "name") and texts.dtype == "U3"
assert big_endian.dtype == ">f4" and masked.mask.any()
assert not fixed.flags.writeable and plain.flags.writeable
plain[:] = 0
fortran += 1
rng.normal()
"""


def test_arrays_of_every_kind_arrive(notebook: Make) -> None:
    notebook(ARRAYS).run(ARRAYS_CELL)


def test_what_is_shared_stays_shared(notebook: Make) -> None:
    before = """
import numpy as np
base = np.arange(10000.0)
head, turned = base[:100], base.reshape(100, 100).T
ro = base[10:20]
ro.flags.writeable = False
settings = {"lr": 0.1}
users = [settings, settings]
loop = []
loop.append(loop)
"""
    cell = """
head[0] = -1
assert base[0] == -1 and turned[0, 0] == -1
base[5] = 7
assert head[5] == 7 and not ro.flags.writeable and ro[0] == 10
assert users[0] is users[1] is settings
assert loop[0] is loop
"""
    notebook(before).run(cell)


def test_a_view_does_not_drag_its_array_along(notebook: Make) -> None:
    answer = notebook("import numpy as np\nhead = np.zeros(1_000_000)[:10]").freeze("print(head)")
    assert {name: size for name, _, size in answer["items"]}["head"] < 1000


def test_a_map_of_a_file_is_mapped_again(notebook: Make) -> None:
    before = """
import numpy as np
np.save("data.npy", np.arange(100_000.0))
opened = np.load("data.npy", mmap_mode="r")
made = np.memmap("made.bin", "f4", "w+", shape=(1000, 100))
made[3, 4] = 5
part = opened[10:20]
private = np.load("data.npy", mmap_mode="c")
private[0] = 99
"""
    cell = """
assert type(opened) is np.memmap and opened[7] == 7 and not opened.flags.writeable
assert made[3, 4] == 5
made[0, 0] = 6
assert np.fromfile("made.bin", "f4")[0] == 6
assert part.tolist() == list(range(10, 20)) and private[0] == 99
"""
    made = notebook(before)
    answer = made.freeze(cell)
    sizes = {name: size for name, _, size in answer["items"]}
    assert sizes["opened"] < 2000
    assert sizes["made"] < 2000
    done = made.thaw()
    assert done.returncode == 0, done.stderr


def test_frames_sparse_matrices_and_bunches_arrive(notebook: Make) -> None:
    pytest.importorskip("sklearn")
    before = """
import numpy as np, pandas as pd, scipy.sparse as sp
from sklearn.utils import Bunch
from sklearn.linear_model import LogisticRegression
from sklearn.datasets import load_digits
df = pd.DataFrame({"x": np.arange(2000.0), "s": ["a"] * 2000})
df["t"] = pd.date_range("2020", periods=2000)
df["c"] = df["s"].astype("category")
matrix = sp.random(200, 200, 0.1, format="csr", random_state=0)
digits = load_digits()
bunch = Bunch(data=digits.data, note="n")
model = LogisticRegression(max_iter=5000).fit(digits.data[:300], digits.target[:300])
expected = (df.sum(numeric_only=True)["x"], matrix.sum(), model.predict(digits.data[:9]).tolist())
"""
    cell = """
assert df["x"].sum() == expected[0] and df["c"].dtype == "category"
df.loc[3, "x"] = -1
df["new"] = df["x"] * 2
assert abs(matrix.sum() - expected[1]) < 1e-9 and (matrix @ matrix).shape == (200, 200)
matrix.data[:] = 1
assert model.predict(digits.data[:9]).tolist() == expected[2]
assert bunch.data.shape == digits.data.shape and bunch["note"] == "n"
model.fit(digits.data[:100], digits.target[:100])
"""
    notebook(before).run(cell)


TORCH = """
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset
torch.manual_seed(0)
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 1))
        self.register_buffer("scale", torch.ones(1))
    def forward(self, x):
        return self.layers(x) * self.scale
class Squares(Dataset):
    def __init__(self, n): self.x = torch.arange(n, dtype=torch.float32)
    def __len__(self): return len(self.x)
    def __getitem__(self, i): return self.x[i].expand(64), (self.x[i] ** 2)[None]
net = Net()
optimizer = torch.optim.Adam(net.parameters(), lr=0.01)
net(torch.ones(4, 64)).sum().backward(); optimizer.step(); optimizer.zero_grad()
loader = DataLoader(Squares(64), batch_size=16, shuffle=True, num_workers=2,
                    multiprocessing_context="fork")
whole = torch.arange(10_000.0)
row, flipped = whole[:100], whole.view(100, 100).t()
half = torch.randn(5000).to(torch.bfloat16)
grown = torch.randn(3000, requires_grad=True)
ints, empty, scalar = torch.arange(9), torch.empty(0, 3), torch.tensor(2.5)
sparse = torch.eye(50).to_sparse()
generator = torch.Generator().manual_seed(3)
expected = (net(torch.ones(1, 64)).item(), half.float().sum().item())
"""

TORCH_CELL = """
import io, pickle
assert abs(net(torch.ones(1, 64)).item() - expected[0]) < 1e-6
own = {id(p) for p in net.parameters()}
assert {id(p) for g in optimizer.param_groups for p in g["params"]} == own
assert {id(p) for p in optimizer.state} <= own and optimizer.state
row[0] = -5
assert whole[0] == -5 and flipped[0, 0] == -5
assert half.dtype == torch.bfloat16 and half.float().sum().item() == expected[1]
assert grown.requires_grad and grown.is_leaf
assert ints.tolist() == list(range(9)) and empty.shape == (0, 3) and scalar.item() == 2.5
assert sparse.to_dense().trace() == 50
torch.randn(2, generator=generator)
before = [p.clone() for p in net.parameters()]
for x, y in loader:
    optimizer.zero_grad()
    nn.functional.mse_loss(net(x), y).backward()
    optimizer.step()
assert not any(torch.equal(a, b) for a, b in zip(before, net.parameters()))
file = io.BytesIO()
torch.save(net, file)
file.seek(0)
assert type(torch.load(file, weights_only=False)) is Net
net.load_state_dict(net.state_dict())
assert type(pickle.loads(pickle.dumps(net))) is type(net)
net.double()
"""


def test_torch_arrives_whole(notebook: Make) -> None:
    pytest.importorskip("torch")
    notebook(TORCH).run(TORCH_CELL)


def test_modules_of_a_type_of_their_own_are_imported(notebook: Make) -> None:
    pytest.importorskip("torch")
    # `torch.classes` is such a module, and cloudpickle takes `config.classes` for it.
    before = """
import sys, types
import torch
from torch.backends import cudnn
class Config:
    classes = 3
def make(config):
    return torch.zeros(config.classes)
"""
    cell = """
assert make(Config()).shape == (3,)
assert cudnn is sys.modules["torch.backends.cudnn"]
"""
    notebook(before).run(cell)


@pytest.mark.skipif(sys.platform != "linux", reason="/proc tells how memory is shared")
def test_large_data_is_one_copy_for_all_runs(notebook: Make) -> None:
    before = "import numpy as np\ndata = np.ones(25_000_000)"
    cell = """
import os
def proportional():
    with open("/proc/self/smaps_rollup") as file:
        text = file.read()
    return int(text.split("Pss:")[1].split()[0]) // 1024
quiet = proportional()
arrived, gates = os.pipe(), [os.pipe(), os.pipe()]
def together(gate):
    os.write(arrived[1], b"x")
    os.read(gates[gate][0], 1)
children = []
for number in range(4):
    pid = os.fork()
    if pid == 0:
        assert data.sum() == 25_000_000
        if number == 0:
            data[:1000] = 5
        together(0)
        assert number == 0 or data[0] == 1
        share = proportional() - quiet
        together(1)  # a process that ends leaves its share to the others
        os._exit(0 if share < 100 else 1)
    children.append(pid)
for _, gate in gates:
    for _ in children: os.read(arrived[0], 1)
    assert data[0] == 1
    for _ in children: os.write(gate, b"x")
codes = [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in children]
assert codes == [0, 0, 0, 0], codes
"""
    notebook(before).run(cell)


def test_the_report_names_each_thing_and_its_size(notebook: Make) -> None:
    before = """
import numpy as np
data = np.zeros((1000, 100))
def mean(): return data.mean() + offset
offset = 3
unused = np.zeros(10_000_000)
"""
    items = {name: (kind, size) for name, kind, size in notebook(before).freeze("mean()")["items"]}
    assert set(items) == {"data", "mean", "offset"}
    assert items["data"][0] == "ndarray (1000, 100)"
    assert 800_000 <= items["data"][1] < 801_000
    assert items["mean"][1] < 2000
