"""Which inspections wait for a person, and what a memory's folder keeps."""

import os
import time

import numpy as np
import pytest
from PIL import Image

from echo_agent.images.stored import store_image
from echo_agent.memory.answers import Feedback, change_answers, now
from echo_agent.memory.evidence import save_map
from echo_agent.memory.inspections import inspections, record_inspection, waiting
from echo_agent.memory.retention import Limits, tidy
from echo_agent.settings import Settings
from echo_agent.state import HumanAnswer
from tests.verdicts import a_verdict


def an_image(folder, shade):
    return store_image(Image.new("RGB", (8, 8), (shade, 0, 0)), folder / "images")


def says(folder, image, label="defective", **changes):
    said = Feedback(
        id="a1",
        product="plate",
        image=image,
        proposed="defective",
        answer=HumanAnswer(action="correct", label=label, when=now()),
        **changes,
    )
    change_answers(folder, lambda known: [*known, said])
    return said


def test_a_review_waits_until_it_is_answered_and_again_when_the_answer_is_taken_back(tmp_path):
    image = an_image(tmp_path, 1)
    record_inspection(tmp_path, an_image(tmp_path, 2), a_verdict("defective"))
    record_inspection(tmp_path, image, a_verdict("review"))
    assert [record.image for record in waiting(tmp_path)] == [image]
    said = says(tmp_path, image)
    assert waiting(tmp_path) == []
    change_answers(tmp_path, lambda _: [said.model_copy(update={"undone": now()})])
    assert [record.image for record in waiting(tmp_path)] == [image]


def test_of_a_photograph_the_last_inspection_counts(tmp_path):
    image = an_image(tmp_path, 1)
    record_inspection(tmp_path, image, a_verdict("review"))
    record_inspection(tmp_path, image, a_verdict("normal"))
    assert waiting(tmp_path) == []
    assert [record.verdict.label for record in inspections(tmp_path)] == ["normal", "review"]


@pytest.mark.parametrize("old", [True, False])
def test_the_oldest_go_beyond_the_limit_but_never_what_is_needed_or_new(tmp_path, old):
    images = [an_image(tmp_path, shade) for shade in range(15)]
    for number, image in enumerate(images):
        save_map(tmp_path / "maps", f"m{number}", np.zeros((2, 2), np.float32))
        verdict = a_verdict("review" if number == 0 else "normal", map_id=f"m{number}")
        record_inspection(tmp_path, image, verdict)
    says(tmp_path, images[1], learnt="exemplar")
    hours_ago = time.time() - 3 * 3600
    for number in range(15):
        for file in (tmp_path / "maps" / f"m{number}.npy", images[number].uri):
            os.utime(file, (hours_ago + number, hours_ago + number))
    for place, record in enumerate(sorted((tmp_path / "inspections").iterdir())):
        os.utime(record, (hours_ago + place, hours_ago + place))
    if not old:
        for file in tmp_path.rglob("*.*"):
            os.utime(file)
    tidy(tmp_path, Limits(10, 10, 10))
    maps = {file.stem for file in (tmp_path / "maps").iterdir()}
    kept = {file.name for file in (tmp_path / "images").iterdir()}
    if old:
        assert maps == {"m0", *(f"m{number}" for number in range(5, 15))}
        assert {number for number, image in enumerate(images) if os.path.basename(image.uri) in kept} == {
            0, 1, *range(5, 15)
        }  # fmt: skip
        assert len(inspections(tmp_path)) == 11
        assert [record.image for record in waiting(tmp_path)] == [images[0]]
    else:
        assert (len(maps), len(kept), len(inspections(tmp_path))) == (15, 15, 15)


def test_the_limits_are_those_of_the_settings_where_none_are_given():
    given = Settings()
    assert Limits() == Limits(given.kept_inspections, given.kept_maps, given.kept_images)


def test_a_map_that_cannot_be_finished_leaves_the_one_before(tmp_path, monkeypatch):
    save_map(tmp_path, "m", np.ones((2, 2), np.float32))
    before = (tmp_path / "m.npy").read_bytes()

    def stopped(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("echo_agent.memory.evidence.np.save", stopped)
    with pytest.raises(KeyboardInterrupt):
        save_map(tmp_path, "m", np.zeros((2, 2), np.float32))
    assert (tmp_path / "m.npy").read_bytes() == before
