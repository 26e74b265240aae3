"""Composition root of a worker: builds its parts, starts their threads, and stops them in order."""

import logging
import os
import platform
import secrets
import signal
import socket
import threading
from importlib.metadata import version
from queue import SimpleQueue

from celery import Celery

from jobs.config.settings import Settings
from jobs.database.session import Database
from jobs.files.artifacts import ArtifactStore
from jobs.scheduling.broker import celery_config
from jobs.scheduling.workers import WorkerInfo
from worker import tasks
from worker.attempt.supervisor import Supervisor
from worker.dispatch.consumer import Listener
from worker.dispatch.dispatcher import Dispatcher
from worker.dispatch.health import ComponentFailures
from worker.dispatch.multi_node import MultiNodeRunner
from worker.dispatch.poller import Poller
from worker.dispatch.reaper import Reaper
from worker.dispatch.slots import Slots
from worker.launch.launcher import Launcher
from worker.launch.network import interface_of
from worker.launch.secrets import redaction, secrets_of
from worker.memory import freeze_loaded_objects
from worker.sinks.choose import choose_sinks

CPU_SLOTS = 2

log = logging.getLogger(__name__)


def run(settings: Settings) -> None:
    """Run one worker until SIGTERM or SIGINT, then give its running jobs back."""
    address = _node_address(settings)
    launcher = Launcher()
    cuda_devices = launcher.warm()
    if cuda_devices and (settings.slots or 0) > cuda_devices:
        raise SystemExit(f"CLR_SLOTS must be at most {cuda_devices}, the CUDA devices seen, got {settings.slots}")
    sinks = choose_sinks(settings.sinks)
    slots = Slots(settings.slots or cuda_devices or CPU_SLOTS)
    settings.datasets_dir.mkdir(parents=True, exist_ok=True)
    name = settings.worker_name or f"{socket.gethostname()}-{secrets.token_hex(3)}"
    database = Database(settings.sql_url, timeout_s=settings.database_timeout_s)
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
    multi_node = None if address is None else MultiNodeRunner(supervisor, name, address)
    dispatcher = Dispatcher(
        name=name, database=database, slots=slots, supervisor=supervisor, settings=settings, multi_node=multi_node,
    )  # fmt: skip
    kind = "cuda" if cuda_devices else "cpu"
    devices = tuple(f"{kind}:{number}" for number in range(slots.total))
    shared = None if address is None else supervisor.store.identity()
    info = WorkerInfo(
        name, socket.gethostname(), os.getpid(), slots.total, kind, devices, _versions(), address, shared
    )  # fmt: skip
    failures = ComponentFailures()
    poller = Poller(dispatcher, settings.sweep_interval_s, failures)
    reaper = Reaper(
        database=database, info=info, dispatcher=dispatcher, poller=poller, failures=failures, settings=settings
    )  # fmt: skip
    _serve(settings, dispatcher, poller, reaper, supervisor.stopping)
    database.close()


def _node_address(settings: Settings) -> str | None:
    """Return the address at which ranks on other workers reach ours; None if this worker runs only jobs of one node."""
    if settings.node_address is None:
        return None
    try:
        interface_of(str(settings.node_address))
    except ValueError as error:
        raise SystemExit(str(error)) from error
    return str(settings.node_address)


def _versions() -> dict[str, str]:
    """Return the versions that jobs may depend on, from the metadata of packages, so that torch is not loaded here."""
    found = {name: version(name) for name in ("clr-service", "torch", "torchvision")}
    return found | {"python": platform.python_version()}


def _serve(
    settings: Settings, dispatcher: Dispatcher, poller: Poller, reaper: Reaper, stopping: threading.Event
) -> None:  # fmt: skip
    app = Celery("clr-worker", set_as_current=False)
    app.config_from_object(celery_config(settings.broker_url.get_secret_value()))
    tasks.register(app, dispatcher.wake)
    listener = Listener(app, dispatcher.name)
    told: SimpleQueue[int] = SimpleQueue()  # unlike an Event, it is safe to write to in a signal handler
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda number, _frame: told.put(number))
    reaper.start()
    poller.start()
    listener.start()
    freeze_loaded_objects()
    log.info("worker %s is ready with %s slots", dispatcher.name, dispatcher.slots.total)
    try:
        told.get()
        log.info("worker %s shuts down: its jobs are given back", dispatcher.name)
    finally:
        stopping.set()
        poller.stop()
        dispatcher.join()
        reaper.stop()
        listener.stop()
