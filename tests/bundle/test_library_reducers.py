"""What pickle refuses and a library can write by itself goes along in that form."""

from collections.abc import Callable

import pytest

from tests.bundle.conftest import Notebook

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
