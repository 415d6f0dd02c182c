"""Regions that are drawn on one reference and move with the part: what lies in one changes nothing."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from echo_agent.errors import KnowledgeError, ProductError
from echo_agent.files import digest_of
from echo_agent.images.ignored import Ignored
from echo_agent.inspector import Inspector
from echo_agent.memory.memory import Memory
from tests.conftest import synthetic_part
from tests.integration.memory.parts import assert_taken_anew

pytestmark = pytest.mark.second_encoder

LABEL = (0.4, 0.2, 0.65, 0.45)
CORNERS = ((0.4, 0.2), (0.65, 0.2), (0.65, 0.45), (0.4, 0.45))


@pytest.fixture(autouse=True)
def encoders():
    """The real encoders: the places of a part are found by what they see."""


def moved(picture, motion):
    across, down, turn = motion
    ground = tuple(int(value) for value in np.asarray(picture)[0, 0])
    return picture.rotate(turn, resample=Image.Resampling.BICUBIC, translate=(across, down), fillcolor=ground)


def marked(seed, box, colour, motion):
    """A part with a mark at a box, in shares of its width and height, photographed where it lies."""
    picture = synthetic_part(seed)
    left, top, right, bottom = box
    corners = left * picture.width, top * picture.height, right * picture.width, bottom * picture.height
    ImageDraw.Draw(picture).rectangle(corners, fill=colour)
    return moved(picture, motion)


PLATE = ((0.06, 0.08), (0.94, 0.08), (0.94, 0.92), (0.06, 0.92))


@pytest.fixture(scope="module", params=["ignore", "inspect only"])
def inspector(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("carried")
    files = []
    for seed, motion in enumerate([(0, 0, 0), (4, -3, 2), (-4, 2, -2), (2, 4, 1), (-3, -3, 3)]):
        files.append(folder / f"{seed}.png")
        moved(synthetic_part(seed), motion).save(files[-1])
    shape = {"all_but": (PLATE,)} if request.param == "inspect only" else {}
    ignored = Ignored(regions=(CORNERS,), **shape, drawn_on=digest_of(files[0]))
    memory = Memory.open(folder / "memory", create=True)
    memory.register("plate", files, ignored=ignored)
    return Inspector(memory, record=False)


def seen(inspector, picture):
    verdict = inspector.inspect(picture, product="plate")
    return verdict.label, verdict.score, [str(reason) for reason in verdict.reasons], verdict.evidence.quality


MOTIONS = st.tuples(st.integers(-6, 6), st.integers(-5, 5), st.floats(-4, 4))


@settings(max_examples=5, suppress_health_check=[*HealthCheck])
@given(
    motion=MOTIONS,
    place=st.tuples(st.floats(0.03, 0.4), st.floats(0.04, 0.4)),
    size=st.tuples(st.floats(0.1, 0.55), st.floats(0.1, 0.5)),
    colour=st.sampled_from(["red", "black", "white", "blue"]),
)
def test_a_defect_inside_changes_nothing_wherever_the_part_lies(inspector, motion, place, size, colour):
    left, top, right, bottom = LABEL
    wide, high = right - left, bottom - top
    start = left + place[0] * wide + 0.02, top + place[1] * high + 0.02
    box = (*start, start[0] + (size[0] - 0.1) * wide, start[1] + (size[1] - 0.1) * high)
    assert box[2] < right - 0.01
    assert box[3] < bottom - 0.01
    assert seen(inspector, marked(50, box, colour, motion)) == seen(
        inspector, moved(synthetic_part(50), motion)
    )


@settings(max_examples=3, suppress_health_check=[*HealthCheck])
@given(motion=MOTIONS, beyond=st.floats(0.05, 0.1))
def test_a_defect_that_crosses_the_border_counts(inspector, motion, beyond):
    box = (LABEL[2] - 0.08, 0.28, LABEL[2] + beyond, 0.4)
    plain, across = (
        inspector.inspect(picture, product="plate")
        for picture in (moved(synthetic_part(50), motion), marked(50, box, "red", motion))
    )
    assert across.score > max(across.threshold, plain.score)
    assert across.label != "normal"


def test_how_much_is_ignored_is_told(inspector):
    verdict = inspector.inspect(moved(synthetic_part(51), (3, 2, 1)), product="plate")
    share = verdict.evidence.ignored
    assert 0.05 < share < 0.4
    assert f"{100 * share:.0f} % of the photograph is ignored" in " ".join(map(str, verdict.reasons))


def test_a_photograph_that_the_regions_cannot_be_carried_to_is_for_a_person(inspector):
    verdict = inspector.inspect(synthetic_part(52).rotate(90), product="plate")
    assert verdict.label == "review"
    assert "cannot be laid on the photograph that the regions" in " ".join(verdict.evidence.quality.findings)


def test_a_card_names_the_reference_that_its_regions_are_drawn_on(memory, tmp_path, monkeypatch):
    monkeypatch.setenv("ECHO_SECOND_ENCODER", "none")
    files = [tmp_path / f"{seed}.png" for seed in range(4)]
    for seed, file in enumerate(files):
        synthetic_part(seed).save(file)
    corners = [list(corner) for corner in CORNERS]
    card = tmp_path / "card.yaml"
    text = f"schema_version: 1\nproduct: plate\nnormal: A plate.\nignore:\n- {corners}\ndrawn_on: 1.png\n"
    card.write_text(text)
    record = Inspector(memory).register("plate", files, knowledge=card)
    assert record.ignored.drawn_on == record.references[1].sha256
    with pytest.raises(ProductError, match="is none of the references"):
        Inspector(memory).register("plate", files[2:], knowledge=card, replace=True)
    card.write_text(text.replace("1.png", "../1.png"))
    with pytest.raises(KnowledgeError, match="beside the card"):
        Inspector(memory).register("plate", files, knowledge=card)


def test_an_embedding_that_is_taken_anew_is_of_what_counts(inspector):
    assert_taken_anew(inspector.memory)
