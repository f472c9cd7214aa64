"""One thread that computes, whoever asks: quick questions first, long ones in pieces.

The network keeps what backward needs from forward, and the kernels share their threads, so two
questions must never compute at the same time. The kernels get one thread only: for a single face a
second one brings little, and the browser needs a core, too.
"""

import threading
from collections import deque
from concurrent.futures import Future

from tinyfer.core.kernels.threads import set_threads


class Worker(threading.Thread):
    """Takes jobs from any thread, and runs one at a time in its own."""

    def __init__(self):
        super().__init__(daemon=True, name="worker")
        self._waiting = threading.Condition()
        self._quick, self._long = deque(), deque()

    def ask(self, job, quick=True):
        """The result of job(), or what it raises."""
        future = Future()
        with self._waiting:
            (self._quick if quick else self._long).append((job, future))
            self._waiting.notify()
        return future.result()

    def pause(self):
        """Called by a long job now and then: runs the quick ones that have come meanwhile."""
        while self._quick:
            _run(*self._quick.popleft())

    def run(self):
        set_threads(1)
        while True:
            with self._waiting:
                self._waiting.wait_for(lambda: self._quick or self._long)
                waiting = (self._quick or self._long).popleft()
            _run(*waiting)


def _run(job, future):
    try:
        result = job()
    except BaseException as error:
        future.set_exception(error)
    else:
        future.set_result(result)
