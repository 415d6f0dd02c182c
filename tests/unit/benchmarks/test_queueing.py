import math

import pytest

from benchmarks.queueing import expected_wait, simulate, workers_needed


def test_workers_for_a_load_of_seventy_percent():
    assert workers_needed(10, 0.05) == 1
    assert workers_needed(1000, 0.05) == 72
    assert workers_needed(14, 0.05, load=0.7) == 1


def test_the_approximation_is_exact_for_one_worker_with_poisson_arrivals():
    assert expected_wait(14, 0.05, 1, 1.0, 1.0) == pytest.approx(0.05 * 0.7 / 0.3)
    assert expected_wait(14, 0.05, 1, 1.0, 0.0) == pytest.approx(0.05 * 0.7 / 0.3 / 2)
    assert expected_wait(20, 0.05, 1, 1.0, 1.0) == math.inf


def test_at_seventy_percent_cameras_of_their_own_moments_hardly_wait():
    found = simulate(100, 1.0, duration=40)
    assert found.workers == 8
    assert found.load == pytest.approx(100 * 0.05 / 8, abs=0.03)
    assert found.wait < max(found.expected_wait, 0.005)
    assert found.left == 0


def test_cameras_that_are_triggered_together_wait_for_each_other():
    found = simulate(100, 1.0, together=True, duration=40)
    assert 0.2 < found.wait < 0.5
    assert found.wait_p99 < 1.0


def test_an_overloaded_worker_falls_behind():
    found = simulate(10, 2.2, workers=1, duration=60)
    assert found.load > 0.97
    assert found.left > 50
