"""Tiles: a card asks for them, versions and bundles keep them, and the promise holds for both looks together."""

import numpy as np
import pytest

from echo_agent.inspector import Inspector
from echo_agent.memory.answers import human_answer
from echo_agent.memory.bundle import read_bundle, write_bundle
from echo_agent.memory.calibration import conformal_p_value, threshold
from echo_agent.memory.catalog import open_database
from echo_agent.memory.feedback import remember
from echo_agent.memory.joint_scores import join_tiles, joined_normals
from echo_agent.memory.normal_model import Resolution
from echo_agent.memory.working_resolutions import FIRST, TILES
from echo_agent.report.table import product_table
from echo_agent.report.words import registered
from echo_agent.runs.replay import replay
from echo_agent.vision.feature_layers import Prediction
from tests.conftest import synthetic_part

TILED = "schema_version: 1\nproduct: plate\nnormal: A plate with two holes.\ntiles: 64\n"


def test_a_card_asks_for_tiles_and_later_versions_bundles_and_replays_keep_them(memory, tmp_path):
    card = tmp_path / "card.yaml"
    card.write_text(TILED)
    inspector = Inspector(memory)
    record = inspector.register("plate", [synthetic_part(seed) for seed in range(10)], knowledge=card)
    assert record.tiles == 64
    assert "tiles of 64 px" in registered(record, tmp_path)
    assert "tiles of 64 px" in product_table([record])
    assert memory.add_references("plate", [synthetic_part(30)]).tiles == 64
    photograph = tmp_path / "part.png"
    synthetic_part(50, defect=True).save(photograph)
    verdict = inspector.inspect(photograph, product="plate")
    assert verdict.label == "defective"
    (found,) = memory.inspections.newest(1)
    assert replay(memory.folder, found.id).same

    bundle, other = tmp_path / "plate.echo", tmp_path / "other"
    write_bundle(open_database(memory.folder), "plate", bundle)
    read_bundle(bundle, other)
    there = Inspector.open(other, create=False)
    assert there.memory.product("plate").tiles == 64
    assert there.inspect(photograph, product="plate").score == pytest.approx(verdict.score)

    card.write_text(TILED.replace("tiles: 64\n", ""))
    untiled = inspector.register("plate", [synthetic_part(40)], knowledge=card)
    assert untiled.tiles is None
    tiled = memory.restore("plate", record.version)
    assert tiled.tiles == 64
    assert memory.restore("plate", untiled.version).tiles is None


def test_a_single_reference_in_tiles_gives_no_threshold_and_a_score(memory):
    memory.register("plate", [synthetic_part(1)], tiles=64)
    seen = memory.evidence(memory.store_image(synthetic_part(2)), "plate")
    assert seen.threshold is None
    assert seen.score > 0


def test_thresholds_and_confirmed_parts_are_on_the_scale_of_an_inspection_in_tiles(memory):
    memory.register("plate", [synthetic_part(seed) for seed in range(6)], tiles=64)
    image = memory.store_image(synthetic_part(50, defect=True))
    seen, normals = memory.evidence(image, "plate"), memory.normal_scores("plate")
    assert threshold(normals, 0.1) == pytest.approx(seen.threshold)
    assert conformal_p_value(seen.score, normals) == pytest.approx(seen.p_value)
    answer = human_answer(action="correct", label="defective", remember=True)
    remember(memory, "plate", image, "defective", answer)
    assert memory.confirmed_scores("plate")["defective"] == (pytest.approx(seen.score),)


def test_the_promise_is_kept_for_the_look_that_stands_out_more():
    """Of good parts no more are above the threshold than it promises, however many looks are joined."""
    generator, above = np.random.default_rng(3), []
    for _ in range(400):
        scores = np.exp(generator.normal(0, [[0.1], [0.3]], (2, 17)))
        looks = [
            Resolution((), 1.0, 1.0, tuple(map(float, row[:16])), tuple(range(16)), ()) for row in scores
        ]
        working = (*TILES, *FIRST[:1])
        part, flat = [Prediction(float(row[16]), np.zeros((4, 4), np.float32)) for row in scores], 0.1
        joined = join_tiles(part[1], part[0], looks, working)
        above.append(joined.score > threshold(joined_normals(looks, working), flat))
    assert 0.02 < np.mean(above) < 0.09
