"""The job API as a state machine: users of two owners and a worker do anything in any order."""

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from fastapi.testclient import TestClient
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, multiple, rule
from pydantic import SecretStr

from api.app import create_app
from jobs.config.settings import Settings
from jobs.database import api_keys
from jobs.database.api_keys import Scope
from jobs.database.records import Claim
from jobs.database.session import Database
from jobs.lifecycle import claims, finish
from jobs.status import TERMINAL, TRANSITIONS, Outcome, Status
from migrations.run import upgrade
from tests.builders import lr_find, one_cycle, train

OWNERS = st.sampled_from(["ada", "bob"])
SPECS: dict[str, Callable[[], dict[str, Any]]] = {
    "lr_find": lr_find, "train": train, "auto": lambda: train(schedule=one_cycle("auto")),
}  # fmt: skip


class JobMachine(RuleBasedStateMachine):
    """What is promised: one legal status, terminal (but for a resume) for ever, and nobody sees another's jobs."""

    jobs: Bundle[str] = Bundle("jobs")

    @initialize()
    def start(self) -> None:
        self.folder = tempfile.TemporaryDirectory(prefix="clr-machine-")
        url = f"sqlite:///{Path(self.folder.name) / 'clr.sqlite3'}"
        self.database = Database(url)
        upgrade(self.database)
        settings = Settings(
            data_dir=Path(self.folder.name), database_url=SecretStr(url), auth=True, rate_burst=1_000_000,
            broker_url=SecretStr("redis://127.0.0.1:1/0"),
        )  # fmt: skip
        self.client = TestClient(create_app(settings))
        self.client.__enter__()
        self.headers = {
            name: {"Authorization": f"Bearer {api_keys.create(self.database, name=name, scope=Scope.SUBMIT).secret}"}
            for name in ("ada", "bob")
        }
        self.owner: dict[str, str] = {}
        self.status: dict[str, Status] = {}
        self.claims: list[Claim] = []
        self.children: dict[str, list[str]] = {}

    def teardown(self) -> None:
        if hasattr(self, "client"):
            self.client.__exit__(None, None, None)
            self.database.close()
            self.folder.cleanup()

    def ask(self, method: str, path: str, owner: str, **options: Any) -> Any:
        response = self.client.request(
            method, path, headers=self.headers[owner] | options.pop("headers", {}), **options
        )
        assert response.status_code < 500, response.text
        return response

    def see(self, job: dict[str, Any]) -> None:
        """A status may only have moved along legal transitions since it was last seen."""
        before, now = self.status[job["id"]], Status(job["status"])
        assert now in reachable(before), (before, now)
        assert job["is_terminal"] == (now in TERMINAL)
        self.status[job["id"]] = now

    @rule(target=jobs, owner=OWNERS, kind=st.sampled_from(sorted(SPECS)), key=st.sampled_from([None, "a", "b"]))
    def submit(self, owner: str, kind: str, key: str | None) -> Any:
        headers = {} if key is None else {"Idempotency-Key": f"{key}-{kind}"}
        response = self.ask("POST", "/v1/jobs", owner, json=SPECS[kind](), headers=headers)
        assert response.status_code == 202
        return self.take(response.json(), owner)

    def take(self, job: dict[str, Any], owner: str) -> Any:
        """Note a job that was accepted, new or once more."""
        self.children[job["id"]] = job["children"]
        for job_id in (job["id"], *job["children"]):
            self.owner.setdefault(job_id, owner)
            self.status.setdefault(job_id, Status.QUEUED)
            assert self.owner[job_id] == owner
        self.see(job)
        return multiple(job["id"], *job["children"])

    @rule(target=jobs, job_id=jobs, asker=OWNERS)
    def clone(self, job_id: str, asker: str) -> Any:
        response = self.ask("POST", f"/v1/jobs/{job_id}/clone", asker, json={"seed": 3})
        if asker != self.owner.get(job_id):
            assert response.status_code == 404
            return multiple()
        assert response.status_code == 202, response.text
        return self.take(response.json(), asker)

    @rule(job_id=jobs, asker=OWNERS)
    def resume(self, job_id: str, asker: str) -> None:
        response = self.ask("POST", f"/v1/jobs/{job_id}/resume", asker)
        if asker != self.owner.get(job_id):
            assert response.status_code == 404
            return
        assert response.status_code in {202, 409}
        if response.status_code == 202:
            for each in (job_id, *self.children.get(job_id, [])):
                if each == job_id or self.status[each] in {Status.FAILED, Status.CANCELLED}:
                    self.status[each] = Status.QUEUED
            self.see(response.json())

    @rule(job_id=jobs, asker=OWNERS)
    def delete(self, job_id: str, asker: str) -> None:
        response = self.ask("DELETE", f"/v1/jobs/{job_id}", asker)
        if asker != self.owner.get(job_id):
            assert response.status_code == 404
            return
        assert response.status_code in {204, 409}
        if response.status_code == 204:
            for each in (job_id, *self.children.pop(job_id, [])):
                assert self.status.pop(each) in TERMINAL
                del self.owner[each]

    @rule(job_id=jobs, asker=OWNERS)
    def show(self, job_id: str, asker: str) -> None:
        for path in ("", "/curves", "/lr-bounds"):
            response = self.ask("GET", f"/v1/jobs/{job_id}{path}", asker)
            assert (response.status_code == 404) == (asker != self.owner.get(job_id))
            if path == "" and response.status_code == 200:
                self.see(response.json())

    @rule(job_id=jobs, asker=OWNERS)
    def cancel(self, job_id: str, asker: str) -> None:
        response = self.ask("POST", f"/v1/jobs/{job_id}/cancel", asker)
        if asker != self.owner.get(job_id):
            assert response.status_code == 404
            return
        before = self.status[job_id]
        assert response.status_code == 202
        self.see(response.json())
        assert self.status[job_id] in (TERMINAL if before == Status.QUEUED else TERMINAL | {Status.CANCELLING})

    @rule()
    def claim(self) -> None:
        claim = claims.claim_next(self.database, worker="w", slots=2, free=2, lease_s=1000)
        if claim is not None:
            self.claims.append(claim)

    @rule(outcome=st.sampled_from(["succeed", "lost", "cancelled"]))
    def end(self, outcome: str) -> None:
        if not self.claims:
            return
        claim = self.claims.pop()
        asked_to_stop = claims.renew(self.database, claim, lease_s=1000)
        if asked_to_stop.cancel:
            finish.cancelled(self.database, claim)
        elif outcome == "succeed" and claim.kind == "train":
            finish.succeed(self.database, claim, {"steps": 1})
        else:
            finish.give_back(self.database, claim, Outcome.WORKER_LOST, max_attempts=2)

    @invariant()
    def everybody_sees_their_own_jobs_and_no_others(self) -> None:
        if not hasattr(self, "client"):
            return
        for owner in ("ada", "bob"):
            listed = self.ask("GET", "/v1/jobs?limit=200", owner).json()["data"]
            assert {job["id"] for job in listed} == {job_id for job_id, whose in self.owner.items() if whose == owner}
            for job in listed:
                self.see(job)


def reachable(status: Status) -> set[Status]:
    """A status and all that may follow it."""
    found, new = {status}, {status}
    while new:
        new = {after for before in new for after in TRANSITIONS[before]} - found
        found |= new
    return found


TestJobMachine = JobMachine.TestCase
TestJobMachine.settings = hypothesis_settings(max_examples=8, stateful_step_count=25, deadline=None)
