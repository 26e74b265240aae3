"""Causes of errors that end a rank: a mistake in the job, lack of memory, or a lost rank, device or connection.

Libraries distinguish many of these only by message, so this module searches messages of PyTorch, gloo, NCCL and CUDA.
"""

import re
import signal

import torch
from torch import distributed as dist
from torch.distributed.elastic.multiprocessing.api import SignalException
from torch.distributed.elastic.rendezvous.api import RendezvousError

from clr_core.errors import InvalidArgumentError
from jobs.errors import TrainingError
from jobs.status import Reason
from worker.rundir.failures import CONSEQUENCE, HOST_FAULTS, NO_ROOM, TERMINATED, Failure, no_room

_MESSAGE_CHARACTERS = 1500
_CRASHES = (signal.SIGSEGV, signal.SIGBUS, signal.SIGABRT, signal.SIGILL, signal.SIGFPE)

_CONNECTIONS = (dist.DistNetworkError, dist.DistStoreError, dist.DistBackendError, RendezvousError, ConnectionError)
_OUT_OF_MEMORY = re.compile(
    r"can't allocate memory|cannot allocate memory|\bCU[A-Z]+_STATUS_\w*ALLOC\w*_FAILED"
    r"|\b(CUDA|NCCL)\b.{0,400}out of memory|cudaErrorMemoryAllocation",
    re.DOTALL | re.IGNORECASE,
)
# These errors are caused by the program itself: another device or attempt would fail in the same way.
_OF_THE_PROGRAM = re.compile(
    r"device-side assert|no kernel image|invalid argument|invalid configuration argument|invalid device function"
    r"|operation not supported|too many resources requested|ncclInvalid(Usage|Argument)"
    r"|_STATUS_(INVALID_VALUE|NOT_SUPPORTED|ARCH_MISMATCH|BAD_PARAM)",
    re.IGNORECASE,
)
_DEVICE = re.compile(
    r"\bCUDA error: |\bCUDA driver|\bCUDA unknown error|\bCuda failure\b|No CUDA GPUs are available|\bNVML\b|\bXid\b"
    r"|ncclUnhandledCudaError|\buncorrectable\b.{0,80}\bECC\b|\bCU[A-Z]+_STATUS_(EXECUTION_FAILED|INTERNAL_ERROR|MAPPING_ERROR)",
    re.IGNORECASE,
)
_BROKEN_CONNECTION = re.compile(
    r"\bgloo\b.*(connection|connect\b|timed? ?out|broken pipe|(read|write) error|recv|send|reset|closed|unreachable)"
    r"|connection (was )?(reset|closed|refused|aborted)( by peer)?|\bnccl(RemoteError|SystemError|InternalError)\b",
    re.DOTALL | re.IGNORECASE,
)
_NO_ROOM = re.compile(r"no space left on device|disk quota exceeded", re.IGNORECASE)
_LOST_READER = re.compile(r"DataLoader worker \(pid.{0,80}(killed by signal|exited unexpectedly)", re.DOTALL)


class DeviceLostError(Exception):
    """The device of this rank is missing or unusable."""


def explain(error: BaseException, device: int | None = None) -> Failure:
    """Return the failure that an error means.

    Args:
        error: The error that ended a rank or the agent.
        device: Index of the rank's CUDA device among those of its host's ranks; None on a CPU.
    """
    if isinstance(error, TrainingError):
        return Failure(error.reason, str(error))
    if isinstance(error, InvalidArgumentError):
        return Failure(Reason.INVALID_DATA, str(error))
    text = f"{type(error).__name__}: {error}"[:_MESSAGE_CHARACTERS]
    if found := _of_file_system(error, text):
        return found
    if isinstance(error, torch.OutOfMemoryError | MemoryError) or _OUT_OF_MEMORY.search(text):
        message = f"the device has too little memory: take a smaller global_batch_size, or more ranks. {text}"
        return Failure(Reason.OUT_OF_MEMORY, message[:_MESSAGE_CHARACTERS])
    return _loss(error, text, device) or Failure(Reason.INTERNAL_ERROR, text)


def _of_file_system(error: BaseException, text: str) -> Failure | None:
    """Return the failure if the error is about a file system or a limit of the host."""
    number = error.errno if isinstance(error, OSError) else None
    if isinstance(error, OSError) and number in NO_ROOM:
        return no_room(error.filename or "", error.strerror)
    if _NO_ROOM.search(text):  # messages of libraries that write files themselves
        return no_room("", text)
    if number in HOST_FAULTS:
        return Failure(Reason.WORKER_LOST, f"a file system or a limit of the host failed: {text}")
    return None


def _loss(error: BaseException, text: str, device: int | None) -> Failure | None:
    """Return the failure if another attempt may succeed."""
    lost = Reason.WORKER_LOST
    if isinstance(error, SignalException):
        return Failure(lost, f"a rank or its agent was told to end by {error.sigval.name}", place=TERMINATED)
    if _OF_THE_PROGRAM.search(text):
        return None
    if isinstance(error, DeviceLostError) or _DEVICE.search(text):
        return Failure(lost, f"a device failed, or is gone: {text}", device=device)
    if _LOST_READER.search(text):
        return Failure(lost, f"a process that reads data was lost: {text}")
    if isinstance(error, _CONNECTIONS) or _BROKEN_CONNECTION.search(text):
        return Failure(lost, f"the connection to other ranks broke: {text}", place=CONSEQUENCE)
    return None


def explain_exit(rank: int, status: int) -> Failure:
    """Return the failure of a rank that ended without a reason.

    Args:
        rank: Number of the rank.
        status: Its exit status, or the negative number of the signal that ended it.
    """
    if status >= 0:  # a rank reports why, unless its disk is full or code of the job ends the process
        return Failure(Reason.WORKER_LOST, f"rank {rank} ended with the exit status {status}, and did not say why")
    number = -status
    name = signal.Signals(number).name if number in set(signal.Signals) else f"signal {number}"
    if number == signal.SIGKILL:
        how = "was killed by SIGKILL: by the kernel where the host's memory ran out, or by a person or a program"
    elif number in _CRASHES:
        how = f"crashed ({name}): a defect of a library, of a driver, of the job's own code or of the host's memory"
    else:
        how = f"was ended by {name}; it is not known who sent it"
    # NCCL aborts a rank whose peers are gone, and elastic ends all others with SIGTERM when one has failed.
    places: dict[int, int] = {signal.SIGABRT: CONSEQUENCE, signal.SIGTERM: TERMINATED}
    return Failure(Reason.WORKER_LOST, f"rank {rank} {how}", places.get(number))
