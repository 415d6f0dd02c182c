import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from echo_agent.answers.one_shot import NORMAL_LOG_SCORE, likelier_defective, one_shot_p_value
from tests.inspection import some_evidence


@given(st.floats(0.01, 100), st.floats(1.001, 10))
def test_a_higher_score_against_one_reference_is_never_likelier_normal(score, factor):
    assert 0 < one_shot_p_value(score * factor) <= one_shot_p_value(score) <= 1


def test_a_part_that_scores_like_good_parts_do_is_normal_and_one_far_above_is_not():
    typical = math.exp(NORMAL_LOG_SCORE)
    alone = {"p_value": None, "tail_p_value": None, "threshold": None}
    assert one_shot_p_value(typical) == pytest.approx(0.5)
    assert likelier_defective(some_evidence(score=typical, **alone)) < 0.5
    assert likelier_defective(some_evidence(score=2 * typical, **alone)) > 0.5


def test_a_calibrated_p_value_goes_before_the_score_and_without_a_score_the_odds_are_even():
    assert likelier_defective(some_evidence(score=9.0, p_value=0.8, tail_p_value=0.8)) < 0.5
    assert likelier_defective(some_evidence(score=None, p_value=None, tail_p_value=None)) == 0.5
    assert likelier_defective(None) == 0.5
