"""Time from POST to the first training step recorded, on a warm worker, beside a cold start of the same training.

Ours: the POST begins → the job's progress, asked for over HTTP every 5 ms, shows a step that stands in SQL.
Cold: ``python -m torch.distributed.run`` begins → rank 0 has written its first step to the report file.
Both run 2 ranks of the same small training; rounds alternate. Run: ``python benchmarks/turnaround.py``.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from clr_client.client import Client
from jobs.config.settings import Settings
from jobs.database.records import Claim
from jobs.spec.job import TrainSpec
from jobs.spec.resolved import resolve
from jobs.spec.runnable import TrainingJob
from local_stack.stack import Stack
from worker.rundir.directory import write_plan

ROUNDS = 10
POLL_S = 0.005
SPEC: dict[str, Any] = {
    "kind": "train",
    "conditions": {
        "model": {"name": "mlp"}, "dataset": {"name": "digits"}, "optimizer": {"name": "sgd", "momentum": 0.9},
        "world_size": 2, "global_batch_size": 128,
    },
    "schedule": {"name": "one_cycle", "max_lr": 0.1},
    "steps": 50,
}  # fmt: skip


def warm(client: Client) -> float:
    begun = time.perf_counter()
    job_id = client.submit(SPEC)["id"]
    while (job := client.job(job_id))["progress"]["step"] == 0:
        assert not job["is_terminal"], job["error"]
        time.sleep(POLL_S)
    seconds = time.perf_counter() - begun
    job = client.wait(job_id, timeout_s=60)
    assert job["status"] == "succeeded", job["error"]
    return seconds


def cold(folder: Path) -> float:
    spec = TrainSpec.model_validate(SPEC)
    claim = Claim("job", 1, 2, TrainingJob(spec=spec, resolved=resolve(spec)))
    write_plan(folder, claim, Settings(data_dir=folder), Path)
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2",
               "-m", "worker.train.rank", str(folder)]  # fmt: skip
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "TMPDIR": str(folder)}
    log = folder / "cold.log"
    begun = time.perf_counter()
    with log.open("w") as output, subprocess.Popen(command, env=environment, stdout=output, stderr=output) as process:
        report = folder / "report.jsonl"
        while not (report.exists() and '"points"' in report.read_text()):
            assert process.poll() in (None, 0), log.read_text()
            time.sleep(POLL_S)
        seconds = time.perf_counter() - begun
    assert process.returncode == 0, log.read_text()
    return seconds


def main() -> None:
    ours, theirs = [], []
    with (
        tempfile.TemporaryDirectory(prefix="clr-") as name,
        Stack(f"{name}/data", port=0, slots=2) as stack,
        Client(stack.url) as client,
    ):
        warm(client)  # the first job fills caches; it does not count
        for round_number in range(ROUNDS):
            ours.append(warm(client))
            theirs.append(cold(Path(name) / f"cold-{round_number}"))
            print(f"round {round_number}: POST to first step {ours[-1]:.3f} s, cold start {theirs[-1]:.3f} s")
    ours_median, cold_median = statistics.median(ours), statistics.median(theirs)
    print(f"ours {min(ours):.3f} to {max(ours):.3f} s, cold {min(theirs):.3f} to {max(theirs):.3f} s")
    result = {
        "post_to_first_step_median_s": round(ours_median, 4),
        "cold_median_s": round(cold_median, 4),
        "ratio": round(cold_median / ours_median, 2),
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
