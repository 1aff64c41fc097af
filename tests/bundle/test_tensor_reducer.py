"""The way of CUDA tensors, walked with the CPU as the device that they come from and go to."""

import io
import pickle

import pytest

torch = pytest.importorskip("torch")

from wandb_magic.bundle.pickler import Pickler  # noqa: E402 - only where torch is
from wandb_magic.bundle.tensor_reducer import TensorReducer  # noqa: E402 - as above
from wandb_magic.bundle.unpickler import move_late_tensors  # noqa: E402 - as above


def travel(value: object, monkeypatch: pytest.MonkeyPatch) -> object:
    """Pickle a value as if its tensors were on a GPU, read it, and move the tensors back."""

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


def test_views_parameters_and_attributes_survive(monkeypatch: pytest.MonkeyPatch) -> None:
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
