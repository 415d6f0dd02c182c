import subprocess
import sys
import threading
from contextvars import ContextVar
from functools import partial

import pytest
import torch

from echo_agent.vision.side_by_side import side_by_side, thread_count


def test_tasks_within_tasks_return_in_their_order_however_many_there_are():
    def branch(depth, name):
        return (
            name if depth == 0 else side_by_side([partial(branch, depth - 1, f"{name}{i}") for i in range(3)])
        )

    assert side_by_side([partial(branch, 2, name) for name in "abcd"]) == [
        [[f"{name}{i}{j}" for j in range(3)] for i in range(3)] for name in "abcd"
    ]
    assert side_by_side([]) == []


def test_tasks_run_at_once_and_take_one_thread_a_step_while_the_host_keeps_its_own():
    usual, together = torch.get_num_threads(), threading.Barrier(thread_count(), timeout=120)

    def task():
        together.wait()
        return torch.get_num_threads()

    assert thread_count() == usual
    assert side_by_side([task] * usual) == [1] * usual
    assert torch.get_num_threads() == usual
    found = []
    later = threading.Thread(target=lambda: found.append(torch.get_num_threads()))
    later.start()
    later.join()
    assert found == [usual]


def test_a_task_belongs_to_what_its_caller_is_about():
    inspection = ContextVar("inspection", default="none")
    inspection.set("E1")
    assert side_by_side([inspection.get] * 3) == ["E1"] * 3
    assert side_by_side([partial(side_by_side, [inspection.get] * 3)]) == [["E1"] * 3]


@pytest.mark.parametrize("inside", [False, True])
def test_an_error_of_a_task_reaches_the_caller(inside):
    def fails():
        raise KeyError("gone")

    tasks = [int, fails]
    with pytest.raises(KeyError, match="gone"):
        side_by_side([partial(side_by_side, tasks)] if inside else tasks)


@pytest.mark.skipif(sys.platform == "win32", reason="nothing is forked there")
def test_a_forked_process_has_threads_of_its_own(repository):
    code = """
import os
from echo_agent.vision.side_by_side import side_by_side
side_by_side([int])
if (child := os.fork()) == 0:
    os._exit(7 if side_by_side([int, int]) == [0, 0] else 1)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
"""
    subprocess.run([sys.executable, "-W", "ignore", "-c", code], cwd=repository, check=True, timeout=300)
