"""Composition root of a worker: builds its parts and ties them to the life of the Celery worker."""

import logging
import os
import platform
import secrets
import socket
import threading
from importlib.metadata import version
from typing import Any

from celery import Celery, signals

from jobs.artifacts import ArtifactStore
from jobs.db import Database
from jobs.queue import QUEUE, Doorbell, celery_config, worker_queue
from jobs.registry import WorkerInfo
from jobs.settings import Settings
from worker import tasks
from worker.crew import Crew
from worker.dispatch import Dispatcher
from worker.interfaces import interface_of
from worker.launch import Launcher
from worker.secrecy import redaction, secrets_of
from worker.sinks.choose import choose_sinks
from worker.slots import Slots
from worker.supervise import Supervisor
from worker.sweep import Sweep

CPU_SLOTS = 2

log = logging.getLogger(__name__)


def run(settings: Settings) -> None:
    """Run one worker until it is told to stop (SIGTERM or SIGINT); running jobs are then handed back."""
    address = _node_address(settings)
    launcher = Launcher()
    cuda_devices = launcher.warm()
    if cuda_devices and (settings.slots or 0) > cuda_devices:
        raise SystemExit(f"CLR_SLOTS must be at most {cuda_devices}, the CUDA devices seen, got {settings.slots}")
    sinks = choose_sinks(settings.sinks)
    slots = Slots(settings.slots or cuda_devices or CPU_SLOTS)
    settings.datasets_dir.mkdir(parents=True, exist_ok=True)
    name = settings.worker_name or f"{socket.gethostname()}-{secrets.token_hex(3)}"
    database, doorbell = Database(settings.sql_url), Doorbell(settings.broker_url.get_secret_value())
    supervisor = Supervisor(
        database,
        ArtifactStore(settings.artifacts_dir),
        launcher,
        settings,
        cuda_devices > 0,
        threading.Event(),
        sinks,
        redaction(secrets_of(settings, os.environ)),  # noqa: TID251 - what must not be told is known by looking at it
    )
    crew = None if address is None else Crew(supervisor, name, address)
    dispatcher = Dispatcher(
        name=name, database=database, slots=slots, supervisor=supervisor, doorbell=doorbell, settings=settings,
        crew=crew,
    )  # fmt: skip
    kind = "cuda" if cuda_devices else "cpu"
    devices = tuple(f"{kind}:{number}" for number in range(slots.total))
    shared = None if address is None else supervisor.store.identity()
    info = WorkerInfo(
        name, socket.gethostname(), os.getpid(), slots.total, kind, devices, _versions(), address, shared
    )  # fmt: skip
    _serve(settings, dispatcher, Sweep(database, info, dispatcher, settings), supervisor.stopping)
    doorbell.close()
    database.close()


def _node_address(settings: Settings) -> str | None:
    """Where ranks on other workers reach ours; None where this worker takes no part in jobs on several."""
    if settings.node_address is None:
        return None
    try:
        interface_of(str(settings.node_address))
    except ValueError as error:
        raise SystemExit(str(error)) from error
    return str(settings.node_address)


def _versions() -> dict[str, str]:
    """Versions that decide what a job may be run with; read from the packages, so that torch is not loaded here."""
    found = {name: version(name) for name in ("clr-service", "torch", "torchvision")}
    return found | {"python": platform.python_version()}


def _serve(settings: Settings, dispatcher: Dispatcher, sweep: Sweep, stopping: threading.Event) -> None:
    app = Celery("clr-worker", set_as_current=False)
    app.config_from_object(celery_config(settings.broker_url.get_secret_value()))
    tasks.register(app, dispatcher)

    def begin(**_: Any) -> None:
        log.info("worker %s is ready with %s slots", dispatcher.name, dispatcher.slots.total)
        sweep.start()

    def end(**_: Any) -> None:
        stopping.set()

    signals.worker_ready.connect(begin, weak=False)
    signals.worker_shutting_down.connect(end, weak=False)
    try:
        # One thread more than slots, so that a doorbell is heard while every slot is busy.
        app.worker_main([
            "worker", "--pool=threads", f"--concurrency={dispatcher.slots.total + 1}",
            f"--queues={QUEUE},{worker_queue(dispatcher.name)}", f"--hostname={dispatcher.name}",
            "--without-gossip", "--without-mingle", "--without-heartbeat", f"--loglevel={settings.log_level}",
        ])  # fmt: skip
    finally:
        stopping.set()
        sweep.stop()
