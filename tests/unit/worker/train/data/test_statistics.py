import json
from pathlib import Path

import torch

from worker.train.data.splits import Split
from worker.train.data.statistics import cached_statistics


def test_statistics_are_measured_once_and_a_damaged_note_of_them_is_replaced(tmp_path: Path) -> None:
    train = Split(torch.randn(50, 3, 4, 4), torch.randn(50, 2))
    path = tmp_path / "notes" / "one.json"
    first = cached_statistics(path, train)
    other = cached_statistics(path, Split(torch.zeros(2, 3, 4, 4), torch.zeros(2, 2)))
    for one, same in ((first.mean, other.mean), (first.std, other.std), (first.target_std, other.target_std)):
        assert one is not None
        assert same is not None
        assert torch.equal(one, same)
    (tmp_path / "file").write_text("")
    assert torch.equal(cached_statistics(tmp_path / "file" / "one.json", train).mean, first.mean), "no place to keep it"
    path.write_text("{")
    assert torch.equal(cached_statistics(path, train).mean, first.mean)
    assert json.loads(path.read_text())["mean"] == first.mean.tolist()
