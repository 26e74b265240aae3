"""What users do meanwhile: submit jobs of all kinds through either API, cancel some of them."""

import http.client
import json
import random
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from tests.builders import conditions, lr_find, one_cycle, sweep, train

GIVE_UP_S = 60.0


def jobs(count: int, chance: random.Random) -> list[dict[str, Any]]:
    """Specs of ``count`` jobs. Some are equal but for their names: they must come to the same end."""
    makers: list[Callable[[], dict[str, Any]]] = [
        lambda: train(steps=chance.choice([150, 600, 1200]), seed=chance.randint(0, 2)),
        lambda: train(steps=chance.choice([150, 600]), conditions=conditions(world_size=1), seed=0),
        lambda: lr_find(seed=chance.randint(0, 1)),
        lambda: train(
            steps=200, schedule=one_cycle("auto"),
            range_test={"start_lr": 1e-5, "end_lr": 10, "steps": 60, "replicas": 2},
        ),
        lambda: train(steps=50, schedule=one_cycle(1e6)),  # diverges
        lambda: sweep(over={"optimizer.weight_decay": [1e-3, 1e-4]}),
    ]  # fmt: skip
    chosen = chance.choices(makers, weights=[5, 3, 3, 2, 1, 1], k=count)
    return [make() | {"name": f"chaos {number}"} for number, make in enumerate(chosen)]


class User:
    """Asks again, elsewhere, until somebody answers."""

    def __init__(self, urls: list[str], chance: random.Random) -> None:
        self._hosts = [urlsplit(url).netloc for url in urls]
        self._chance = chance

    def submit(self, spec: dict[str, Any]) -> str:
        """Id of the job, which was accepted once however often we had to ask."""
        status, document = self._ask("POST", "/v1/jobs", spec, {"Idempotency-Key": spec["name"]})
        assert status == 202, document
        return str(document["id"])

    def cancel(self, job_id: str) -> None:
        """Ask for the end of a job."""
        status, document = self._ask("POST", f"/v1/jobs/{job_id}/cancel")
        assert status == 202, document

    def statuses(self, job_ids: list[str]) -> dict[str, str]:
        """Where each job stands."""
        return {job_id: self._ask("GET", f"/v1/jobs/{job_id}")[1]["status"] for job_id in job_ids}

    def _ask(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> tuple[int, dict[str, Any]]:
        deadline = time.monotonic() + GIVE_UP_S
        while True:
            try:
                connection = http.client.HTTPConnection(self._chance.choice(self._hosts), timeout=10)
                try:
                    text = None if body is None else json.dumps(body)
                    connection.request(method, path, text, {"Content-Type": "application/json", **(headers or {})})
                    response = connection.getresponse()
                    document = json.loads(response.read())
                finally:
                    connection.close()
                if response.status < 500:
                    return response.status, document
            except (OSError, http.client.HTTPException, ValueError):
                document = {}
            if time.monotonic() > deadline:
                raise TimeoutError(f"{method} {path}: no API answered for {GIVE_UP_S:g} s; last: {document}")
            time.sleep(0.1)
