from pathlib import Path

from jobs.database.session import Database


def test_a_connection_to_sqlite_keeps_half_a_megabyte_of_pages(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/some.sqlite3")
    with database.read() as session:
        assert session.connection().exec_driver_sql("PRAGMA cache_size").scalar() == -512  # in KiB, by its sign
    database.close()
