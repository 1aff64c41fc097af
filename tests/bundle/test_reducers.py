"""Values that pickle refuses, or would split, arrive in a run unchanged."""

import io
import pickle
from collections.abc import Callable

import pytest

from tests.bundle.conftest import Notebook
from wandb_magic.bundle.pickler import Pickler
from wandb_magic.bundle.reducers import TensorReducer
from wandb_magic.bundle.unpickler import move_late_tensors

Make = Callable[..., Notebook]


def test_torchscript_and_a_loader_with_living_workers(notebook: Make) -> None:
    pytest.importorskip("torch")
    made = notebook("""
import torch, warnings
x = torch.ones(1, 2)
warnings.simplefilter("ignore")
scripted = torch.jit.script(torch.nn.Linear(2, 3))
traced = torch.jit.trace(torch.nn.Linear(2, 3), x)
@torch.jit.script
def double(a: torch.Tensor):
    return 2 * a
class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.inner = scripted
    def forward(self, x):
        return self.inner(x)
net = Net()
with torch.no_grad():
    expected = [scripted(x), traced(x), net(x)]
loader = torch.utils.data.DataLoader([1, 2], num_workers=1, persistent_workers=True)
next(iter(loader))
assert loader._iterator is not None
""")
    made.run("""
with torch.no_grad():
    for one, other in zip(expected, [scripted(x), traced(x), net(x)]):
        assert torch.equal(one, other)
assert torch.equal(double(x), 2 * x)
assert loader._iterator is None and [int(each) for each in loader] == [1, 2]
""")


def test_a_matrix_of_xgboost(notebook: Make) -> None:
    pytest.importorskip("xgboost")
    made = notebook("""
import numpy as np
import xgboost as xgb
data = np.random.default_rng(0).random((20, 3))
matrix = xgb.DMatrix(
    data,
    label=np.arange(20),
    weight=np.full(20, 2),
    feature_names=["a", "b", "c"],
    missing=data[0, 0],
)
ranked = xgb.DMatrix(data, label=np.arange(20) % 2, qid=np.arange(20) // 5)
expected = matrix.get_data().toarray(), ranked.get_uint_info("group_ptr")
""")
    made.run("""
assert matrix.feature_names == ["a", "b", "c"] and (matrix.get_weight() == 2).all()
assert (matrix.get_label() == np.arange(20)).all()
assert (matrix.get_data().toarray() == expected[0]).all()
assert (ranked.get_uint_info("group_ptr") == expected[1]).all()
""")


def travel(value: object, monkeypatch: pytest.MonkeyPatch) -> object:
    """Pickle a value as if its tensors were on a GPU, read it, and move the tensors back.

    The CPU is the device that they come from and go to.
    """
    torch = pytest.importorskip("torch")

    def reduce(self: TensorReducer, obj: object) -> object:
        if isinstance(obj, torch.Tensor) and id(obj) not in twins:
            function, (data, device) = self._reduce_cuda(torch, obj)
            twins[id(data)] = data
            return function, (data, device)
        return plain(self, obj)

    twins: dict[int, object] = {}
    plain = TensorReducer.reduce
    monkeypatch.setattr(TensorReducer, "reduce", reduce)
    stream = io.BytesIO()
    Pickler(stream, {}, lambda _: None).dump(value)
    buffers: list[memoryview] = []
    stream = io.BytesIO()
    Pickler(stream, {}, lambda view: buffers.append(memoryview(bytearray(view)))).dump(value)
    stream.seek(0)
    read = pickle.Unpickler(stream, buffers=buffers).load()
    move_late_tensors()
    return read


def test_views_parameters_and_attributes_of_cuda_tensors_survive(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    torch = pytest.importorskip("torch")
    base = torch.arange(4000.0)
    module = torch.nn.LSTM(8, 16)
    marked = torch.nn.Parameter(torch.ones(3), requires_grad=False)
    marked.note = "mine"
    optimizer = torch.optim.SGD(module.parameters(), lr=0.1)
    sent = {
        "base": base,
        "row": base.view(40, 100)[3],
        "turned": base.view(40, 100).t(),
        "module": module,
        "optimizer": optimizer,
        "marked": marked,
        "sparse": torch.eye(4).to_sparse(),
        "empty": torch.empty(0, 3),
        "half": torch.ones(5, dtype=torch.bfloat16),
        "grown": torch.ones(2, requires_grad=True),
    }
    got = travel(sent, monkeypatch)
    assert isinstance(got, dict)
    got["base"][300] = -1
    assert got["row"][0] == -1
    assert got["turned"][0, 3] == -1
    assert base[300] == 300
    own = {id(parameter) for parameter in got["module"].parameters()}
    assert {id(each) for each in got["optimizer"].param_groups[0]["params"]} == own
    assert all(isinstance(each, torch.nn.Parameter) for each in got["module"].parameters())
    assert got["module"](torch.ones(2, 1, 8))[0].requires_grad
    assert (got["marked"].note, got["marked"].requires_grad) == ("mine", False)
    assert torch.equal(got["sparse"].to_dense(), torch.eye(4))
    assert got["empty"].shape == (0, 3)
    assert got["half"].dtype == torch.bfloat16
    assert got["grown"].requires_grad
