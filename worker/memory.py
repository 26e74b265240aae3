"""Settings of the memory of a worker, which has threads of their own for each job and must not grow with it."""

import ctypes
import gc

_M_ARENA_MAX = -8  # of mallopt(3)


def share_one_heap() -> None:
    """Have all threads of this process take memory from one heap of malloc, where there is such a choice (glibc).

    Attempts come with threads of their own, which otherwise take from one of many heaps. What they free stays with
    that heap, so that the process grows with every job although it holds no more.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_ARENA_MAX, 1)


def freeze_loaded_objects() -> None:
    """Leave all objects of now out of garbage collection, so that cycles of jobs are collected earlier.

    Statements of SQLAlchemy refer to themselves, some hundred objects for each job. Python looks at old objects only
    when those that were added are a quarter of the others: beside 150,000 of loaded modules, after some hundred jobs.
    """
    gc.collect()
    gc.freeze()
    gc.collect()  # what is counted as "the others" is what the last collection found
