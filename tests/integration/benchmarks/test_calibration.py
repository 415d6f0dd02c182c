import numpy as np
import pytest

from benchmarks.calibration import as_text, measure_calibration
from benchmarks.shared_fits import KnownFeatures
from echo_agent.errors import DatasetError
from tests.conftest import synthetic_part
from tests.stand_in_encoder import StandInEncoder


@pytest.fixture(scope="module")
def parts():
    return [synthetic_part(seed) for seed in range(40)]


def test_thresholds_on_alike_parts_hold_what_they_promise(parts):
    encoder = StandInEncoder()
    found = measure_calibration(parts, encoder, shots=9, draws=30, unseen=20)
    assert (found.normals, found.shots, found.unseen, found.draws) == (40, 9, 20, 30)
    assert found.expected == pytest.approx(0.1)
    # The parts are exchangeable, so the expected rate is met but for the chance of 30 overlapping draws.
    assert found.mean_false_reject == pytest.approx(0.1, abs=0.08)
    assert found.share_above_bound <= 0.25
    # Each part, and each of its turned copies, is encoded once whatever the number of draws.
    assert encoder.encoded <= 2 * len(parts)


def test_joint_scores_of_two_encoders_hold_what_they_promise_too(parts):
    encoders = StandInEncoder(), StandInEncoder("other-eyes")
    found = measure_calibration(parts, *encoders, shots=9, draws=10, unseen=20)
    assert found.mean_false_reject == pytest.approx(0.1, abs=0.08)
    assert encoders[1].encoded > 0


def test_a_rate_that_the_references_do_not_allow_rejects_nothing(parts):
    found = measure_calibration(parts, StandInEncoder(), shots=4, draws=3, unseen=20)
    assert found.mean_false_reject == 0.0
    assert "4 references from 40 normals, 20 unseen ones" in as_text("plate", found)


def test_too_few_normals_are_an_error(parts):
    with pytest.raises(DatasetError, match="20 normals are too few for 16 references"):
        measure_calibration(parts[:20], StandInEncoder(), shots=16, draws=1, unseen=5)


def test_features_are_known_by_what_the_image_shows():
    encoder = StandInEncoder()
    known = KnownFeatures(encoder)
    image = synthetic_part(0)
    first, second, third = known.encode([image, synthetic_part(1), image.copy()])
    assert encoder.encoded == 2
    assert np.array_equal(first.patches, third.patches)
    assert not np.array_equal(first.patches, second.patches)
    known.encode([image], scale=1.25)
    assert encoder.encoded == 3
