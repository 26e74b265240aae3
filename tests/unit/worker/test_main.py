"""Memory of a process with many threads, each of which takes some and gives it back, as those of attempts do."""

import os
import subprocess
import sys

import pytest

IS_GLIBC = sys.platform == "linux" and "CS_GNU_LIBC_VERSION" in os.confstr_names
CODE = """
import ctypes, sys, threading
from worker.__main__ import share_one_heap
if sys.argv[1] == "one":
    share_one_heap()
together = threading.Barrier(4)
def use():
    together.wait()
    kept = [bytes(5000) for _ in range(100)]
    together.wait()
threads = [threading.Thread(target=use) for _ in range(4)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
ctypes.CDLL(None).malloc_stats()
"""


@pytest.mark.skipif(not IS_GLIBC, reason="other C libraries have one heap, or no choice")
def test_threads_of_a_worker_share_one_heap() -> None:
    heaps = {}
    for choice in ("one", "many"):
        command = [sys.executable, "-c", CODE, choice]
        shown = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
        heaps[choice] = shown.stderr.count("Arena ")
    assert heaps["one"] == 1 < heaps["many"]
