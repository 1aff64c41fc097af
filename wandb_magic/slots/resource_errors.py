"""Recognises runs that failed because of what they ran on, and not because of their code."""

from __future__ import annotations

import re
from enum import Enum


class ResourceError(str, Enum):
    """What failed: memory ran out, or a GPU reported an error."""

    MEMORY = "memory"
    DEVICE = "device"


_MEMORY = re.compile(
    r"out of memory|OutOfMemoryError|OUT_OF_MEMORY|hipErrorOutOfMemory|cudaErrorMemoryAllocation"
    r"|CUBLAS_STATUS_ALLOC_FAILED|CUDNN_STATUS_ALLOC_FAILED|ResourceExhaustedError"
    r"|RESOURCE_EXHAUSTED|out-of-memory killer|DataLoader worker .* killed by signal: Killed"
)
_GPU = re.compile(
    r"CUDA error|CUDA driver error|cudaError|CUDA_ERROR_|CUDNN_STATUS_|CUBLAS_STATUS_"
    r"|CUSOLVER_STATUS_|NCCL error|ncclSystemError|ncclUnhandledCudaError|HIP error|hipError"
    r"|uncorrectable ECC|\bXid\b|No CUDA GPUs are available|GPU is lost|fallen off the bus"
)
# What the code itself has done wrong, on whatever GPU: an index beyond an embedding, for example.
_CODE = re.compile(r"device-side assert|invalid device ordinal|no kernel image is available")


def resource_error(*texts: str) -> ResourceError | None:
    """Return what a run failed of, given its cause and its traceback; None if its code failed."""
    for text in texts:
        if _CODE.search(text):
            return None
        if _MEMORY.search(text):
            return ResourceError.MEMORY
        if _GPU.search(text):
            return ResourceError.DEVICE
    return None
