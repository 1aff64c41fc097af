"""The pictures: always the digits, the others through torchvision's own loading code."""

import pickle
import re
import struct
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from torch.utils.data import DataLoader  # noqa: E402 - as above

import pictures  # noqa: E402 - torch is optional
from pictures import NAMES, load, missing  # noqa: E402 - as above


@pytest.fixture
def torchvision() -> Iterator[object]:
    """Torchvision, also one that was built for another torch: its data sets need no operators."""
    library = torch.library.Library("torchvision", "FRAGMENT")
    while True:
        try:
            from torchvision import datasets  # noqa: PLC0415 - optional
        except ImportError:
            pytest.skip("torchvision is not installed")
        except RuntimeError as error:
            absent = re.search(r"torchvision::(\w+) does not exist", str(error))
            if absent is None:
                pytest.skip(f"torchvision cannot be imported: {error}")
            library.define(f"{absent[1]}() -> ()")
            for name in [name for name in sys.modules if name.startswith("torchvision")]:
                del sys.modules[name]
        else:
            yield datasets
            return


def test_the_digits_are_split_into_two(capsys: pytest.CaptureFixture[str]) -> None:
    train, test = load("digits", train=True), load("digits", train=False)
    assert len(train) + len(test) == 1797
    assert train.shape == test.shape == (1, 8, 8)
    assert train.classes == test.classes == 10
    assert train.images.dtype == torch.uint8
    assert {int(train.images.min()), int(train.images.max())} == {0, 255}
    # Each class is held out alike.
    assert (
        test.labels.bincount() * 5 - train.labels.bincount() - test.labels.bincount()
    ).abs().max() < 5
    assert capsys.readouterr().out == ""


def test_they_go_through_a_loader() -> None:
    data = load("digits", train=True)
    images, labels = next(iter(DataLoader(data, batch_size=16)))
    assert images.shape == (16, 1, 8, 8)
    assert labels.dtype == torch.int64
    assert -1 <= images.min() < 0 < images.max() <= 1
    assert len(data.every(10)) == 144
    whole, _ = data[:16]
    assert torch.equal(whole, images)


@pytest.mark.parametrize("name", ["mnist", "cifar10"])
def test_where_others_are_missing_the_digits_come_and_one_line_says_why(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pictures._say.cache_clear()
    for _ in range(2):
        assert load(name, train=True, folder=tmp_path).name == "digits"
    reason = missing(name, tmp_path)
    assert capsys.readouterr().out == f"{name}: {reason}; scikit-learn's digits instead\n"
    assert not list(tmp_path.iterdir()) or [path.name for path in tmp_path.iterdir()] == ["home"]


def test_a_torchvision_for_another_torch_counts_as_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in sys.modules if name.startswith("torchvision")]:
        monkeypatch.delitem(sys.modules, name)
    (tmp_path / "torchvision").mkdir()
    text = "raise RuntimeError('operator torchvision::nms does not exist\\nmore')"
    (tmp_path / "torchvision" / "__init__.py").write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    assert missing("mnist") == (
        "torchvision does not work with this torch (operator torchvision::nms does not exist)"
    )


def test_other_names_are_refused() -> None:
    with pytest.raises(ValueError, match="dataset must be one of mnist, cifar10, digits"):
        load("faces", train=True)
    assert missing("digits") is None
    assert NAMES[-1] == "digits"


def test_mnist_is_read_where_it_is(
    torchvision: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert torchvision
    raw = tmp_path / "data" / "MNIST" / "raw"
    raw.mkdir(parents=True)
    random = np.random.default_rng(0)
    made = {}
    for kind, count in (("train", 30), ("t10k", 20)):
        images = random.integers(0, 256, (count, 28, 28), dtype=np.uint8)
        labels = (np.arange(count) % 10).astype(np.uint8)
        made[kind] = images
        shape = struct.pack(">4I", 0x803, *images.shape)
        (raw / f"{kind}-images-idx3-ubyte").write_bytes(shape + images.tobytes())
        head = struct.pack(">2I", 0x801, count)
        (raw / f"{kind}-labels-idx1-ubyte").write_bytes(head + labels.tobytes())
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "data"))
    assert missing("mnist") is None
    train, test = load("mnist", train=True), load("mnist", train=False)
    assert (train.name, train.shape, train.classes, len(train)) == ("mnist", (1, 28, 28), 10, 30)
    assert np.array_equal(train.images[:, 0].numpy(), made["train"])
    assert np.array_equal(test.images[:, 0].numpy(), made["t10k"])
    assert train.labels[:3].tolist() == [0, 1, 2]


def test_cifar_is_read_where_it_is(
    torchvision: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "cifar-10-batches-py"
    folder.mkdir()
    batches = [f"data_batch_{number}" for number in range(1, 6)]
    random = np.random.default_rng(0)
    for name in (*batches, "test_batch"):
        data = random.integers(0, 256, (10, 3072), dtype=np.uint8)
        (folder / name).write_bytes(pickle.dumps({"data": data, "labels": list(range(10))}))
    (folder / "batches.meta").write_bytes(pickle.dumps({"label_names": list("abcdefghij")}))
    # The files are ours: their sums are not CIFAR-10's.
    monkeypatch.setattr(torchvision.CIFAR10, "_check_integrity", lambda _: True)  # type: ignore[attr-defined]
    monkeypatch.setattr(f"{torchvision.__name__}.cifar.check_integrity", lambda *_: True)  # type: ignore[attr-defined]
    train = load("cifar10", train=True, folder=tmp_path)
    assert (train.name, train.shape, train.classes, len(train)) == ("cifar10", (3, 32, 32), 10, 50)
    last = pickle.loads((folder / "data_batch_5").read_bytes())["data"][-1]
    assert np.array_equal(train.images[-1].numpy().reshape(-1), last)
    assert load("cifar10", train=False, folder=tmp_path).labels.tolist() == list(range(10))
