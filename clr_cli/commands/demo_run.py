"""The demo: a stack on free ports, a range test on two ranks, and a training with its bounds."""

import signal
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console

from clr_cli.commands.jobs.plot import fetch
from clr_cli.input.spec_from_flags import CONDITIONS
from clr_cli.output.terminal import show, show_json, tell
from clr_client.client import Client, Document
from clr_client.display.formatting import failure
from clr_client.display.progress import Update, watching
from clr_client.errors import ClrError
from local_stack.stack import Stack

LABELS = {"seed": 0, "name": "demo", "labels": {"project": "demo"}}
RANGE_TEST = LABELS | {
    "kind": "lr_find",
    "conditions": CONDITIONS | {"world_size": 2},
    "range_test": {"steps": 100, "replicas": 3},
}
EPOCHS = 12
SLOTS = 2
JOB_TIMEOUT_S = 100.0
PATIENCE_S = 3.0
REQUIRED_ACCURACY = 0.9
RANGE_TEST_PICTURE, TRAINING_PICTURE = "lr_range_test.png", "training.png"


class DemoError(ClrError):
    """The demo did not reach its goal."""


@dataclass
class Demo:
    """The result of a demo; it grows while the demo runs."""

    bounds: dict[str, Any] = field(default_factory=dict)
    jobs: dict[str, str] = field(default_factory=dict)
    val_accuracy: float | None = None
    pictures: list[str] = field(default_factory=list)
    took_s: dict[str, float] = field(default_factory=dict)

    def document(self) -> Mapping[str, Any]:
        """Return the result as JSON."""
        return {"object": "demo", **vars(self)}


def run_demo(out: Path, *, as_json: bool) -> None:
    """Run the demo and write its pictures to ``out``.

    Raises:
        StackError: If a service of the stack does not start, or dies.
        DemoError: If a job fails, or the accuracy is too low.
        ProblemError: If the server refuses a request of the demo.
    """
    say = tell if as_json else show
    demo = Demo()
    with _terminated_as_interrupted(), _folder() as folder:
        stack = Stack(folder, port=0, slots=SLOTS, restart=False)
        try:
            with _phase(demo, "start", say):
                stack.start()
            say(f"  {stack.url}, processes {stack.pids()}")
            with Client(stack.url, patience_s=PATIENCE_S) as client:
                _find_bounds(demo, client, stack, say)
                _train(demo, client, stack, say)
                _draw(demo, client, out, say)
        except ClrError:
            stack.check()  # a dead service is the cause, a server that does not answer the effect
            raise
        finally:
            with _phase(demo, "stop", say):
                stack.stop()
    if as_json:
        show_json(demo.document())


def _folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="clr-demo-", ignore_cleanup_errors=True)


def _find_bounds(demo: Demo, client: Client, stack: Stack, say: Callable[[str], None]) -> None:
    with _phase(demo, "lr_find", say):
        job = client.submit(RANGE_TEST)
        demo.jobs["lr_find"] = job["id"]
        _succeed(client, stack, job["id"])
    demo.bounds = dict(client.bounds(job["id"]))
    if say is show:
        show_json(demo.bounds)
    if demo.bounds["bounds"] is None:
        raise DemoError("The range test found no bounds.")


def _train(demo: Demo, client: Client, stack: Stack, say: Callable[[str], None]) -> None:
    with _phase(demo, "train", say):
        peak = {"from_job": demo.jobs["lr_find"]}
        job = client.submit(
            LABELS | {"kind": "train", "schedule": {"name": "one_cycle", "max_lr": peak}, "epochs": EPOCHS}
        )
        demo.jobs["train"] = job["id"]
        ended = _succeed(client, stack, job["id"])
    accuracy = (ended.get("latest") or {}).get("val_accuracy")
    if accuracy is None:
        raise DemoError(f"{job['id']} succeeded without a validation accuracy.")
    demo.val_accuracy = accuracy
    say(f"Validation accuracy after {EPOCHS} epochs: {accuracy:.4f}")
    if accuracy < REQUIRED_ACCURACY:
        raise DemoError(f"Validation accuracy {accuracy:.4f} is below {REQUIRED_ACCURACY}.")


def _draw(demo: Demo, client: Client, out: Path, say: Callable[[str], None]) -> None:
    with _phase(demo, "pictures", say):
        for kind, name in (("lr_find", RANGE_TEST_PICTURE), ("train", TRAINING_PICTURE)):
            for suffix in (".png", ".svg"):
                fetch(client, demo.jobs[kind], (out / name).with_suffix(suffix))
    demo.pictures = [str(out / RANGE_TEST_PICTURE), str(out / TRAINING_PICTURE)]
    say(f"  {', '.join(demo.pictures)} (and .svg)")


def _succeed(client: Client, stack: Stack, job_id: str) -> Document:
    """Wait for a job while the stack runs; anything but success is an error."""
    with watching(Console(stderr=True)) as update:
        job = client.wait(job_id, JOB_TIMEOUT_S, on_update=_checking(stack, update))
    if job["status"] != "succeeded":
        raise DemoError(failure(job))
    return job


def _checking(stack: Stack, update: Update) -> Update:
    def check_and_update(job: Document) -> None:
        stack.check()
        update(job)

    return check_and_update


@contextmanager
def _phase(demo: Demo, name: str, say: Callable[[str], None]) -> Iterator[None]:
    begun = time.monotonic()
    yield
    demo.took_s[name] = round(time.monotonic() - begun, 2)
    say(f"[{name}] {demo.took_s[name]:.1f} s")


@contextmanager
def _terminated_as_interrupted() -> Iterator[None]:
    """Let SIGTERM end the demo cleanly, as Ctrl-C does."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
