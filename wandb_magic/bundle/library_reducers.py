"""Pickles objects that pickle refuses but whose libraries can serialize them.

A library is never imported here before the user has imported it.
"""

from __future__ import annotations

import io
import sys
import tempfile
import warnings
from pathlib import Path
from typing import Any

from wandb_magic.bundle.unpickler import boosting_matrix, script_module

Reduced = tuple[Any, ...]


def reduce_library_object(obj: Any) -> Reduced | None:  # noqa: ANN401 - any object is asked about
    """Return how to pickle an object in its library's own format; None for anything else."""
    module = type(obj).__module__
    if module.startswith("torch."):
        return _torch(obj)
    if module.startswith("xgboost."):
        return _xgboost(obj)
    return None


def _torch(obj: Any) -> Reduced | None:  # noqa: ANN401 - torch is optional
    jit: Any = sys.modules.get("torch.jit")
    if jit is not None and isinstance(obj, (jit.ScriptModule, jit.ScriptFunction)):
        stream = io.BytesIO()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # deprecated: the user has already been warned
            jit.save(obj, stream)
        return script_module, (stream.getvalue(),)
    data: Any = sys.modules.get("torch.utils.data")
    loader: Any = getattr(data, "DataLoader", ())
    if isinstance(obj, loader) and obj._iterator is not None:  # noqa: SLF001 - no other way to find out
        # Its workers are processes of the kernel: the run starts its own.
        reduced: Any = obj.__reduce_ex__(4)
        return (*reduced[:2], {**reduced[2], "_iterator": None}, *reduced[3:])
    return None


def _xgboost(obj: Any) -> Reduced | None:  # noqa: ANN401 - xgboost is optional
    xgboost: Any = sys.modules.get("xgboost")
    if type(obj) is not getattr(xgboost, "DMatrix", None):
        return None  # a quantile matrix has no file format
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "matrix"
        obj.save_binary(str(file))
        data = file.read_bytes()
    return boosting_matrix, (data, obj.feature_names, obj.feature_types)
