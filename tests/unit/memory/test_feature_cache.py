import numpy as np
import pytest

from echo_agent.errors import StoreError
from echo_agent.memory.feature_cache import FeatureCache
from echo_agent.vision.features import FeatureLayer, Features, Use


def features(number, *, guide):
    drawn = np.random.default_rng(number)
    fine = FeatureLayer(
        drawn.random((6 + number, 4, 5), dtype=np.float32), Use(strength=0.5), drawn.random((6, 4))
    )
    coarse = FeatureLayer(
        drawn.random((2, 2, 7), dtype=np.float32), narrow=np.ones((2, 2, 1), dtype=np.float32)
    )
    small = FeatureLayer(drawn.random((3, 2, 5), dtype=np.float32), Use(length=2.0), drawn.random((3, 2)))
    return Features((fine, coarse), drawn.random(3), drawn.random((12, 8)) if guide else None, (small,))


@pytest.mark.parametrize("guide", [True, False])
def test_features_come_back_in_their_order_and_rounded_as_banks_are_stored(guide):
    given = [features(number, guide=guide) for number in range(4)]
    with FeatureCache() as cached:
        for one in given:
            cached.append(one)
        assert len(cached) == 4
        for found, expected in zip([*cached, cached[1]], [*given, given[1]], strict=True):
            assert [layer.use for layer in found.all_layers] == [layer.use for layer in expected.all_layers]
            assert len(found.global_branch) == 1
            for layer, other in zip(found.all_layers, expected.all_layers, strict=True):
                np.testing.assert_array_equal(layer.patches, other.patches.astype(np.float16))
            np.testing.assert_array_equal(
                found.layers[0].lengths, expected.layers[0].lengths.astype(np.float16)
            )
            assert found.layers[1].lengths is None
            np.testing.assert_array_equal(found.embedding, expected.embedding)
            np.testing.assert_array_equal(found.guide, expected.guide)


def test_a_full_temporary_folder_is_told_with_a_remedy(monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("echo_agent.memory.feature_cache.pickle.dump", full)
    with FeatureCache() as cached, pytest.raises(StoreError, match=r"No space left on device.*TMPDIR"):
        cached.append(features(0, guide=False))
