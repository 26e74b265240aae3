"""A sweep through the whole stack, with jobs in it that fail for real."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits

from clr_client.client import Client
from local_stack.stack import Stack

DECAYS = [1e-3, 1e-4, 1e-5]


def write_digits(stack: Stack) -> None:
    """The digits as a file of one's own: how many they are, the server cannot know before a worker reads it."""
    digits = load_digits()
    folder = Path(stack.data_dir) / "datasets"
    folder.mkdir(parents=True, exist_ok=True)
    images = (digits.images / 16.0).astype(np.float32)[:, None]
    np.savez(folder / "own.npz", x=images, y=digits.target.astype(np.int64))


def test_a_sweep_shows_the_bounds_that_it_found_and_the_cells_that_failed(stack: Stack, client: Client) -> None:
    write_digits(stack)
    command = [
        sys.executable, "-P", "-m", "clr_cli", "sweep", "--model", "mlp", "--dataset", "own.npz", "--world-size", "1",
        "--over", "optimizer.weight_decay=1e-3,1e-4,1e-5", "--over", "global_batch_size=64,100000",
        "--steps", "60", "--replicas", "2", "--watch",
    ]  # fmt: skip
    environment = {**os.environ, "CLR_URL": stack.url}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    job = client.jobs(kind="sweep")["data"][0]
    assert (job["status"], len(job["children"]), job["result"]["succeeded"]) == ("succeeded", 6, 3)
    assert job["progress"]["fraction"] == 1
    table = client.table(job["id"])
    assert table["is_final"]
    assert [cell["settings"]["optimizer.weight_decay"] for cell in table["cells"]] == [d for d in DECAYS for _ in "ab"]
    for cell in table["cells"]:
        if cell["settings"]["global_batch_size"] == 64:
            assert cell["status"] == "succeeded"
            assert cell["bounds"] == client.bounds(cell["job_id"])["bounds"]
            assert cell["bounds"]["max_lr"] > 0.01
        else:
            assert (cell["status"], cell["reason"], cell["bounds"]) == ("failed", "invalid_data", None)
            assert "100000" in cell["error"]["message"]
    assert "distinct sizes" in table["scaling"]["global_batch_size"]["reason"]
    assert done.stdout.count("invalid_data") == 3
    assert done.stdout.count("Failed: job_") == 3
    assert "No exponent" in done.stdout
    shown = subprocess.run(
        [sys.executable, "-P", "-m", "clr_cli", "table", job["id"], "--json"],
        env=environment, capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    assert json.loads(shown.stdout) == table
