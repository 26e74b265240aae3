"""Memory settings of a worker, which starts threads for each job and must not grow with the number of jobs."""

import ctypes
import gc

_M_ARENA_MAX = -8  # of mallopt(3)


def share_one_heap() -> None:
    """Make all threads of this process use one malloc heap, if malloc has that option (glibc).

    Attempts start threads, which otherwise use one of many heaps. Freed memory stays with its heap, so that the process
    grows with every job although it uses no more.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_ARENA_MAX, 1)


def freeze_loaded_objects() -> None:
    """Exclude all current objects from garbage collection, so that cyclic objects of jobs are collected earlier.

    SQLAlchemy's statements are cyclic, some hundred objects for each job. Python collects old objects only when a
    quarter as many have been added: with 150,000 objects of loaded modules, after some hundred jobs.
    """
    gc.collect()
    gc.freeze()
    gc.collect()  # the reference count is that of the last collection
