"""Runs a command that ends when its parent ends: ``python -I -S die_with_parent.py PARENT_PID COMMAND…``.

Without this, what `clr up` started would outlive a ``kill -9`` of it. A program of its own, since the same
between fork and exec of a process with threads (``preexec_fn``) may deadlock. It imports next to nothing: it
costs 20 ms. Only Linux can do this; elsewhere the command runs as it is.
"""

import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def end_with(parent: int) -> None:
    """Make the kernel kill this process when its parent ends; the setting survives exec."""
    if not sys.platform.startswith("linux"):
        return
    import ctypes  # noqa: PLC0415 - not needed elsewhere

    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG) failed")
    if os.getppid() != parent:
        raise SystemExit("the parent was gone before this process could be tied to it")


if __name__ == "__main__":
    end_with(int(sys.argv[1]))
    os.execv(sys.argv[2], sys.argv[2:])  # noqa: S606 - no shell is wanted
