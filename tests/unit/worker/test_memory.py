"""Memory of a process that runs many jobs, each with threads and with objects that refer to themselves."""

import os
import subprocess
import sys

import pytest

IS_GLIBC = sys.platform == "linux" and "CS_GNU_LIBC_VERSION" in os.confstr_names
THREADS = """
import ctypes, sys, threading
from worker.memory import share_one_heap
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
JOBS = """
import gc, sys, weakref
import worker.app
from worker.memory import freeze_loaded_objects
if sys.argv[1] == "frozen":
    freeze_loaded_objects()
class Node: pass
def cycle():
    node = Node()
    node.itself = node
    return node
alive, most = weakref.WeakSet(), 0
for job in range(100):
    nodes = [cycle() for _ in range(100)]
    alive.update(nodes)
    gc.collect(1)  # they grow old while the job runs
    del nodes
    for _ in range(30):
        [[] for _ in range(1000)]  # what else goes on in a worker
    most = max(most, len(alive))
print(most)
"""


@pytest.mark.skipif(not IS_GLIBC, reason="other C libraries have one heap, or no choice")
def test_threads_of_a_worker_share_one_heap() -> None:
    heaps = {}
    for choice in ("one", "many"):
        command = [sys.executable, "-c", THREADS, choice]
        shown = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
        heaps[choice] = shown.stderr.count("Arena ")
    assert heaps["one"] == 1 < heaps["many"]


def test_objects_of_jobs_that_refer_to_themselves_are_collected_soon() -> None:
    most = {}
    for choice in ("frozen", "all"):
        command = [sys.executable, "-c", JOBS, choice]
        most[choice] = int(subprocess.run(command, capture_output=True, text=True, check=True, timeout=120).stdout)
    assert most["frozen"] <= 500 < most["all"]
