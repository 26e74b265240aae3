from pathlib import Path

import pytest

from jobs.files.artifacts import ArtifactStore


def test_a_stored_file_is_whole_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(b"abc")
    store = ArtifactStore(tmp_path / "store")
    stored = store.put("job_x/a.pt", source)
    assert (stored.size_bytes, stored.sha256[:8]) == (3, "ba7816bf")
    assert [path.name for path in (tmp_path / "store/job_x").iterdir()] == ["a.pt"]
    store.delete("job_x/a.pt")
    store.delete("job_x/a.pt")
    assert not store.path("job_x/a.pt").exists()


@pytest.mark.parametrize("key", ["../x", "/etc/passwd", "a/../../x"])
def test_a_key_cannot_leave_the_store(tmp_path: Path, key: str) -> None:
    with pytest.raises(ValueError, match="leaves the artifact store"):
        ArtifactStore(tmp_path / "store").path(key)
