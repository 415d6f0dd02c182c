"""What a device's faults are told as, and that a failed try leaves nothing behind."""

import weakref

import pytest
import torch

from echo_agent.errors import ModelDeviceError, ModelMemoryError, NoAnswerError
from echo_agent.mllm.device_faults import device_faults_told


def failing(error):
    def run():
        raise error

    return run


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB."),
        RuntimeError("CUDA error: out of memory\nCUDA kernel errors might be asynchronously reported"),
        torch.AcceleratorError("CUDA error: out of memory"),
        RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
        RuntimeError("cuDNN error: CUDNN_STATUS_ALLOC_FAILED"),
        RuntimeError("MPS backend out of memory (MPS allocated: 9.06 GB)"),
        RuntimeError("[enforce fail at alloc_cpu.cpp:121] DefaultCPUAllocator: can't allocate memory"),
        RuntimeError("DefaultCPUAllocator: not enough memory: you tried to allocate 8589934592 bytes."),
        MemoryError(),
    ],
)
def test_out_of_memory_of_any_spelling_is_told_with_its_remedy(error):
    with pytest.raises(ModelMemoryError, match="ECHO_MLLM_MAX_PIXELS") as told:
        device_faults_told("a model", failing(error))
    assert "a model" in str(told.value)


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("CUDA error: an illegal memory access was encountered"),
        RuntimeError("CUDA error: device-side assert triggered"),
        RuntimeError("cuDNN error: CUDNN_STATUS_EXECUTION_FAILED"),
        RuntimeError("CUBLAS error: CUBLAS_STATUS_NOT_INITIALIZED"),
    ],
)
def test_another_fault_of_the_device_is_no_crash(error):
    with pytest.raises(ModelDeviceError, match="failed") as told:
        device_faults_told("a model", failing(error))
    assert isinstance(told.value, NoAnswerError)


def test_an_error_that_is_not_the_devices_stays_what_it_is():
    with pytest.raises(RuntimeError, match="mat1 and mat2"):
        device_faults_told("a model", failing(RuntimeError("mat1 and mat2 shapes cannot be multiplied")))


@pytest.mark.parametrize("error", [RuntimeError("CUDA error: out of memory"), KeyError("lost")])
def test_tensors_of_a_failed_try_are_free_while_its_error_is_still_handled(error):
    alive = []

    def inner(values):
        try:
            larger = torch.cat([values, values])
            alive.append(weakref.ref(larger))
            raise RuntimeError("first")
        except RuntimeError:
            raise error  # noqa: B904 - as libraries do it

    def run():
        values = torch.zeros(10)
        alive.append(weakref.ref(values))
        inner(values)

    try:
        device_faults_told("a model", run)
    except (ModelMemoryError, KeyError):
        assert len(alive) == 2
        assert all(reference() is None for reference in alive)
    else:
        pytest.fail("it did not fail")
