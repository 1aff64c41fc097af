"""Messages as libraries print them."""

import pytest

from wandb_magic.slots.resource_errors import ResourceError, resource_error

MEMORY = [
    "OutOfMemoryError: CUDA out of memory. Tried to allocate 20.00 MiB. GPU 0 has a",
    "torch.cuda.OutOfMemoryError: HIP out of memory. Tried to allocate 2.00 GiB",
    "XlaRuntimeError: RESOURCE_EXHAUSTED: Out of memory while trying to allocate 85 bytes",
    "ResourceExhaustedError: {{function_node __wrapped__Add}} OOM when allocating tensor",
    "RuntimeError: CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`",
    "RuntimeError: CUDA error: out of memory",
    "cupy.cuda.memory.OutOfMemoryError: Out of memory allocating 8,000,000,000 bytes",
    "XGBoostError: Memory allocation error on worker 0: std::bad_alloc: cudaErrorMemoryAllocation",
    "killed by signal 9 (SIGKILL) while the kernel's out-of-memory killer was at work",
    "RuntimeError: DataLoader worker (pid(s) 4711) is killed by signal: Killed. ",
]
DEVICE = [
    "RuntimeError: CUDA error: uncorrectable ECC error encountered",
    "torch.AcceleratorError: CUDA error: an illegal memory access was encountered",
    "RuntimeError: CUDA error: unspecified launch failure",
    "RuntimeError: cuDNN error: CUDNN_STATUS_EXECUTION_FAILED",
    "RuntimeError: No CUDA GPUs are available",
    "torch.distributed.DistBackendError: NCCL error in: ProcessGroupNCCL.cpp:1970, unhandled cuda",
    "XlaRuntimeError: INTERNAL: Failed to load in-memory CUBIN: CUDA_ERROR_ECC_UNCORRECTABLE",
    "RuntimeError: HIP error: unspecified launch failure",
    "Unable to determine the device handle for GPU 0000:3B:00.0: GPU is lost.",
]
CODE = [
    "RuntimeError: CUDA error: device-side assert triggered",
    "RuntimeError: CUDA error: invalid device ordinal",
    "RuntimeError: CUDA error: no kernel image is available for execution on the device",
    "ValueError: the memory of the CUDA model is unknown",
    "KeyError: 'lr'",
    "IndexError: index 5 is out of bounds",
    "",
]


@pytest.mark.parametrize("text", MEMORY)
def test_memory(text: str) -> None:
    assert resource_error(text) is ResourceError.MEMORY
    assert resource_error("RuntimeError", f"Traceback …\n{text}\n") is ResourceError.MEMORY


@pytest.mark.parametrize("text", DEVICE)
def test_device(text: str) -> None:
    assert resource_error(text) is ResourceError.DEVICE


@pytest.mark.parametrize("text", CODE)
def test_code(text: str) -> None:
    assert resource_error(text) is None
