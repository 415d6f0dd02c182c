import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from echo_agent.evaluation.metrics import PixelAccumulator, image_metrics, risk_coverage


def test_image_metrics_of_a_known_ranking():
    result = image_metrics([0.1, 0.4, 0.35, 0.8], [False, False, True, True])
    assert result.auroc == pytest.approx(0.75)
    assert result.average_precision == pytest.approx(5 / 6)
    assert result.f1_max == pytest.approx(0.8)


def test_image_metrics_are_unknown_with_one_class_only():
    result = image_metrics([0.1, 0.4], [True, True])
    assert (result.auroc, result.average_precision, result.f1_max) == (None, None, None)


def test_a_perfect_map_scores_one_and_a_constant_map_a_half():
    mask = np.zeros((40, 60), dtype=bool)
    mask[5:15, 5:25] = True
    perfect, constant = PixelAccumulator(), PixelAccumulator()
    perfect.add(mask.astype(np.float32), mask)
    constant.add(np.full(mask.shape, 0.3, dtype=np.float32), mask)
    assert perfect.metrics().auroc == pytest.approx(1.0)
    assert perfect.metrics().aupro == pytest.approx(1.0)
    assert perfect.metrics().aupro_05 == pytest.approx(1.0)
    assert constant.metrics().auroc == pytest.approx(0.5)
    assert constant.metrics().aupro == pytest.approx(0.15)


def test_without_a_defect_pixel_there_are_no_pixel_metrics():
    pixels = PixelAccumulator()
    pixels.add(np.random.default_rng(0).random((20, 20)), np.zeros((20, 20), dtype=bool))
    assert pixels.metrics().auroc is None
    assert pixels.metrics().aupro is None


def test_overlap_counts_a_small_region_as_much_as_a_large_one():
    mask = np.zeros((100, 100), dtype=bool)
    mask[:50, :50] = True
    mask[80:82, 80:82] = True
    found_small = np.zeros(mask.shape, dtype=np.float32)
    found_small[80:82, 80:82] = 1
    pixels = PixelAccumulator()
    pixels.add(found_small, mask)
    metrics = pixels.metrics()
    # The small region is found at no false positive; the large one rises with them from 0 to 1.
    assert metrics.aupro == pytest.approx(0.5 + 0.5 * 0.15, abs=1e-3)
    assert metrics.auroc == pytest.approx(0.5, abs=0.01)


@settings(max_examples=15)
@given(seed=st.integers(0, 2**31), scale=st.floats(0.01, 100))
def test_pixel_auroc_agrees_with_scikit_learn_over_images_of_different_sizes(seed, scale):
    rng = np.random.default_rng(seed)
    pixels, values, truths = PixelAccumulator(), [], []
    for height, width in [(30, 40), (64, 16), (25, 25)]:
        mask = np.zeros((height, width), dtype=bool)
        mask[3:9, 4:12] = True
        anomaly_map = (rng.random((height, width)) + 0.4 * mask) * scale
        pixels.add(anomaly_map, mask)
        values.append(anomaly_map.ravel())
        truths.append(mask.ravel())
    expected = roc_auc_score(np.concatenate(truths), np.concatenate(values))
    assert pixels.metrics().auroc == pytest.approx(expected, abs=2e-3)


def test_overlap_agrees_with_adevals_exact_computation():
    from adeval.au_pro import calculate_au_pro

    rng = np.random.default_rng(3)
    masks, maps = [], []
    for _ in range(3):
        mask = np.zeros((48, 48), dtype=bool)
        mask[4:20, 6:14] = True
        mask[30:33, 30:44] = True
        masks.append(mask)
        maps.append(rng.random(mask.shape) + 0.5 * mask)
    pixels = PixelAccumulator()
    for anomaly_map, mask in zip(maps, masks, strict=True):
        pixels.add(anomaly_map, mask)
    for limit, ours in [(0.3, pixels.metrics().aupro), (0.05, pixels.metrics().aupro_05)]:
        exact, _ = calculate_au_pro([mask.astype(int) for mask in masks], maps, limit, num_thresholds=5000)
        assert ours == pytest.approx(exact, abs=3e-3)


def test_a_map_of_another_shape_is_refused():
    with pytest.raises(ValueError, match="differ in shape"):
        PixelAccumulator().add(np.zeros((4, 5)), np.zeros((5, 4), dtype=bool))


def test_accuracy_rises_when_the_least_sure_are_set_aside():
    rows = risk_coverage([0.9, 0.8, 0.7, 0.6, 0.5] * 2, [True, True, True, False, False] * 2)
    assert [row.answered for row in rows] == [10, 10, 9, 8, 7, 5]
    assert rows[0].accuracy == pytest.approx(0.6)
    assert rows[-1].accuracy == pytest.approx(1.0)


@given(st.permutations([True, True, False, False, False]))
def test_equally_sure_answers_count_by_their_mean(right):
    assert all(row.accuracy == pytest.approx(0.4) for row in risk_coverage([0.7] * 5, right))
