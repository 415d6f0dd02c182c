"""The references' own scores, which the thresholds rest on."""

import pytest

from echo_agent.errors import ProductError
from echo_agent.memory import calibration
from tests.conftest import synthetic_part


def test_they_are_what_an_inspection_is_held_against(memory, plates):
    scores = plates.normal_scores("plate")
    assert len(scores) == 10
    evidence = plates.evidence(plates.store_image(synthetic_part(42)), "plate")
    assert calibration.threshold(scores, 0.1) == pytest.approx(evidence.threshold)
    assert calibration.conformal_p_value(evidence.score, scores) == pytest.approx(evidence.p_value)


def test_a_single_reference_has_none(memory):
    memory.register("bolt", [synthetic_part(0)])
    assert memory.normal_scores("bolt") == ()


def test_an_unknown_product_is_an_error(plates):
    with pytest.raises(ProductError, match="plate"):
        plates.normal_scores("gear")
