"""The agent of one attempt: leads its process group and runs PyTorch elastic, which forks the ranks.

The forkserver preloads this module: its import loads everything that a rank needs, once for all jobs.
"""

import json
import os
import signal
import threading
from multiprocessing import connection, parent_process
from pathlib import Path
from typing import Any

# Imported here only for speed: an optimizer's constructor imports torch._dynamo, which takes one second.
import torch
import torch._dynamo
import torch.nn.parallel
from torch.distributed.elastic.multiprocessing import DefaultLogsSpecs, Std
from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
from torch.distributed.launcher.api import LaunchConfig, elastic_launch

from jobs.database.records import Node
from jobs.status import Reason
from worker.launch.network import interface_of
from worker.rundir.failures import CONSEQUENCE, Failure
from worker.train import rank
from worker.train.causes import explain, explain_exit
from worker.train.start_barrier import StartBarrier

MONITOR_INTERVAL_S = 0.02
SHUTDOWN_TIMEOUT_S = 3
PROBE_TIMEOUT_S = 60
LOOPBACK = "127.0.0.1"


def count_devices(writer: connection.Connection) -> None:
    """Send the number of CUDA devices."""
    with writer:
        writer.send(torch.cuda.device_count())


def run(run_dir: str, local_size: int, visible_devices: str | None, node: Node | None = None) -> None:
    """Run ``local_size`` ranks with the plan in ``run_dir`` and wait for them.

    Args:
        run_dir: The run directory with ``plan.json``; report, failures and logs are written to it.
        local_size: Number of ranks on this host.
        visible_devices: Comma-separated numbers of the slots among the visible CUDA devices; None on a CPU.
        node: The part of this host, if the ranks run on several hosts.
    """
    os.setsid()
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        _run(run_dir, local_size, visible_devices, node)
    except ChildFailedError as error:
        _report_ended(Path(run_dir), error)
        raise SystemExit(1) from error
    except json.JSONDecodeError as error:  # from a rank that ended before `rank.main`
        message = "a rank ended while elastic wrote down why"
        Failure(Reason.WORKER_LOST, message, place=CONSEQUENCE).write(Path(run_dir), "agent")
        raise SystemExit(1) from error
    except Exception as error:
        explain(error).write(Path(run_dir), "agent")
        raise


def probe(visible_devices: str) -> None:
    """Use CUDA devices briefly. If that is impossible, an error, or SIGALRM after a while, ends the process."""
    signal.alarm(PROBE_TIMEOUT_S)
    _see_devices(visible_devices)
    for number in range(len(visible_devices.split(","))):
        torch.ones(1, device=f"cuda:{number}").add_(1).cpu()


def _run(run_dir: str, local_size: int, visible_devices: str | None, node: Node | None) -> None:
    _prepare_environment(visible_devices, LOOPBACK if node is None else node.address)
    _log_to(Path(run_dir) / "agent.log")
    config = LaunchConfig(
        nproc_per_node=local_size, **(_alone(run_dir) if node is None else _among_others(run_dir, node)),
        max_restarts=0, monitor_interval=MONITOR_INTERVAL_S, start_method="fork", shutdown_timeout=SHUTDOWN_TIMEOUT_S,
        logs_specs=DefaultLogsSpecs(log_dir=f"{run_dir}/logs", redirects=Std.ALL),
    )  # fmt: skip
    elastic_launch(config, rank.begin)(StartBarrier(local_size), run_dir, visible_devices is not None)


def _alone(run_dir: str) -> dict[str, Any]:
    return {
        "min_nodes": 1, "max_nodes": 1, "run_id": Path(run_dir).parent.name, "local_addr": LOOPBACK,
        "rdzv_backend": "c10d", "rdzv_endpoint": f"{LOOPBACK}:0", "rdzv_configs": {"is_host": True},
    }  # fmt: skip


def _among_others(run_dir: str, node: Node) -> dict[str, Any]:
    """Return a static rendezvous at the address of node 0, so that no host needs to resolve its own name.

    Its id has job and attempt, so that a node of another attempt cannot join.
    """
    address, port = node.meeting
    job, attempt = Path(run_dir).parts[-2:]
    return {
        "min_nodes": node.count, "max_nodes": node.count, "run_id": f"{job}-{'-'.join(attempt.split('-')[:2])}",
        "rdzv_backend": "static", "rdzv_endpoint": f"{address}:{port}", "rdzv_configs": {"rank": node.number},
        "local_addr": node.address,
    }  # fmt: skip


def _end_with_parent() -> None:
    """Kill the whole group when the worker has ended: nobody would receive the result."""
    parent = parent_process()
    assert parent is not None  # noqa: S101 - a forkserver's child has one
    connection.wait([parent.sentinel])
    os.killpg(0, signal.SIGKILL)


def _prepare_environment(visible_devices: str | None, address: str) -> None:
    environment = os.environ  # noqa: TID251 - what torch reads in the ranks is said through it
    for name in [name for name in environment if name.startswith("CLR_")]:
        del environment[name]  # ranks run user code, so they get no database URL and no broker password
    if visible_devices is not None:
        _see_devices(visible_devices)
    interface = interface_of(address)
    environment["GLOO_SOCKET_IFNAME"] = interface
    if address != LOOPBACK:
        environment["NCCL_SOCKET_IFNAME"] = interface


def _see_devices(slots: str) -> None:
    """Make only the devices of some slots visible. Slots number the worker's devices, maybe not all of the host's.

    This does not call CUDA: if a driver is gone, a call could leave a state in which no rank can be forked.
    """
    environment = os.environ  # noqa: TID251 - CUDA reads it there
    seen = environment.get("CUDA_VISIBLE_DEVICES", "")
    names = seen.split(",") if seen else None
    visible = slots if names is None else ",".join(names[int(slot)] for slot in slots.split(","))
    environment["CUDA_VISIBLE_DEVICES"] = visible


def _log_to(path: Path) -> None:
    with path.open("ab", buffering=0) as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)


def _report_ended(run_dir: Path, error: ChildFailedError) -> None:
    """Record a rank that ended without a reason. Its peers only report a broken connection."""
    for number, found in error.failures.items():
        if not (run_dir / f"failure-{number}.json").exists():
            explain_exit(number, found.exitcode).write(run_dir, number)
