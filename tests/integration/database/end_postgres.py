"""Ends a PostgreSQL and removes its folder when standard input is closed: ``python -I -S end_postgres.py FOLDER``.

The tests hold the other end of the pipe. The kernel closes it however they end, by ``kill -9`` too. PR_SET_PDEATHSIG
cannot do this: ``pg_ctl`` detaches the server from its parent, and as root the server changes its user.
"""

import os
import shutil
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path


def end(folder: Path) -> None:
    """Kill the server whose data is in a folder, wait for its end, and remove the folder."""
    with suppress(OSError, ValueError):
        pid = int((folder / "data" / "postmaster.pid").read_text().split()[0])
        if os.fsencode(folder) in Path(f"/proc/{pid}/cmdline").read_bytes():
            os.kill(pid, signal.SIGQUIT)  # an immediate shutdown, which also frees its shared memory
            deadline = time.monotonic() + 10
            while time.monotonic() < deadline:
                os.kill(pid, 0)  # raises once the process is gone
                time.sleep(0.05)
    shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    os.setsid()  # so that Ctrl-C in the terminal of the tests does not reach it
    sys.stdin.read()
    end(Path(sys.argv[1]))
