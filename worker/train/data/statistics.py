"""Statistics of datasets as documents, and a cache of them: each content is measured once."""

import json
import logging
import secrets
from pathlib import Path
from typing import Any

import torch

from worker.train.data.splits import Split, Statistics, measure

log = logging.getLogger(__name__)


def statistics_to(statistics: Statistics) -> dict[str, Any]:
    """Return a document that holds the float32 values exactly."""
    fields = (statistics.mean, statistics.std, statistics.target_mean, statistics.target_std)
    names = ("mean", "std", "target_mean", "target_std")
    return {name: None if value is None else value.tolist() for name, value in zip(names, fields, strict=True)}


def statistics_from(document: dict[str, Any]) -> Statistics:
    """Return the statistics in a document."""
    target_mean, target_std = (
        None if document[name] is None else torch.tensor(document[name]) for name in ("target_mean", "target_std")
    )
    return Statistics(torch.tensor(document["mean"]), torch.tensor(document["std"]), target_mean, target_std)


def cached_statistics(path: Path, train: Split) -> Statistics:
    """Return the statistics from the file at ``path``. If it is missing or damaged, measure and write them."""
    try:
        return statistics_from(json.loads(path.read_text()))
    except (OSError, ValueError, TypeError, KeyError):
        pass
    found = measure(train)
    aside = path.with_suffix(f".{secrets.token_hex(4)}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        aside.write_text(json.dumps(statistics_to(found)))
        aside.replace(path)  # ranks may do this at the same time: they write equal files
    except OSError:  # a folder of datasets may be mounted read-only
        log.warning("the statistics of a dataset cannot be stored at %s", path, exc_info=True)
    return found
