"""What people taught is kept, told, and can be taken back from every state."""

import pytest

from echo_agent.errors import ImageError, ProductError, StoreError
from echo_agent.memory.feedback import Said, exemplars, remember, remember_all, undo
from echo_agent.memory.memory import Memory
from echo_agent.state import HumanAnswer
from tests.conftest import synthetic_part
from tests.photographs import another_part, stained


def says(memory, part, label, *, learn=True, product="plate", **options):
    image = memory.store_image(part)
    answer = HumanAnswer(action="correct", label=label, who="Ann", remember=learn)
    return remember(memory, product, image, "review", answer, **options)


def state(memory):
    return [(said.learnt, said.in_force) for said in memory.answers()]


def goods(*seeds):
    return [synthetic_part(seed) for seed in seeds]


GOOD, BAD = synthetic_part(50), stained(synthetic_part(51))


@pytest.fixture
def taught(plates):
    """Plates of which a good part, a defect and a part that is not learnt were said."""
    says(plates, GOOD, "normal", name="tray 4")
    says(plates, BAD, "defective")
    says(plates, synthetic_part(52), "normal", learn=False)
    return plates


def test_answers_tell_whether_the_memory_goes_by_them(taught):
    assert state(taught) == [("reference", True), ("exemplar", True), (None, False)]
    assert [said.name for said in taught.answers()] == ["tray 4", None, None]
    assert all(said.answer.when for said in taught.answers())
    record = taught.product("plate")
    assert (record.normals, len(record.learnt)) == (11, 1)
    assert Memory.open(taught.folder).answers() == taught.answers()


def test_a_registration_anew_keeps_what_was_learnt_unless_it_shall_be_forgotten(taught):
    taught.register("plate", goods(1, 2, 3), replace=True)
    assert taught.product("plate").normals == 4
    assert state(taught)[:2] == [("reference", True), ("exemplar", True)]
    taught.register("plate", goods(4, 5), replace=True, forget_learnt=True)
    assert (taught.product("plate").normals, taught.product("plate").learnt) == (2, ())
    assert state(taught)[:2] == [("reference", False), ("exemplar", False)]
    assert exemplars(taught, "plate") == []
    assert all(said.forgotten for said in taught.answers() if said.learnt)
    assert not any(said.undone for said in taught.answers())


def test_a_photograph_that_is_registered_itself_is_not_taken_back_with_its_answer(taught):
    taught.register("plate", [GOOD])
    assert state(taught)[0] == ("reference", False)
    undo(taught, taught.answers()[0].id)
    assert taught.product("plate").normals == 11


AFTER = {
    "learnt": lambda memory: None,
    "registered anew": lambda memory: memory.register("plate", goods(1, 2, 3), replace=True),
    "forgotten": lambda memory: memory.register("plate", goods(1), forget_learnt=True),
    "gone back": lambda memory: memory.restore("plate", 1),
    "gone back and forth": lambda memory: (memory.restore("plate", 1), memory.restore("plate", 2)),
    "removed by hand": lambda memory: memory.remove_references("plate", memory.product("plate").learnt),
    "product removed": lambda memory: memory.remove("plate"),
    "product registered again": lambda memory: (
        memory.remove("plate"),
        memory.register("plate", goods(1, 2)),
    ),
}


@pytest.mark.parametrize("after", AFTER)
def test_answers_are_taken_back_from_every_state(taught, after):
    AFTER[after](taught)
    for said in taught.answers()[::-1]:
        back = undo(taught)
        assert (back.id, back.in_force) == (said.id, False)
        assert back.undone
    with pytest.raises(StoreError, match="no standing answer"):
        undo(taught)
    if taught.products():
        record = taught.product("plate")
        assert not record.learnt
        assert taught.store_image(GOOD).sha256 not in {image.sha256 for image in record.references}
        assert taught.evidence(taught.store_image(BAD), "plate").exemplars == ()


def test_the_only_reference_is_not_taken_back_but_told(taught):
    digests = [image.sha256 for image in taught.product("plate").references]
    taught.remove_references("plate", digests[:10])
    with pytest.raises(ProductError, match="would be left without references"):
        undo(taught, taught.answers()[0].id)
    assert state(taught)[0] == ("reference", True)


def test_the_last_answer_on_a_photograph_counts(plates):
    says(plates, GOOD, "normal")
    says(plates, GOOD, "defective")
    assert state(plates) == [("reference", False), ("exemplar", True)]
    assert plates.product("plate").normals == 10
    says(plates, GOOD, "normal")
    assert state(plates) == [("reference", False), ("exemplar", False), ("reference", True)]
    says(plates, synthetic_part(0), "defective")
    assert plates.product("plate").normals == 10
    assert [record.origin for record in plates.history("plate")][-1] == "registered"


def test_several_answers_are_learnt_at_once_or_not_at_all(plates, tmp_path):
    def said(part, label, product="plate"):
        answer = HumanAnswer(action="correct", label=label, remember=True)
        return Said(product, plates.store_image(part), "review", answer)

    parts = [said(part, "normal") for part in goods(60, 61, 60, 0)] + [said(BAD, "defective")]
    kept = remember_all(plates, parts)
    assert [one.learnt for one in kept] == [None, "reference", "reference", None, "exemplar"]
    assert (plates.product("plate").version, plates.product("plate").normals) == (2, 12)
    assert plates.history("plate")[0].origin == "3 answers learnt"
    file = tmp_path / "camera.png"
    synthetic_part(70).save(file)
    answer = HumanAnswer(action="correct", label="normal", remember=True)
    overwritten = Said("plate", plates.store_image(file), "review", answer)
    another_part(1).save(file)
    before = (state(plates), plates.products())
    for wrong, message in (
        (overwritten, "was overwritten"),
        (said(GOOD, "normal", "bolt"), "unknown product 'bolt'"),
        (said(GOOD, "normal", None), "name it"),
    ):
        with pytest.raises((ImageError, ProductError), match=message):
            remember_all(plates, [said(synthetic_part(71), "normal"), wrong])
        assert (state(plates), plates.products()) == before


def test_what_was_learnt_goes_with_the_product(taught):
    taught.remove("plate")
    assert state(taught)[:2] == [("reference", False), ("exemplar", False)]
    taught.register("plate", goods(1, 2))
    assert taught.evidence(taught.store_image(BAD), "plate").exemplars == ()
