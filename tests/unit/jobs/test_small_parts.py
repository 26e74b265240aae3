from pathlib import Path

import pytest

from jobs.database.ids import new_job_id
from jobs.database.queries import JOB_ID
from jobs.database.session import Database
from jobs.files.artifacts import ArtifactStore


def test_ids_are_uuids_of_version_7_that_sort_in_the_order_in_which_they_were_made() -> None:
    ids = [new_job_id() for _ in range(200)]
    assert ids == sorted(ids)
    assert all(JOB_ID.fullmatch(each) for each in ids)
    assert {(each[16], each[20] in "89ab") for each in ids} == {("7", True)}


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


def test_a_connection_to_sqlite_keeps_half_a_megabyte_of_pages(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/some.sqlite3")
    with database.read() as session:
        assert session.connection().exec_driver_sql("PRAGMA cache_size").scalar() == -512  # in KiB, by its sign
    database.close()
