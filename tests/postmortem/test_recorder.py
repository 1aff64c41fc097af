"""What is kept of values of every kind, and within which limits."""

import array
import collections
import dataclasses
import datetime as dt
import decimal
import enum
import fractions
import functools
import io
import itertools
import logging
import os
import pathlib
import queue
import random
import re
import sqlite3
import sys
import threading
import time
import types
import uuid
import weakref
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, NoReturn

import numpy as np
import pandas as pd
import pytest
import torch

from wandb_magic.bundle.signing_key import key
from wandb_magic.display import failure_view
from wandb_magic.paths import RunPaths
from wandb_magic.postmortem.failure import Failure, read_failure
from wandb_magic.postmortem.limits import DEBUG_MB_VARIABLE
from wandb_magic.postmortem.recorder import record_failure
from wandb_magic.postmortem.restored import Unrestored

RUN = "runrun12"
Code = Callable[[], object]


class Color(enum.Enum):
    RED = 1


class Pair(NamedTuple):
    left: int
    right: str


@dataclasses.dataclass
class Settings:
    lr: float
    tags: list[str]


class Slotted:
    __slots__ = ("x",)

    def __init__(self) -> None:
        self.x = 3


class Model:
    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.layers = {"first": np.eye(2)}


class NeedsTwoError(Exception):
    def __init__(self, left: int, right: int) -> None:
        super().__init__(f"{left} and {right}")
        self.left = left


def caught(function: Code) -> tuple[BaseException, TracebackType | None]:
    try:
        function()
    except BaseException as error:  # noqa: BLE001 - however it fails
        return error, error.__traceback__.tb_next if error.__traceback__ else None
    raise AssertionError("it did not fail")


def record(function: Code, folder: Path, **environment: str) -> Failure:
    """Record how a function fails, and read that again."""
    paths = RunPaths(folder / RUN)
    paths.folder.mkdir(parents=True, exist_ok=True)
    key()  # a sweep's start has signed its bundle
    error, trace = caught(function)
    record_failure(error, trace, paths, {**os.environ, **environment})
    return read_failure(
        paths.failure, RUN, cause="", config={}, stack="", log="", error="", trust=False
    )


def fail_with(values: dict[str, Any]) -> Code:
    """Return a function that fails with these variables, as the code of a module would."""

    def fail() -> None:
        exec("raise ValueError('as intended')", values)

    return fail


def kinds(folder: Path) -> dict[str, Any]:
    """Return values of many kinds, of which most can be restored."""
    stack = collections.deque([1, 2], maxlen=3)
    generator = random.Random(3)
    network = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.BatchNorm1d(3))
    recursive: list[Any] = [1]
    recursive.append(recursive)
    frame = pd.DataFrame({"a": [1, 2], "b": ["x", "y"]})
    return {
        "integer": 2**70,
        "real": 1.5,
        "complex_": 1 + 2j,
        "text": "text",
        "raw": b"raw",
        "writable": bytearray(b"writable"),
        "view": memoryview(b"view"),
        "numbers": array.array("d", [1.0]),
        "nested": {"a": [1, {2, 3}, (4, None)], 5: frozenset({6})},
        "recursive": recursive,
        "ordered": collections.OrderedDict(a=1),
        "default": collections.defaultdict(list, a=[1]),
        "counter": collections.Counter("aab"),
        "stack": stack,
        "pair": Pair(1, "x"),
        "settings": Settings(0.1, ["t"]),
        "color": Color.RED,
        "slotted": Slotted(),
        "model": Model(),
        "frozen": types.MappingProxyType({"a": 1}),
        "simple": types.SimpleNamespace(a=1),
        "function": lambda x: x + 1,
        "partial": functools.partial(int, base=2),
        "method": [3].index,
        "class_": type("Local", (), {"value": 5}),
        "module": np,
        "day": dt.datetime(2026, 1, 2, tzinfo=dt.timezone.utc),
        "exact": decimal.Decimal("1.10"),
        "fraction": fractions.Fraction(1, 3),
        "unique": uuid.UUID(int=5),
        "path": pathlib.PurePosixPath("/a/b"),
        "pattern": re.compile("a+"),
        "logger": logging.getLogger("some.logger"),
        "error": NeedsTwoError(1, 2),
        "counting": itertools.count(3),
        "random_": generator,
        "numpy_random": np.random.default_rng(3),
        "matrix": np.arange(6.0).reshape(2, 3),
        "structured": np.zeros(2, dtype=[("x", "f4")]),
        "objects": np.array([{"a": 1}, None], dtype=object),
        "frame": frame,
        "series": frame["a"],
        "times": pd.date_range("2026-01-01", periods=3),
        "tensor": torch.arange(4.0, requires_grad=True),
        "network": network,
        "optimizer": torch.optim.SGD(network.parameters(), lr=0.1),
        "queue_": queue.Queue(3),
        "event": threading.Event(),
        "memory": io.BytesIO(b"abc"),
        "reference": weakref.ref(generator),
        "mixed": [1, sys.stdin, 3],
        "file": (folder / "file").open("w"),
        "database": sqlite3.connect(":memory:"),
    }


def test_almost_every_kind_of_value_is_restored(tmp_path: Path) -> None:
    values = kinds(tmp_path)
    failure = record(fail_with(dict(values)), tmp_path)
    found = failure.frames[-1].locals
    assert set(found) == set(values)
    restored = {name: found[name] for name in values}
    lost = {name for name, value in restored.items() if isinstance(value, Unrestored)}
    assert lost == {"file", "database"}
    assert len(lost) <= 0.05 * len(values)
    assert "sqlite3.Connection" in repr(restored["database"])

    for name in (
        "integer",
        "nested",
        "pair",
        "settings",
        "color",
        "day",
        "exact",
        "path",
        "stack",
    ):
        assert restored[name] == values[name], name
    assert restored["recursive"][1] is restored["recursive"]
    assert restored["function"](2) == 3
    assert restored["error"].left == 1
    assert restored["model"].layers["first"].tolist() == [[1, 0], [0, 1]]
    assert restored["mixed"][::2] == [1, 3]
    pd.testing.assert_frame_equal(restored["frame"], values["frame"])
    assert restored["network"](torch.ones(2, 2)).shape == (2, 3)
    restored["matrix"][0, 0] = 5  # it is writable
    values["file"].close()
    values["database"].close()


def test_what_is_large_is_cut_to_its_first_rows(tmp_path: Path) -> None:
    large = {
        "small": [1, 2],
        "matrix": np.arange(2_000_000.0).reshape(-1, 2),
        "tensor": torch.arange(2_000_000.0).reshape(-1, 2),
        "table": pd.DataFrame({"a": np.arange(1_000_000)}),
        "text": "x" * 5_000_000,
        "rows": list(range(3_000_000)),
        "inside": {"deep": np.zeros((500_000, 2))},
        "corner": torch.zeros(5_000_000)[:3],
    }
    failure = record(fail_with(dict(large)), tmp_path, **{DEBUG_MB_VARIABLE: "4"})
    assert (tmp_path / RUN / "failure.frames").stat().st_size <= 4_200_000
    found = failure.frames[-1].locals
    for name in ("matrix", "tensor", "table", "rows"):
        value, original = found[name], large[name]
        assert 0 < len(value) < len(original), name
        assert "of" in found.notes[name], name
        assert np.array_equal(np.asarray(value), np.asarray(original[: len(value)])), name
    assert found["small"] == [1, 2]
    assert found["corner"].tolist() == [0, 0, 0]
    assert record(fail_with({"x": 1}), tmp_path / "none", **{DEBUG_MB_VARIABLE: "0"}).frames == ()


def test_secrets_are_masked_wherever_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOME_TOKEN", "a-value-of-the" + "-environment")
    # No secret is in this file, whose text is recorded as well.
    secret, second, third = "sk-" + "1234567890abcdef", "jklmnop" * 2, "hunter" * 3
    constant = compile("lambda: 'hf_" + "12345678abcdefgh'", "<none>", "eval")
    holder = types.SimpleNamespace(key=f"Bearer {secret}", password=third)
    failure = record(
        fail_with(
            {
                "direct": secret,
                "api_key": second,
                "listed": ["plain", f"in a text: {secret}"],
                "held": holder,
                "environment": os.environ,
                "copied": {"inner": os.environ["SOME_TOKEN"]},
                "function": eval(constant),
                "plain": "a plain text",
            }
        ),
        tmp_path,
    )
    content = (tmp_path / RUN / "failure.frames").read_bytes().decode("latin-1")
    for word in (secret, second, third, "a-value-of-the" + "-env", "hf_1" + "2345678abcdefgh"):
        assert word not in content, word
    found = failure.frames[-1].locals
    assert found["plain"] == "a plain text"
    assert found["listed"][0] == "plain"
    assert found["environment"]["HOME"] == os.environ["HOME"]
    assert holder.password == third  # what the run itself has stays as it is


class Hostile:
    """Whatever is asked of it, it answers with an error, or not at all."""

    def __init__(self, patience: float = 0) -> None:
        self.patience = patience

    def __repr__(self) -> str:
        deadline = time.monotonic() + self.patience
        while time.monotonic() < deadline:
            time.sleep(0.05)
        raise SystemError("no repr")

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise SystemError("no pickle")

    @property
    def __class__(self) -> NoReturn:
        raise SystemError("no class")


def test_no_value_keeps_a_run_from_its_end(tmp_path: Path) -> None:
    def recurse(depth: int = 0) -> int:
        return recurse(depth + 1) + 1

    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    failure = record(fail_with({"hostile": [Hostile()], "deep": deep, "after": 5}), tmp_path)
    found = failure.frames[-1].locals
    assert found["after"] == 5
    assert isinstance(found["deep"], Unrestored)
    failure = record(recurse, tmp_path / "recursion")
    assert failure.type == "RecursionError"
    assert 50 < len(failure.frames) <= 100
    # The frame is there although one of its values never answers.
    failure = record(fail_with({"first": 1, "slow": Hostile(60)}), tmp_path / "slow")
    assert failure.type in ("ValueError", "")


def test_the_causes_of_an_exception_have_frames_of_their_own(tmp_path: Path) -> None:
    def low(depth: int) -> None:
        found = {"depth": depth}
        raise KeyError(found["missing"])

    def high() -> None:
        try:
            low(4)
        except KeyError as error:
            raise RuntimeError("wrapped") from error

    failure = record(high, tmp_path)
    (cause,) = failure.causes
    assert (failure.type, cause.type) == ("RuntimeError", "KeyError")
    assert cause.frames[-1].locals["found"] == {"depth": 4}
    text = failure_view.text(failure)
    assert "caused by KeyError" in text
    assert "found = {'depth': 4}" in text
