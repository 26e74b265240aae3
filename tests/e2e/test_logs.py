"""Logs of a real worker's ranks: followed while they run, whole when they have ended."""

import json

import httpx2

from clr_client.client import Client
from local_stack.stack import Stack
from tests.builders import conditions, train
from tests.e2e.test_faults import LONG, TIMEOUT_S


def test_what_ranks_write_is_followed_and_kept(stack: Stack, client: Client) -> None:
    job_id = client.submit(train(steps=LONG))["id"]
    with httpx2.Client(base_url=stack.url, timeout=TIMEOUT_S) as http:
        followed, statuses = [], []
        with http.stream("GET", f"/v1/jobs/{job_id}/logs", headers={"Accept": "text/event-stream"}) as response:
            for line in response.iter_lines():
                if line.startswith("data: ") and len(line) > len("data: {}"):
                    followed.append(json.loads(line.removeprefix("data: ")))
                    statuses.append(client.job(job_id)["status"])
        assert statuses[0] == "running", "lines come while the job runs"
        kept = http.get(f"/v1/jobs/{job_id}/logs").json()["data"]
        assert kept == followed
        said = [line["text"] for line in kept if line["source"] == "rank0"]
        assert said[0] == f"{LONG} steps in all"
        assert any("val_loss" in text for text in said)
        assert said[-1] == "done"
        (over_time,) = http.get(f"/v1/jobs/{job_id}/curves?metric=train_loss&x=time").json()["series"]
        assert len(over_time["x"]) == LONG
        assert over_time["x"] == sorted(over_time["x"])
        assert over_time["x"][0] > 0
        failing = conditions(dataset={"name": "npz", "options": {"path": "nowhere.npz"}})
        failed = client.wait(client.submit(train(conditions=failing))["id"], timeout_s=TIMEOUT_S)
        assert failed["status"] == "failed"
        text = http.get(f"/v1/jobs/{failed['id']}/logs", params={"format": "text"}).text
        for rank in ("rank0 stderr", "rank1 stderr"):
            assert f"{rank}: Traceback" in text
        assert "nowhere.npz" in text
