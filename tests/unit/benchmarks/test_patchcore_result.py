import pytest

from benchmarks.patchcore_result import (
    Compared,
    Comparison,
    Figures,
    markdown_table,
    ratios,
)
from tests.tables import unpadded


def row(echo, patchcore, *, shots=4, first_look_ms=20.0):
    """A row from (image AUROC, AUPRO, ms) of both."""
    sides = [
        Figures(image_auroc=auroc, aupro=aupro, aupro_05=aupro, ms=ms)
        for auroc, aupro, ms in (echo, patchcore)
    ]
    return Compared(
        product="plate",
        shots=shots,
        seed=0,
        echo=sides[0],
        echo_first_look_ms=first_look_ms,
        patchcore=sides[1],
    )


def test_the_ratio_is_of_the_means_of_the_errors():
    found = ratios([row((0.9, 0.8, 30), (0.8, 0.6, 60)), row((1.0, 0.9, 50), (0.9, 0.9, 100))])
    assert found.image_error == pytest.approx(0.1 / 0.3)
    assert found.aupro_error == pytest.approx(0.3 / 0.5)
    assert found.time == pytest.approx(0.5)
    assert found.first_look_time == pytest.approx(40 / 160)


def test_a_product_without_masks_counts_for_images_only():
    found = ratios([row((0.9, None, 30), (0.8, None, 60)), row((0.9, 0.9, 30), (0.8, 0.8, 60))])
    assert found.image_error == pytest.approx(0.5)
    assert found.aupro_error == pytest.approx(0.5)


def test_a_faultless_rival_gives_no_ratio():
    assert ratios([row((0.9, 0.9, 30), (1.0, 1.0, 60))]).image_error is None


def test_the_table_shows_both_and_the_ratios_of_each_number_of_shots():
    rows = [row((0.9, None, 30), (0.8, None, 60)), row((0.96, None, 30), (0.9, None, 60), shots=16)]
    table = unpadded(
        markdown_table(
            Comparison(
                threads=2,
                rows=tuple(rows),
                ratios=ratios(rows),
                ratios_by_shots={4: ratios(rows[:1]), 16: ratios(rows[1:])},
            )
        )
    )
    assert "| plate | 4 | 0 | 0.900 (0.800) | - (-) | - (-) | 30 (60) | 20 |" in table
    assert "| 4 shots | 0.500 | - | - | 0.500 | 0.333 |" in table
    assert "| 16 shots | 0.400 |" in table
    assert "| all | 0.467 |" in table
