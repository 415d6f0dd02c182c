import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from echo_agent.memory.calibration import (
    conformal_p_value,
    escape_guarantee,
    guarantee,
    normals_needed,
    pass_threshold,
    rate_bound,
    tail_p_value,
    threshold,
)

SCORES = st.lists(st.floats(0.01, 100), min_size=1, max_size=40)
RATES = st.floats(0.005, 0.9)


@given(st.floats(0, 200), SCORES)
def test_the_p_value_counts_normals(score, normals):
    found = conformal_p_value(score, normals)
    assert 1 / (len(normals) + 1) <= found <= 1
    assert found == (1 + sum(normal >= score for normal in normals)) / (len(normals) + 1)


@given(st.floats(0, 200), st.floats(0, 200), SCORES)
def test_a_higher_score_never_has_a_higher_p_value(one, other, normals):
    low, high = sorted((one, other))
    assert conformal_p_value(high, normals) <= conformal_p_value(low, normals)
    tails = [tail_p_value(score, normals) for score in (low, high)]
    assert tails == [None, None] if len(normals) < 3 else 0 <= tails[1] <= tails[0] <= 1


@given(SCORES, RATES, RATES)
def test_a_lower_rate_never_has_a_lower_threshold(normals, one, other):
    low, high = sorted((one, other))
    assert threshold(normals, low) >= threshold(normals, high)
    assert min(normals) <= threshold(normals, low) <= max(normals)


@given(SCORES, RATES, st.floats(0, 200))
def test_above_the_threshold_the_p_value_keeps_the_rate_that_is_promised(normals, rate, score):
    if score > threshold(normals, rate):
        promised = guarantee(len(normals), rate).expected_false_reject
        found = conformal_p_value(score, normals)
        assert found <= (promised if promised is not None else 0.5) + 1e-12
        assert found <= rate + 1e-9 or guarantee(len(normals), rate).normals_missing > 0


def test_without_scores_there_is_no_threshold():
    assert threshold((), 0.1) is None
    assert conformal_p_value(3.0, ()) == 1.0


@pytest.mark.parametrize(
    ("rate", "needed"), [(0.5, 1), (0.25, 3), (0.1, 9), (0.05, 19), (0.01, 99), (1 / 3, 2)]
)
def test_normals_that_a_rate_needs(rate, needed):
    assert normals_needed(rate) == needed
    assert guarantee(needed, rate).normals_missing == 0
    assert guarantee(max(needed - 1, 0), rate).normals_missing == 1
    assert guarantee(0, rate).normals_missing == needed


@pytest.mark.parametrize(("normals", "rate"), [(29, 0.10), (59, 0.05), (299, 0.01)])
def test_the_largest_score_bounds_the_rate_with_95_percent_from_these_normals(normals, rate):
    strict = 1e-4
    assert guarantee(normals, strict).bound_95 <= rate < guarantee(normals - 1, strict).bound_95


def test_eight_normals_promise_31_percent():
    promise = guarantee(8, 0.1)
    assert promise.bound_95 == pytest.approx(1 - 0.05 ** (1 / 8))
    assert round(promise.bound_95, 2) == 0.31
    assert promise.expected_false_reject == pytest.approx(1 / 9)
    assert promise.normals_missing == 1


@pytest.mark.parametrize("normals", [0, 1])
def test_fewer_than_two_normals_promise_nothing(normals):
    promise = guarantee(normals, 0.1)
    assert (promise.expected_false_reject, promise.bound_95) == (None, None)


@pytest.mark.parametrize(("normals", "rate"), [(8, 0.1), (19, 0.1), (40, 0.1), (40, 0.25)])
def test_the_promise_agrees_with_counting(normals, rate):
    generator = np.random.default_rng(normals)
    draws = generator.gamma(2.0, size=(4000, normals))
    limits = np.array([threshold(row.tolist(), rate) for row in draws])
    rates = stats.gamma(2.0).sf(limits)
    promise = guarantee(normals, rate)
    assert rates.mean() == pytest.approx(promise.expected_false_reject, abs=0.01)
    assert np.quantile(rates, 0.95) == pytest.approx(promise.bound_95, abs=0.02)


@settings(max_examples=30)
@given(st.integers(3, 30), st.floats(0.05, 1.0), st.integers(0, 1000))
def test_the_tail_is_uniform_in_the_middle_of_its_model(count, spread, seed):
    normals = np.exp(np.random.default_rng(seed).normal(0, spread, count))
    middle = float(np.exp(np.log(normals).mean()))
    assert tail_p_value(middle, normals.tolist()) == pytest.approx(0.5, abs=1e-6)
    assert tail_p_value(middle * 2, (normals * 2).tolist()) == pytest.approx(0.5, abs=1e-6)


def test_the_tail_agrees_with_counting():
    generator = np.random.default_rng(5)
    found = np.array(
        [tail_p_value(float(row[0]), row[1:].tolist()) for row in np.exp(generator.normal(0, 0.3, (3000, 9)))]
    )
    for layer in (0.05, 0.2, 0.5):
        assert (found <= layer).mean() == pytest.approx(layer, abs=0.03)


def test_equal_scores_do_not_divide_by_nothing():
    assert 0 <= tail_p_value(1.0, [1.0] * 5) <= 1
    assert tail_p_value(0.0, [0.0] * 5) == pytest.approx(0.5)


def test_the_escape_rate_of_the_pass_threshold_keeps_its_promise():
    generator = np.random.default_rng(0)
    rates = []
    for _ in range(4000):
        limit = pass_threshold(generator.normal(size=39).tolist(), 0.05)
        rates.append(stats.norm.cdf(limit))
    promised = escape_guarantee(39, 0.05)
    assert np.mean(rates) == pytest.approx(promised.expected_escape, abs=0.003)
    assert np.mean(np.array(rates) > promised.bound_95) == pytest.approx(0.05, abs=0.012)
    assert promised.defects_missing == 0


def test_without_defects_nothing_is_promised_of_escapes():
    assert pass_threshold([], 0.05) is None
    promised = escape_guarantee(0, 0.05)
    assert promised.expected_escape is None
    assert promised.defects_missing == 19


def test_a_rate_that_was_never_seen_is_bounded_by_the_rule_of_three():
    assert rate_bound(0, 29) == pytest.approx(1 - 0.05 ** (1 / 29))
    assert rate_bound(5, 5) == 1.0


def test_photographs_that_repeat_each_other_promise_no_more():
    repeated = guarantee(3, 0.1, photographs=12)
    assert (repeated.normals, repeated.photographs) == (3, 12)
    assert repeated.expected_false_reject == guarantee(3, 0.1).expected_false_reject == 0.25
    assert guarantee(12, 0.1, photographs=12).photographs is None
