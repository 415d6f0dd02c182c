"""Small steps of PyTorch side by side, each in one thread.

PyTorch splits each step over its threads. An inspection takes hundreds of steps of a fraction of a millisecond: threads
that sleep in between take longer to wake than the step, and threads that spin take the cores from all else.
"""

import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextvars import copy_context
from functools import lru_cache
from typing import TypeVar

Found = TypeVar("Found")

_POOL = threading.local()
"""``own`` is set in the threads of the pool."""


def side_by_side(tasks: Sequence[Callable[[], Found]]) -> list[Found]:
    """Runs tasks in as many threads as PyTorch takes, where it takes one for each of their steps.

    A task may run further ones this way: those that no thread is free for it runs itself. Of other callers no more wait
    at a time than there are threads, so that who has few tasks need not wait for all of one who has many. A task sees
    its caller's context variables: what it logs belongs to the same inspection.

    Args:
        tasks: The tasks, the longest first.

    Returns:
        What they return, in their order.
    """
    pool, count = _started(os.getpid())
    if getattr(_POOL, "own", False):
        begun = [(task, pool.submit(copy_context().run, task)) for task in tasks[1:]]
        found = [task() for task in tasks[:1]]
        return found + [task() if future.cancel() else future.result() for task, future in begun]
    submitted: list[Future[Found]] = []
    for task in tasks:
        under_way = [future for future in submitted if not future.done()]
        if len(under_way) >= count:
            wait(under_way, return_when=FIRST_COMPLETED)
        submitted.append(pool.submit(copy_context().run, task))
    return [future.result() for future in submitted]


def thread_count() -> int:
    """How many tasks run side by side."""
    return _started(os.getpid())[1]


@lru_cache(maxsize=1)
def _started(_process: int) -> tuple[ThreadPoolExecutor, int]:
    """The threads of this process, and how many; those of the process that it was forked from do not run in it."""
    import torch

    count = torch.get_num_threads()
    all_there = threading.Barrier(count)

    def begin() -> None:
        torch.get_num_threads()  # which a thread takes over from the others when it is first asked for
        torch.set_num_threads(1)  # of this thread, and of those that begin before it is taken back below
        _POOL.own = True

    pool = ThreadPoolExecutor(count, "side by side", initializer=begin)
    list(pool.map(lambda _: all_there.wait(), range(count)))
    torch.set_num_threads(count)
    return pool, count
