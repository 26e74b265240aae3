"""How bounds move with the weight decay and with the global batch: sweeps through the whole service.

Two questions of the papers, each asked by one ``sweep`` of range tests (three replicas of 100 steps a cell):
- Does a smaller weight decay allow a larger learning rate (Smith 2018, arXiv:1803.09820, Fig. 7)? 1e-1, 1e-2, 1e-4.
- How does max_lr grow with the global batch: linearly (1), by its root (0.5), or not? Five sizes from 32 to 512.
Both for ``mlp`` on digits, and for ``resnet8`` on 5,000 CIFAR-10 images of 16 x 16 pixels where a path is given.

    python -m benchmarks.sweep [DATA.npz]      # about five minutes on two idle cores

Prints the tables of the sweeps; last a line of JSON: for each cell [low, max_lr, high], and the fitted exponents.
"""

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.super_convergence import RECIPES, images_of
from clr_cli.output.sweep_table import sweep_table
from clr_client.client import Client
from local_stack.stack import Stack

OVER: dict[str, list[float]] = {
    "optimizer.weight_decay": [1e-1, 1e-2, 1e-4],
    "global_batch_size": [32, 64, 128, 256, 512],
}
RANGE_TEST = {"start_lr": 1e-5, "end_lr": 20.0, "steps": 100, "replicas": 3}
SHARED: dict[str, Any] = {
    "optimizer": {"name": "sgd", "momentum": 0.9, "weight_decay": 5e-4}, "world_size": 1, "global_batch_size": 128,
}  # fmt: skip
DIGITS: dict[str, Any] = {"model": {"name": "mlp"}, "dataset": {"name": "digits"}, **SHARED}


def images(client: Client, data: Path, folder: Path) -> dict[str, Any]:
    """Conditions on CIFAR-10 images, which are uploaded."""
    file = folder / "cifar10.npz"
    np.savez(file, allow_pickle=False, **images_of(data, RECIPES["resnet8"]))
    dataset = {"name": "uploaded", "options": {"id": client.upload_dataset(file, name="CIFAR-10 images")["id"]}}
    return {"model": {"name": "resnet8"}, "dataset": dataset, **SHARED}


def sweep(client: Client, conditions: dict[str, Any], path: str) -> dict[str, Any]:
    """Cells by the value that varies, and the exponent where there is one."""
    spec = {"kind": "sweep", "conditions": conditions, "range_test": RANGE_TEST, "over": {path: OVER[path]}}
    job = client.wait(client.submit(spec)["id"], timeout_s=3600)
    assert job["status"] == "succeeded", job["error"]
    document = client.table(job["id"])
    print(sweep_table(document), flush=True)
    cells = {str(cell["settings"][path]): _interval(cell) for cell in document["cells"]}
    return {"max_lr": cells, "scaling": (document["scaling"] or {}).get(path)}


def _interval(cell: Any) -> list[float] | None:
    if cell["bounds"] is None:
        return None
    interval = cell["confidence"]["max_lr"]
    return [round(rate, 5) for rate in (interval["low"], cell["bounds"]["max_lr"], interval["high"])]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", nargs="?", type=Path, help="CIFAR-10 images as .npz")
    data = parser.parse_args().data
    with (
        tempfile.TemporaryDirectory(prefix="clr-") as folder,
        Stack(f"{folder}/data", port=0, slots=2) as stack,
        Client(stack.url, timeout_s=300) as client,
    ):
        tasks = {"mlp_digits": DIGITS} | ({"resnet8_cifar": images(client, data, Path(folder))} if data else {})
        found = {
            f"{name}_{path.rpartition('.')[2]}": sweep(client, conditions, path)
            for name, conditions in tasks.items()
            for path in OVER
        }
    print(json.dumps(found))


if __name__ == "__main__":
    main()
