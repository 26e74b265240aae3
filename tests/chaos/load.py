"""What users do meanwhile: submit jobs of all kinds through either API, cancel some of them."""

import http.client
import json
import random
import threading
import time
from typing import Any
from urllib.parse import urlsplit

from tests.builders import conditions, lr_find, one_cycle, sweep, train

GIVE_UP_S = 150.0
PATIENCE_S = 5.0  # for one answer; a part that is stopped gives none

Spec = dict[str, Any]

_RANGE = {"start_lr": 1e-5, "end_lr": 10, "steps": 60, "replicas": 2}
_CNN = conditions(model={"name": "cnn"}, augmentation="crop_flip", global_batch_size=32)
_SWAP = {"schedule": {"name": "one_cycle", "max_lr": 0.02}, "steps": 60}

# Name, weight, spec. Each is run once without faults before the run: that end is demanded of all others.
SPECS: dict[str, tuple[int, Spec]] = {
    "short": (4, train(steps=150)),
    "long": (4, train(steps=1500, seed=1, observe={"evaluate_every": 100})),
    "alone": (3, train(steps=1000, conditions=conditions(world_size=1))),
    "augmented": (2, train(steps=60, conditions=_CNN)),
    "measured": (2, train(steps=300, observe={"gradient_norm": True, "noise_scale": {"every": 10}})),
    "swap": (1, train(steps=100, swap=_SWAP)),
    "range": (3, lr_find()),
    "replicas": (2, lr_find(seed=1, range_test={"start_lr": 1e-5, "end_lr": 10, "steps": 150, "replicas": 3})),
    "auto": (3, train(steps=200, schedule=one_cycle("auto"), range_test=_RANGE)),
    "diverges": (1, train(steps=50, schedule=one_cycle(1e6))),
    "lowers": (1, train(steps=150, schedule=one_cycle(1e6), on_divergence={"lower_max_lr_by": 1000, "tries": 3})),
    "sweep": (1, sweep(over={"optimizer.weight_decay": [1e-3, 1e-4]})),
}


def drawn(count: int, chance: random.Random, names: tuple[str, ...] = ()) -> list[str]:
    """Names of the specs of ``count`` jobs."""
    known = [name for name in SPECS if not names or name in names]
    return chance.choices(known, weights=[SPECS[name][0] for name in known], k=count)


class User:
    """Asks again, elsewhere, until somebody answers.

    Attributes:
        accepted: Jobs by their ids: the name of the spec.
        cancels: When a cancel of a job was answered, by the job's id.
        errors: Answers of 500: a database that is away is a 503, a full disk a 507.
    """

    def __init__(self, urls: list[str], chance: random.Random) -> None:
        self._hosts = [urlsplit(url).netloc for url in urls]
        self._chance = chance
        self.accepted: dict[str, str] = {}
        self.cancels: dict[str, float] = {}
        self.errors: list[str] = []

    def submit(self, name: str, number: int) -> str:
        """Id of the job, which was accepted once however often we had to ask."""
        spec = SPECS[name][1] | {"name": f"{name} {number}"}
        status, document = self._ask("POST", "/v1/jobs", spec, {"Idempotency-Key": f"{name} {number}"})
        assert status == 202, document
        self.accepted[document["id"]] = name
        return str(document["id"])

    def cancel(self, job_id: str) -> None:
        """Ask for the end of a job."""
        status, document = self._ask("POST", f"/v1/jobs/{job_id}/cancel")
        assert status == 202, document
        self.cancels.setdefault(job_id, time.time())

    def job(self, job_id: str) -> dict[str, Any]:
        """The job as the API shows it."""
        return self._ask("GET", f"/v1/jobs/{job_id}")[1]

    def visit(self, names: list[str], over_s: float, cancels: float) -> threading.Thread:
        """Submit these over a time, and cancel a part of them; in a thread that has ended when all is answered."""

        def work() -> None:
            for number, name in enumerate(names):
                job_id = self.submit(name, number)
                if self._chance.random() < cancels:
                    time.sleep(self._chance.uniform(0.0, 1.0))
                    self.cancel(self._chance.choice([job_id, *self.accepted]))
                time.sleep(self._chance.expovariate(len(names) / over_s))

        thread = threading.Thread(target=work, name="user", daemon=True)
        thread.start()
        return thread

    def _ask(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> tuple[int, dict[str, Any]]:
        deadline = time.monotonic() + GIVE_UP_S
        while True:
            try:
                connection = http.client.HTTPConnection(self._chance.choice(self._hosts), timeout=PATIENCE_S)
                try:
                    text = None if body is None else json.dumps(body)
                    connection.request(method, path, text, {"Content-Type": "application/json", **(headers or {})})
                    response = connection.getresponse()
                    document = json.loads(response.read())
                finally:
                    connection.close()
                if response.status == 500:
                    self.errors.append(f"500 to {method} {path}: {document}")
                if response.status < 500 and response.status != 429:
                    return response.status, document
            except (OSError, http.client.HTTPException, ValueError):
                document = {}
            if time.monotonic() > deadline:
                raise TimeoutError(f"{method} {path}: no API answered for {GIVE_UP_S:g} s; last: {document}")
            time.sleep(0.1)
