"""The detector keeps its promise of false alarms, and finds trends and steps in either direction."""

import numpy as np
import pytest

from echo_agent.runs.change_detector import ChangeDetector, Stream

STREAMS = (Stream("light"), Stream("detail"), Stream("score", falls=False))
RUNS, PARTS = 200, 200


def first_alarm(columns, *, known=None, between=10_000, streams=STREAMS):
    """The number of the part, from 1, and the change; None without one."""
    detector = ChangeDetector(streams, known, between)
    for part in range(len(next(iter(columns.values())))):
        change = detector.add({name: float(values[part]) for name, values in columns.items()})
        if change is not None:
            return part + 1, change
    return None


def unchanged(generator, parts=PARTS):
    return {stream.name: generator.normal(size=parts) for stream in STREAMS}


def test_false_alarms_over_200_runs_stay_within_the_promise():
    generator = np.random.default_rng(0)
    # The statistic alone, with no step that a change must have, and an alarm promised once in 1,000 parts.
    free = [Stream(stream.name, stream.rises, stream.falls, step=-1.0) for stream in STREAMS]
    alarms = 0
    for _ in range(RUNS):
        known = {name: values[:20] for name, values in unchanged(generator).items()}
        alarms += first_alarm(unchanged(generator), known=known, between=1000, streams=free) is not None
    assert alarms <= RUNS * PARTS / 1000


@pytest.mark.parametrize("rises", [True, False])
def test_a_trend_is_found_with_its_direction_and_figures(rises):
    columns = unchanged(np.random.default_rng(1))
    columns["light"] = columns["light"] + (0.1 if rises else -0.1) * np.arange(PARTS)
    part, change = first_alarm(columns)
    assert part < 60
    assert (change.name, change.rises) == ("light", rises)
    assert (change.now > change.before) is rises
    assert abs(change.moved["light"]) >= 1 > abs(change.moved["detail"])


def test_a_late_step_is_found_as_soon_as_an_early_one():
    delays = []
    for late in (50, 2000):
        columns = unchanged(np.random.default_rng(2), late + 100)
        columns["detail"][late:] += 3
        part, change = first_alarm(columns)
        assert change.name == "detail"
        delays.append(part - late)
    assert all(0 < delay <= 30 for delay in delays)


def test_a_difference_from_what_is_known_from_before_is_found_within_few_parts():
    generator = np.random.default_rng(3)
    columns = unchanged(generator)
    columns["light"] += 4
    assert first_alarm(columns) is None
    part, change = first_alarm(columns, known={"light": generator.normal(size=60)})
    assert part <= 30
    assert change.before < 1 < change.now


def test_what_is_no_change_of_a_stream_and_what_is_too_small_raise_no_alarm():
    generator = np.random.default_rng(4)
    falling = unchanged(generator)
    falling["score"] = falling["score"] - 0.1 * np.arange(PARTS)
    assert first_alarm(falling) is None
    small = unchanged(generator)
    small["light"] = small["light"] + 0.1 * np.arange(PARTS)
    assert first_alarm(small, streams=[Stream("light", step=100.0), *STREAMS[1:]]) is None


def test_after_an_alarm_what_is_now_is_the_usual():
    generator = np.random.default_rng(5)
    values = np.concatenate(
        [generator.normal(size=100), generator.normal(4, size=150), generator.normal(size=60)]
    )
    detector = ChangeDetector([Stream("light")])
    found = [
        (part, change) for part, value in enumerate(values) if (change := detector.add({"light": value}))
    ]
    assert [change.rises for _, change in found] == [True, False]
    assert found[1][0] > 250


def test_a_part_may_lack_a_number_and_an_infinite_one_is_none():
    detector = ChangeDetector(STREAMS)
    detector.add({"light": 1.0})
    before = detector.statistic
    detector.add({})
    detector.add({"score": float("nan")})
    assert detector.statistic == before
