"""Which inspections wait for a person, and what a memory's folder keeps."""

import os
import time
import tracemalloc
from datetime import UTC, datetime

import numpy as np
import pytest
from PIL import Image

from echo_agent.images.stored import store_image
from echo_agent.memory import inspections as inspections_module
from echo_agent.memory.answers import Feedback, add_answer, now, take_answer_back
from echo_agent.memory.database import Database
from echo_agent.memory.evidence import save_map
from echo_agent.memory.inspections import Inspections
from echo_agent.memory.retention import Limits, tidy
from echo_agent.settings import Settings
from echo_agent.state import HumanAnswer
from tests.verdicts import a_verdict


@pytest.fixture
def database(tmp_path):
    return Database(tmp_path)


@pytest.fixture
def inspections(database):
    return Inspections(database)


def an_image(folder, shade):
    return store_image(Image.new("RGB", (8, 8), (shade, 0, 0)), folder / "images")


def says(database, image, label="defective", **changes):
    said = Feedback(
        id="a1",
        product="plate",
        image=image,
        proposed="defective",
        answer=HumanAnswer(action="correct", label=label, when=now()),
        **changes,
    )
    with database.writing() as connection:
        add_answer(connection, database.folder, said)


def test_a_review_waits_until_it_is_answered_and_again_when_the_answer_is_taken_back(
    tmp_path, database, inspections
):
    image = an_image(tmp_path, 1)
    inspections.add(an_image(tmp_path, 2), a_verdict("defective"))
    inspections.add(image, a_verdict("review"), "tray 4, part 2")
    assert [(record.image, record.name) for record in inspections.waiting()] == [(image, "tray 4, part 2")]
    says(database, image)
    assert inspections.waiting() == []
    with database.writing() as connection:
        take_answer_back(connection, "a1")
    assert [record.image for record in inspections.waiting()] == [image]


def test_of_a_photograph_the_last_inspection_counts(tmp_path, inspections):
    image = an_image(tmp_path, 1)
    inspections.add(image, a_verdict("review"))
    inspections.add(image, a_verdict("normal"))
    assert inspections.waiting() == []
    assert [record.verdict.label for record in inspections.newest()] == ["normal", "review"]
    assert [record.verdict.label for record in inspections.newest(1)] == ["normal"]
    newest, oldest = inspections.newest()
    assert newest.id > oldest.id


@pytest.mark.parametrize("old", [True, False])
def test_the_oldest_go_beyond_the_limit_but_never_what_is_needed_or_new(
    tmp_path, monkeypatch, database, inspections, old
):
    hours_ago = time.time() - 3 * 3600
    if old:
        then = datetime.fromtimestamp(hours_ago, UTC).isoformat(timespec="seconds")
        monkeypatch.setattr(inspections_module, "now", lambda: then)
    images = [an_image(tmp_path, shade) for shade in range(15)]
    for number, image in enumerate(images):
        save_map(tmp_path / "maps", f"m{number}", np.zeros((2, 2), np.float32))
        verdict = a_verdict("review" if number == 0 else "normal", map_id=f"m{number}")
        inspections.add(image, verdict)
    says(database, images[1], learnt="exemplar")
    for number in range(15):
        for file in (tmp_path / "maps" / f"m{number}.npy", images[number].uri):
            os.utime(file, (hours_ago + number, hours_ago + number))
    if not old:
        for file in tmp_path.rglob("*.*"):
            os.utime(file)
    tidy(database, Limits(10, 10, 10))
    maps = {file.stem for file in (tmp_path / "maps").iterdir()}
    kept = {file.name for file in (tmp_path / "images").iterdir()}
    if old:
        assert maps == {"m0", *(f"m{number}" for number in range(5, 15))}
        assert {number for number, image in enumerate(images) if os.path.basename(image.uri) in kept} == {
            0, 1, *range(5, 15)
        }  # fmt: skip
        assert [record.image for record in inspections.newest()] == [*images[:4:-1], images[0]]
        assert [record.image for record in inspections.waiting()] == [images[0]]
    else:
        assert (len(maps), len(kept), len(inspections.newest())) == (15, 15, 15)


def test_tidying_takes_no_more_memory_the_more_parts_wait(tmp_path, database, inspections):
    image = an_image(tmp_path, 1)
    for number in range(300):
        inspections.add(image.model_copy(update={"sha256": f"{number:064x}"}), a_verdict("review"))
    assert inspections.count_waiting() == 300
    tidy(database, Limits(10, 10, 10))
    tracemalloc.start()
    tidy(database, Limits(10, 10, 10))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 100_000


def test_where_a_record_says_nothing_of_its_files_its_photograph_stays_and_the_others_go(
    tmp_path, database, inspections
):
    image, other = an_image(tmp_path, 1), an_image(tmp_path, 2)
    inspections.add(image, a_verdict("review"))
    for damaged in ("{}", "{", ""):
        with database.writing() as connection:
            connection.execute("UPDATE inspection SET record = ?", (damaged,))
        for file in (image, other):
            if os.path.exists(file.uri):
                os.utime(file.uri, (0, 0))
        tidy(database, Limits(0, 0, 0))
        assert (os.path.exists(image.uri), os.path.exists(other.uri)) == (True, False)


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
