import numpy as np
import pytest

from echo_agent.errors import StoreError
from echo_agent.memory.spooled import SpooledFeatures
from echo_agent.vision.features import Features, Level, Use


def features(number, *, guide):
    drawn = np.random.default_rng(number)
    fine = Level(drawn.random((6 + number, 4, 5), dtype=np.float32), Use(strength=0.5), drawn.random((6, 4)))
    coarse = Level(drawn.random((2, 2, 7), dtype=np.float32), narrow=np.ones((2, 2, 1), dtype=np.float32))
    small = Level(drawn.random((3, 2, 5), dtype=np.float32), Use(length=2.0), drawn.random((3, 2)))
    return Features((fine, coarse), drawn.random(3), drawn.random((12, 8)) if guide else None, (small,))


@pytest.mark.parametrize("guide", [True, False])
def test_features_come_back_in_their_order_and_rounded_as_banks_are_stored(guide):
    given = [features(number, guide=guide) for number in range(4)]
    with SpooledFeatures() as spooled:
        for one in given:
            spooled.append(one)
        assert len(spooled) == 4
        for found, expected in zip([*spooled, spooled[1]], [*given, given[1]], strict=True):
            assert [level.use for level in found.all_levels] == [level.use for level in expected.all_levels]
            assert len(found.overview) == 1
            for level, other in zip(found.all_levels, expected.all_levels, strict=True):
                np.testing.assert_array_equal(level.patches, other.patches.astype(np.float16))
            np.testing.assert_array_equal(
                found.levels[0].lengths, expected.levels[0].lengths.astype(np.float16)
            )
            assert found.levels[1].lengths is None
            np.testing.assert_array_equal(found.embedding, expected.embedding)
            np.testing.assert_array_equal(found.guide, expected.guide)


def test_a_full_temporary_folder_is_told_with_a_remedy(monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("echo_agent.memory.spooled.pickle.dump", full)
    with SpooledFeatures() as spooled, pytest.raises(StoreError, match=r"No space left on device.*TMPDIR"):
        spooled.append(features(0, guide=False))
