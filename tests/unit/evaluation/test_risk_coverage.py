import pytest
from hypothesis import given
from hypothesis import strategies as st

from echo_agent.evaluation.risk_coverage import expected_calibration_error, risk_coverage


def test_accuracy_rises_when_the_least_sure_are_set_aside():
    rows = risk_coverage([0.9, 0.8, 0.7, 0.6, 0.5] * 2, [True, True, True, False, False] * 2)
    assert [row.answered for row in rows] == [10, 10, 9, 8, 7, 5]
    assert rows[0].accuracy == pytest.approx(0.6)
    assert rows[-1].accuracy == pytest.approx(1.0)


@given(st.permutations([True, True, False, False, False]))
def test_equally_sure_answers_count_by_their_mean(right):
    assert all(row.accuracy == pytest.approx(0.4) for row in risk_coverage([0.7] * 5, right))


def test_calibration_error_of_known_answers():
    assert expected_calibration_error([0.95] * 4, [True, True, True, False]) == pytest.approx(0.2)
    assert expected_calibration_error([0.75] * 4, [True, True, True, False]) == pytest.approx(0.0)
    assert expected_calibration_error([], []) is None
