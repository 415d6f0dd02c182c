"""Regions that never count: what lies in one changes nothing, what crosses its border does."""

import numpy as np
import pytest
from PIL import ImageDraw

from echo_agent.errors import KnowledgeError
from echo_agent.images.ignored import Ignored
from echo_agent.inspector import Inspector
from tests.conftest import synthetic_part
from tests.integration.memory.parts import assert_taken_anew

LABEL = ((0.4, 0.2), (0.65, 0.2), (0.65, 0.45), (0.4, 0.45))
"""Around x 77 to 124 and y 29 to 64 of 192 x 144 pixels."""


@pytest.fixture
def plates(memory):
    memory.register("plate", [synthetic_part(seed) for seed in range(10)], ignored=Ignored(regions=(LABEL,)))
    return memory


def marked(left, top, right, bottom):
    picture = synthetic_part(50)
    ImageDraw.Draw(picture).rectangle((left, top, right, bottom), fill=(230, 20, 20))
    return picture


def seen(memory, image):
    return memory.evidence(memory.store_image(image), "plate")


def test_what_lies_wholly_inside_changes_nothing(plates):
    plain, inside = seen(plates, synthetic_part(50)), seen(plates, marked(82, 34, 118, 58))
    assert inside.score == plain.score
    assert inside.regions == plain.regions
    assert inside.ignored == pytest.approx(0.25 * 0.25, abs=0.01)


def test_what_crosses_the_border_counts(plates):
    plain, across = seen(plates, synthetic_part(50)), seen(plates, marked(100, 34, 150, 58))
    assert across.score > across.threshold > plain.score


def test_all_but_a_region_is_ignored_likewise(memory):
    memory.register("plate", [synthetic_part(seed) for seed in range(10)], ignored=Ignored(all_but=(LABEL,)))
    plain, outside = seen(memory, synthetic_part(50)), seen(memory, marked(140, 90, 170, 120))
    assert outside.score == plain.score
    assert seen(memory, marked(82, 34, 118, 58)).score > plain.score


def test_later_versions_and_finer_looks_ignore_it_as_well(plates):
    plates.add_references("plate", [synthetic_part(30)])
    images = synthetic_part(50), marked(82, 34, 118, 58)
    scores = {
        plates.evidence(plates.store_image(image), "plate", escalation_level=1).score for image in images
    }
    assert len(scores) == 1


def test_a_card_draws_what_is_ignored_and_the_verdict_says_how_much(memory, tmp_path):
    card = tmp_path / "card.yaml"
    corners = [list(corner) for corner in LABEL]
    card.write_text(
        f"schema_version: 1\nproduct: plate\nnormal: A plate with two holes.\nignore:\n- {corners}\n"
    )
    inspector = Inspector(memory)
    inspector.register("plate", [synthetic_part(seed) for seed in range(10)], knowledge=card)
    verdict = inspector.inspect(marked(82, 34, 118, 58), product="plate")
    assert verdict.label == inspector.inspect(synthetic_part(50), product="plate").label
    assert "7 % of the photograph is ignored" in " ".join(map(str, verdict.reasons)), verdict.reasons


def test_two_corners_are_no_region(memory, tmp_path):
    card = tmp_path / "card.yaml"
    card.write_text("schema_version: 1\nproduct: plate\nnormal: A plate.\nignore:\n- [[0, 0], [1, 1]]\n")
    with pytest.raises(KnowledgeError, match="ignore"):
        Inspector(memory).register("plate", [synthetic_part(1)], knowledge=card)


def test_nothing_is_painted_where_nothing_is_ignored():
    image = synthetic_part(1)
    assert Ignored().painted(image) is image
    assert np.array_equal(np.asarray(Ignored(regions=(LABEL,)).painted(image))[0], np.asarray(image)[0])


def test_a_card_says_that_a_part_lies_at_any_angle_and_later_versions_keep_it(memory, tmp_path):
    card = tmp_path / "card.yaml"
    card.write_text("schema_version: 1\nproduct: plate\nnormal: A plate.\nturns: any\n")
    turned = synthetic_part(50).rotate(90, expand=False)
    memory.register("plate", [synthetic_part(seed) for seed in range(6)])
    before = seen(memory, turned).score
    record = Inspector(memory).register("plate", [synthetic_part(6)], knowledge=card)
    assert record.any_angle
    assert seen(memory, turned).score < before
    assert memory.add_references("plate", [synthetic_part(30)]).any_angle


def test_a_defect_inside_counts_neither_for_the_likeness_nor_for_the_quality(plates):
    white = seen(plates, marked(78, 30, 123, 63))
    plain = seen(plates, synthetic_part(50))
    assert white.quality == plain.quality
    assert [match.similarity for match in white.matches] == [match.similarity for match in plain.matches]


def test_regions_are_versioned_and_come_back_with_their_version(plates):
    whole = plates.set_ignored("plate", Ignored(), "Ada")
    assert (whole.ignored, whole.origin) == (Ignored(), "regions drawn by Ada")
    assert plates.restore("plate", 1).ignored == Ignored(regions=(LABEL,))


def test_a_language_model_is_shown_what_counts_alone(plates):
    inside, plain = (plates.store_image(image) for image in (marked(82, 34, 118, 58), synthetic_part(50)))
    shown = [np.asarray(plates.pixels(plates.counted(image, "plate"))) for image in (inside, plain)]
    assert np.array_equal(*shown)
    assert plates.counted(plain, None) == plain


def test_an_embedding_that_is_taken_anew_is_of_what_counts(memory):
    parts = [synthetic_part(seed) for seed in range(3)]
    memory.register("plate", parts, ignored=Ignored(all_but=(LABEL,)))
    assert_taken_anew(memory)
