"""How large a batch may be, by what the last one took; and peaks that are told for a call."""

import subprocess
import sys

import pytest

from echo_agent.errors import ModelMemoryError
from echo_agent.mllm.device_memory import MAX_BATCH, Room

GIB = 2**30


class FakeGpu:
    """A GPU of which a prompt takes so many bytes."""

    def __init__(self, free, each):
        self.bytes_free, self.each, self.prompts = free, each, 0

    def begin(self):
        return 16 * GIB

    def peak(self):
        return 16 * GIB + self.prompts * self.each

    def free(self):
        return self.bytes_free


def run(room, gpu, prompts):
    gpu.prompts = prompts
    with room.taken(prompts):
        if prompts * gpu.each > gpu.bytes_free:
            raise ModelMemoryError("full")


def test_the_first_batch_is_full_and_later_ones_follow_the_free_memory():
    gpu = FakeGpu(10 * GIB, GIB)
    room = Room(gpu)
    assert room.fitting() == MAX_BATCH
    run(room, gpu, MAX_BATCH)
    assert room.fitting() == MAX_BATCH
    gpu.bytes_free = 5 * GIB
    assert room.fitting() == 4
    gpu.bytes_free = 0
    assert room.fitting() == 1


def test_after_a_batch_that_did_not_fit_half_as_many_are_tried():
    gpu = FakeGpu(4 * GIB, GIB)
    room = Room(gpu)
    with pytest.raises(ModelMemoryError):
        run(room, gpu, MAX_BATCH)
    assert room.fitting() == 4
    run(room, gpu, 4)
    assert room.fitting() == 3


def test_without_a_meter_a_batch_that_did_not_fit_makes_later_ones_smaller():
    room = Room(None)
    with pytest.raises(ModelMemoryError), room.taken(3):
        raise ModelMemoryError("full")
    assert room.fitting() == 1


PROGRAM = """
import numpy as np
from echo_agent.mllm.device_memory import ProcessMeter
meter = ProcessMeter()
large = np.ones(2**28, dtype=np.uint8)
print(meter.peak() > large.nbytes)
del large
before = meter.begin()
print(meter.peak() < before + 2**26)
small = np.ones(2**27, dtype=np.uint8)
print(meter.peak() >= before + 0.8 * small.nbytes)
"""
"""Runs in a process of its own: what a long test run holds, and frees meanwhile, is not its measure."""


def test_the_peak_of_a_process_is_told_for_a_call_and_not_since_the_start(repository):
    ran = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=repository, capture_output=True, text=True, check=True
    )
    assert ran.stdout.split() == ["True"] * 3
