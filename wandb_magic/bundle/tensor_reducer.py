"""Pickles tensors: storages are mapped like any buffer, and CUDA waits until after the fork.

A GPU tensor is captured in main memory and returns to its device in each run, because the process
that forks must not initialise CUDA. Tensors that share a storage also share it there.

torch is optional, and never imported here before the user has imported it.
"""

from __future__ import annotations

import pickle
import sys
from typing import Any

from wandb_magic.bundle.unpickler import (
    in_storage,
    late_tensor,
    over_storage,
    torch_storage,
    typed_storage,
)

Reduced = tuple[Any, ...]


class TensorReducer:
    """Reduces the tensors of one bundle."""

    def __init__(self) -> None:
        # Every access creates a new wrapper; keeping one per storage keeps its views together.
        self._storages: dict[tuple[str, int], Any] = {}
        self._on_cpu: dict[int, Any] = {}

    def reduce(self, obj: Any) -> Reduced | None:  # noqa: ANN401 - any object is asked about
        """Return how to pickle a tensor or a storage; None for what torch or pickle does well."""
        torch: Any = sys.modules.get("torch")
        if not hasattr(torch, "UntypedStorage"):
            return None
        if isinstance(obj, torch.Tensor) and obj.is_cuda:
            return self._reduce_cuda(torch, obj)
        if isinstance(obj, torch.storage.TypedStorage):
            untyped = obj._untyped_storage  # noqa: SLF001 - `untyped()` warns the user
            if untyped.device.type == "cpu":
                return typed_storage, (self._shared_storage(untyped), obj.dtype)
        if isinstance(obj, torch.UntypedStorage) and obj.device.type == "cpu":
            if not len(obj):
                return torch.UntypedStorage, (0,)
            view = torch.tensor([], dtype=torch.uint8).set_(self._shared_storage(obj))
            return torch_storage, (pickle.PickleBuffer(view.numpy()),)
        return None

    def _shared_storage(self, storage: Any) -> Any:  # noqa: ANN401 - torch is optional
        if not len(storage):
            return storage
        return self._storages.setdefault((str(storage.device), storage.data_ptr()), storage)

    def _reduce_cuda(self, torch: Any, tensor: Any) -> Reduced:  # noqa: ANN401 - torch is optional
        if in_storage(tensor):
            storage = self._shared_storage(tensor.untyped_storage())
            if id(storage) not in self._on_cpu:
                self._on_cpu[id(storage)] = storage.cpu()
            data = over_storage(self._on_cpu[id(storage)], tensor)
        else:
            data = tensor.detach().cpu()
        if isinstance(tensor, torch.nn.Parameter):
            data = torch.nn.Parameter(data, requires_grad=tensor.requires_grad)
        else:
            data.requires_grad_(tensor.requires_grad)
        data.__dict__.update(tensor.__dict__)
        return late_tensor, (data, str(tensor.device))
