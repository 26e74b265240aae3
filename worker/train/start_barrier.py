"""Lets the ranks of a host begin only when all of them are forked.

Each rank connects to the store of the agent. A thread of the agent then looks up the name of the peer, for which glibc
takes a lock that a fork does not release in the child. A rank that was forked at this moment would wait forever when it
connects.
"""

import multiprocessing


class StartBarrier:
    """A barrier for the ranks that its process forks.

    `multiprocessing.Barrier` keeps its state in a temporary file, which remains if the process is killed.
    """

    def __init__(self, size: int) -> None:
        context = multiprocessing.get_context("fork")
        self._arrivals = [context.Semaphore(0) for _ in range(size)]

    def wait(self, local_rank: int) -> None:
        """Block until every rank has called this."""
        for each in self._arrivals:
            each.release()
        for _ in self._arrivals:
            self._arrivals[local_rank].acquire()
