"""What errors of ranks mean for their attempt, by the words of the libraries that raise them."""

import errno
import os
import signal
from pathlib import Path

import pytest
import torch
from torch import distributed as dist
from torch.distributed.elastic.multiprocessing.api import SignalException
from torch.distributed.elastic.rendezvous.api import RendezvousTimeoutError

from jobs.errors import TrainingError
from jobs.status import Reason
from worker.rundir import directory
from worker.rundir.failures import Failure, of_a_file
from worker.train.causes import DeviceLostError, explain, explain_exit

NCCL = "NCCL error in: ProcessGroupNCCL.cpp:3690, {}, NCCL version 2.27.5\n{}"
GLOO = "[/pytorch/third_party/gloo/gloo/transport/tcp/{}"
HINT = "\nCUDA kernel errors might be asynchronously reported at some other API call.\nFor debugging consider passing …"


@pytest.mark.parametrize("error", [
    OSError(errno.ENOSPC, "No space left on device", "report.jsonl"),
    OSError(errno.EDQUOT, "Disk quota exceeded"),
    RuntimeError("Error while serializing: I/O error: No space left on device (os error 28)"),
])  # fmt: skip
def test_a_full_disk_is_recognised_whoever_says_it(error: Exception) -> None:
    assert explain(error).reason == Reason.DISK_FULL


@pytest.mark.parametrize("number", [errno.EIO, errno.EROFS, errno.ESTALE, errno.EMFILE])
def test_a_file_system_or_a_host_that_fails_costs_an_attempt_and_not_the_job(number: int) -> None:
    error = OSError(number, os.strerror(number), "train.npz")
    assert explain(error).reason == of_a_file(error).reason == Reason.WORKER_LOST


@pytest.mark.parametrize("error", [
    torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has a total capacity of 79 GiB …"),
    RuntimeError("CUDA error: out of memory" + HINT),
    RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
    RuntimeError("cuDNN error: CUDNN_STATUS_ALLOC_FAILED"),
    RuntimeError("cuDNN error: CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED"),
    dist.DistBackendError(NCCL.format(
        "unhandled cuda error", "ncclUnhandledCudaError: Call to CUDA function failed.\nLast error:\n"
        "Failed to CUDA calloc async 608 bytes\nCuda failure 2 'out of memory'")),
    RuntimeError("[enforce fail at alloc_cpu.cpp:124] err == 0. DefaultCPUAllocator: can't allocate memory"),
    OSError(12, "Cannot allocate memory"),
    MemoryError(),
])  # fmt: skip
def test_too_little_memory_is_recognised_whoever_says_it(error: Exception) -> None:
    found = explain(error, device=1)
    assert (found.reason, found.device) == (Reason.OUT_OF_MEMORY, None)
    assert "smaller global_batch_size" in found.message


@pytest.mark.parametrize("error", [
    dist.DistNetworkError("The client socket has timed out after 60000ms while trying to connect to (…)."),
    dist.DistStoreError("Timed out after 601 seconds waiting for clients. 1/2 clients joined."),
    dist.DistBackendError(NCCL.format("remote process exited or there was a network error", "ncclRemoteError")),
    RendezvousTimeoutError(),
    RuntimeError(GLOO.format("pair.cc:553] Connection closed by peer [127.0.0.1]:22930")),
    RuntimeError(GLOO.format("pair.cc:537] Read error [127.0.0.1]:14516: Connection reset by peer")),
    RuntimeError(GLOO.format("unbound_buffer.cc:78] Timed out waiting 1800000ms for recv operation to complete")),
    ConnectionResetError(104, "Connection reset by peer"),
])  # fmt: skip
def test_a_broken_connection_is_a_lost_attempt_and_may_have_followed_from_another_failure(error: Exception) -> None:
    found = explain(error, device=1)
    assert (found.reason, found.device) == (Reason.WORKER_LOST, None)
    documents = [found.document(), explain(ValueError("its cause")).document()]
    assert min(documents, key=lambda document: document["rank_of_cause"])["message"] == "ValueError: its cause"


@pytest.mark.parametrize("error", [
    RuntimeError("CUDA error: an illegal memory access was encountered" + HINT),
    RuntimeError("CUDA error: uncorrectable ECC error encountered" + HINT),
    RuntimeError("CUDA error: unspecified launch failure" + HINT),
    RuntimeError("CUDA error: invalid device ordinal" + HINT),
    RuntimeError("CUDA error: CUBLAS_STATUS_EXECUTION_FAILED when calling `cublasSgemm( handle, …)`"),
    RuntimeError("No CUDA GPUs are available"),
    RuntimeError("Can't initialize NVML"),
    dist.DistBackendError(NCCL.format("unhandled cuda error", "ncclUnhandledCudaError: Call to CUDA function failed.")),
    DeviceLostError("CUDA says that there is none"),
])  # fmt: skip
def test_an_error_of_a_device_is_a_lost_attempt_and_names_the_device(error: Exception) -> None:
    found = explain(error, device=1)
    assert (found.reason, found.device) == (Reason.WORKER_LOST, 1)
    assert found.message.startswith("a device failed, or is gone: ")
    assert found.document()["device"] == 1


@pytest.mark.parametrize("error", [
    RuntimeError("CUDA error: device-side assert triggered" + HINT),
    RuntimeError("CUDA error: no kernel image is available for execution on the device" + HINT),
    RuntimeError("CUDA error: CUBLAS_STATUS_INVALID_VALUE when calling `cublasSgemm( handle, …)`"),
    dist.DistBackendError(NCCL.format("invalid usage", "ncclInvalidUsage: Duplicate GPU detected")),
    RuntimeError("mat1 and mat2 shapes cannot be multiplied (32x64 and 10x5)"),
    LookupError("connection"),
])  # fmt: skip
def test_what_another_attempt_would_say_again_ends_the_job(error: Exception) -> None:
    found = explain(error, device=1)
    assert (found.reason, found.device) == (Reason.INTERNAL_ERROR, None)
    assert str(error) in found.message


def test_a_reader_of_data_that_was_killed_is_a_lost_attempt() -> None:
    found = explain(RuntimeError("DataLoader worker (pid(s) 4711) exited unexpectedly"))
    assert found.document()["rank_of_cause"] == Failure(Reason.WORKER_LOST, "").document()["rank_of_cause"]


def test_a_reason_that_was_decided_stays_whatever_its_words() -> None:
    error = TrainingError(Reason.INVALID_DATA, "a file says: CUDA error: connection reset by peer, out of memory")
    assert explain(error).reason == Reason.INVALID_DATA


@pytest.mark.parametrize(("status", "reason", "words"), [
    (-signal.SIGKILL, Reason.WORKER_LOST, "killed by SIGKILL: by the kernel where the host's memory ran out, or by"),
    (-signal.SIGSEGV, Reason.WORKER_LOST, "crashed (SIGSEGV)"),
    (-signal.SIGBUS, Reason.WORKER_LOST, "crashed (SIGBUS)"),
    (-signal.SIGABRT, Reason.WORKER_LOST, "crashed (SIGABRT)"),
    (-signal.SIGHUP, Reason.WORKER_LOST, "ended by SIGHUP; it is not known who sent it"),
    (-(signal.SIGRTMIN + 1), Reason.WORKER_LOST, "ended by signal 35; it is not known who sent it"),
    (3, Reason.WORKER_LOST, "ended with the exit status 3, and did not say why"),
])  # fmt: skip
def test_only_sigkill_may_be_the_memory_killers(status: int, reason: Reason, words: str) -> None:
    found = explain_exit(1, status)
    assert found.reason == reason
    assert words in found.message
    assert ("memory ran out" in found.message) == (status == -signal.SIGKILL)


def test_of_failures_of_equal_weight_the_first_one_is_told_first(tmp_path: Path) -> None:
    ended = SignalException("Process 7 got signal: 15", signal.SIGTERM)
    for second, (rank, error) in enumerate([(2, ValueError("first")), (1, ValueError("then")), (0, ended)], 1):
        explain(error).write(tmp_path, rank)
        os.utime(tmp_path / f"failure-{rank}.json", (second, second))
    found = directory.failures(tmp_path)
    assert [failure["message"] for failure in found[:2]] == ["ValueError: first", "ValueError: then"]
    assert found[2]["rank_of_cause"] > found[1]["rank_of_cause"]
