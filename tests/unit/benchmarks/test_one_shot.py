import math

import pytest

from benchmarks.one_shot import OneShotNormals, measure_category, pool
from echo_agent.evaluation.category import Category
from tests.conftest import synthetic_part
from tests.stand_in_encoder import StandInEncoder


def test_products_count_alike_and_differences_between_them_widen_the_spread():
    found = [
        OneShotNormals(name="a", pairs=132, mean=0.2, spread=0.1),
        OneShotNormals(name="b", pairs=2, mean=0.6, spread=0.3),
    ]
    together = pool(found)
    assert (together.products, together.mean) == (2, pytest.approx(0.4))
    assert together.spread == pytest.approx(math.sqrt(0.08 + 0.05))


def test_only_good_parts_are_scored_and_copies_of_the_reference_are_left_out(tmp_path):
    for name, seed in (("0", 0), ("1", 1), ("2", 2), ("copy", 0)):
        synthetic_part(seed).save(tmp_path / f"{name}.png")
    category = Category(name="plate", normals=tuple(sorted(tmp_path.glob("*.png"))), tests=())
    found = measure_category(category, StandInEncoder())
    assert found.pairs == 10
    assert math.isfinite(found.mean)
