import gc
import sqlite3
from pathlib import Path

from jobs.database.session import Database


def test_a_connection_to_sqlite_keeps_half_a_megabyte_of_pages(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/some.sqlite3")
    with database.read() as session:
        assert session.connection().exec_driver_sql("PRAGMA cache_size").scalar() == -512  # in KiB, by its sign
    database.close()


def test_a_connection_keeps_no_statement_for_each_wait_of_a_writer(tmp_path: Path) -> None:
    database, before = Database(f"sqlite:///{tmp_path}/some.sqlite3"), prepared_statements()
    for number in range(100):
        with database.write(wait_s=10 + number / 100) as session:
            session.connection()
    assert prepared_statements() - before < 20
    database.close()


def prepared_statements() -> int:
    gc.collect()
    statement = type(sqlite3.connect(":memory:")("SELECT 1"))
    return sum(type(thing) is statement for thing in gc.get_objects())
