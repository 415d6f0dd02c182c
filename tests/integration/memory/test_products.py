"""Registering products, changing, replacing, restoring and removing them, with a stand-in encoder and a real store."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from echo_agent.errors import EchoError, KnowledgeError, ProductError, StoreError
from echo_agent.memory.memory import Memory
from tests.conftest import synthetic_part
from tests.integration.memory.parts import GOOD, STAINED, files_below, goods, predicted
from tests.photographs import encoded, stained


def test_one_normal_registers_uncalibrated(memory):
    record = memory.register("plate", goods(1))
    assert record.normals == 1
    assert record.guarantee.expected_false_reject is None
    found = predicted(memory, GOOD)
    assert found.score > 0
    assert (found.threshold, found.p_value, found.tail_p_value) == (None, None, None)


def test_one_image_may_be_given_without_a_list(memory, tmp_path):
    file = tmp_path / "one.png"
    synthetic_part(1).save(file)
    for image in (synthetic_part(1), np.asarray(synthetic_part(1)), encoded(synthetic_part(1))):
        assert memory.register("plate", image, replace=True).normals == 1
    several = np.stack([np.asarray(part) for part in goods(1, 2)])
    assert memory.register("plate", several, replace=True).normals == 2


def test_equal_images_count_once(memory):
    assert memory.register("plate", goods(1, 2, 1)).normals == 2
    assert memory.register("plate", goods(1, 1, 2, 3), shots=3, replace=True).normals == 3
    assert memory.register("plate", goods(3, 4)).normals == 4


@pytest.mark.parametrize(
    ("images", "options", "message"),
    [
        ([], {}, "at least one"),
        (goods(1), {"shots": 0}, "at least 1"),
        ([synthetic_part(1), b"no image"], {}, "not an image"),
        ([object()], {}, "object is no image"),
    ],
)
def test_what_cannot_be_registered_leaves_nothing(memory, images, options, message):
    with pytest.raises(EchoError, match=message):
        memory.register("plate", images, **options)
    assert memory.products() == []
    assert not list(memory.folder.glob("products/*"))


@pytest.mark.parametrize("fault", [StoreError("the index is full"), OSError(28, "No space left on device")])
def test_a_first_registration_that_fails_says_why_and_leaves_nothing(memory, monkeypatch, fault):
    def fails(*_, **__):
        raise fault

    with monkeypatch.context() as patch:
        patch.setattr("echo_agent.memory.store.add_version", fails)
        with pytest.raises(StoreError, match=r"full|No space"):
            memory.register("plate", [encoded(part) for part in goods(1, 2)])
    assert not list(memory.folder.glob("products/*"))
    assert not files_below(memory.folder, "images")
    assert not list(memory.folder.glob("memory.sqlite3*"))
    assert memory.register("plate", goods(1, 2)).version == 1


def test_a_card_is_kept_until_another_comes_and_a_missing_one_is_named(memory, tmp_path):
    card = tmp_path / "plate.yaml"
    card.write_text("first")
    memory.register("plate", goods(1), knowledge=card)
    card.write_text("changed since")
    assert memory.card("plate").read_text() == "first"
    memory.add_references("plate", goods(2))
    assert memory.card("plate").read_text() == "first"
    with pytest.raises(KnowledgeError, match=r"none\.yaml"):
        memory.register("plate", goods(1), knowledge=tmp_path / "none.yaml")
    memory.register("plate", goods(1), knowledge=card)
    assert memory.card("plate").read_text() == "changed since"
    assert memory.register("bare", goods(1)).card is None


def test_each_change_of_the_references_raises_the_version(plates):
    more = plates.add_references("plate", goods(20, 21, 1))
    assert (more.version, more.normals) == (2, 12)
    assert predicted(plates, GOOD).memory_version == 2
    assert predicted(plates, GOOD).guarantee.normals == 12
    digests = [reference.sha256 for reference in more.references[:5]]
    fewer = plates.remove_references("plate", digests)
    assert (fewer.version, fewer.normals) == (3, 7)
    assert not {reference.sha256 for reference in fewer.references} & set(digests)
    assert plates.register("plate", goods(1, 2), replace=True).version == 4
    assert [record.version for record in plates.products()] == [4]


def test_references_that_cannot_be_removed_are_named(plates):
    record = plates.product("plate")
    with pytest.raises(ProductError, match="no reference 123"):
        plates.remove_references("plate", ["123"])
    with pytest.raises(ProductError, match="remove the product"):
        plates.remove_references("plate", [reference.sha256 for reference in record.references])
    assert plates.product("plate") == record


def test_unknown_products_are_named_with_those_that_there_are(plates):
    image = plates.store_image(GOOD)
    for act in (
        lambda: plates.product("bolt"),
        lambda: plates.remove("bolt"),
        lambda: plates.add_references("bolt", goods(1)),
        lambda: plates.evidence(image, "bolt"),
        lambda: plates.card("bolt"),
    ):
        with pytest.raises(ProductError, match=r"'bolt'.*plate"):
            act()


def test_an_empty_memory_says_that_it_has_no_products(memory):
    assert (memory.products(), memory.answers(), memory.inspections.newest()) == ([], [], [])
    assert memory.inspections.waiting() == []
    with pytest.raises(ProductError, match="no products"):
        predicted(memory, GOOD)


def test_replaced_versions_leave_no_folder_but_their_photographs(plates):
    before = {Path(name).stem for name in files_below(plates.folder, "images")}
    plates.register("plate", goods(3, 4, 60), replace=True)
    assert [folder.name for folder in (plates.folder / "products").iterdir()] == [plates.product("plate").key]
    now = {Path(name).stem for name in files_below(plates.folder, "images")}
    assert now == before | {reference.sha256 for reference in plates.product("plate").references}


def test_a_registered_product_is_added_to_and_every_version_can_be_gone_back_to(plates):
    expected = predicted(plates, STAINED).score
    plates.register("plate", goods(3, 60))
    assert plates.product("plate").normals == 11
    plates.register("plate", goods(61, 62), replace=True)
    assert predicted(plates, STAINED).score != expected
    told = [(record.version, record.normals, record.origin) for record in plates.history("plate")]
    assert told == [
        (3, 2, "replaced by 2 photographs"),
        (2, 11, "added 1 photograph, 1 known before"),
        (1, 10, "registered"),
    ]
    back = plates.restore("plate", 1)
    assert (back.version, back.normals, back.origin) == (4, 10, "version 1 restored")
    assert predicted(plates, STAINED).score == expected
    assert [record.version for record in plates.history("plate")] == [4, 3, 2, 1]
    with pytest.raises(ProductError, match=r"plate has no version 9 \(there are 1, 2, 3, 4\)"):
        plates.restore("plate", 9)
    with pytest.raises(ProductError, match="unknown product 'bolt'"):
        plates.history("bolt")


def test_a_version_is_restored_with_its_knowledge_card(memory, tmp_path):
    card = tmp_path / "card.yaml"
    for text in ("first", "second"):
        card.write_text(text)
        memory.register("plate", goods(1), knowledge=card)
    memory.restore("plate", 1)
    assert memory.card("plate").read_text() == "first"
    assert len(list(memory.folder.glob("knowledge/*"))) == 2
    memory.remove("plate")
    assert not list(memory.folder.glob("knowledge/*"))


def test_a_removed_product_takes_its_images_along_but_those_of_others(plates):
    plates.register("twin", goods(0, 1))
    plates.remove("plate")
    assert [record.name for record in plates.products()] == ["twin"]
    assert len(files_below(plates.folder, "images")) == 2
    assert predicted(plates, GOOD, "twin").references
    plates.remove("twin")
    assert files_below(plates.folder, "images") == [f"images/{plates.store_image(GOOD).sha256}.png"]
    assert not list((plates.folder / "products").iterdir())


def test_a_photograph_that_was_registered_from_a_file_is_not_removed_itself(memory, tmp_path):
    file = tmp_path / "mine.png"
    synthetic_part(1).save(file)
    memory.register("plate", [file])
    memory.remove("plate")
    assert file.exists()


def test_a_product_registered_anew_after_removal_forgets_the_old_one_everywhere(plates):
    beside = Memory.open(plates.folder)
    before = predicted(beside, STAINED).score
    plates.remove("plate")
    again = plates.register("plate", [stained(synthetic_part(seed)) for seed in range(5)])
    assert (again.version, len(plates.history("plate"))) == (1, 1)
    after = predicted(beside, STAINED)
    assert after.score < before
    assert after.score == predicted(Memory.open(plates.folder), STAINED).score


def test_references_added_at_once_by_two_are_all_kept(plates):
    beside = Memory.open(plates.folder)
    with ThreadPoolExecutor(2) as threads:
        one = threads.submit(plates.add_references, "plate", goods(80))
        other = threads.submit(beside.add_references, "plate", goods(81))
        one.result(), other.result()
    assert plates.product("plate").normals == 12
    assert plates.product("plate").version == 3


def test_what_should_be_no_reference_is_named_before_the_product_stands(plates, tmp_path, caplog):
    files = [tmp_path / f"{number}.png" for number in range(10)]
    for number, file in enumerate(files[:8]):
        synthetic_part(number).save(file)
    Image.new("RGB", (192, 144), (3, 3, 3)).save(files[8])
    stained(synthetic_part(20)).save(files[9])
    synthetic_part(1).save(tmp_path / "again.bmp")
    told = []

    def tell(remark):
        assert "fresh" not in [record.name for record in plates.products()]
        told.append(remark)

    plates.register("fresh", [*files, tmp_path / "again.bmp"], tell=tell)
    assert [remark.split(":")[0].split(" (")[0] for remark in told] == [
        f"{files[8]} is nearly black",
        f"{tmp_path / 'again.bmp'} is the same picture as {files[1]}",
        f"{files[9]} is unlike the others",
    ]
    plates.register("fresh", [synthetic_part(60)])
    assert caplog.messages == []


def test_a_fault_of_whoever_is_told_the_progress_is_none_of_the_memory(memory):
    def gone(*_):
        raise BrokenPipeError(32, "Broken pipe")

    with pytest.raises(BrokenPipeError):
        memory.register("plate", [synthetic_part(seed) for seed in range(2)], progress=gone)
    assert not list(memory.folder.glob(".staged-*"))


def test_tiles_are_advised_where_there_are_none_alone(memory):
    large, told = synthetic_part(1, size=(1100, 1100)), []
    memory.register("plate", [large], tiles=512, tell=told.append)
    assert memory.register("plate", [large], replace=True, tell=told.append).tiles == 512
    assert not any("--tiles" in one for one in told)
    memory.register("plate", [large], tiles=0, tell=told.append)
    assert sum("--tiles" in one for one in told) == 1


@pytest.mark.parametrize("side", [True, 5, -256])
def test_tiles_that_are_too_small_are_refused_at_once(memory, side):
    with pytest.raises(ProductError, match="32 or more"):
        memory.register("plate", goods(1), tiles=side)
    assert memory.products() == []


@pytest.mark.parametrize("name", ["Plate", "PLATE", "plate "])
def test_a_slip_of_the_pen_makes_no_second_product(plates, name):
    added = [synthetic_part(60)]
    if name.strip() != "plate":
        with pytest.raises(ProductError, match="is registered as 'plate'"):
            plates.register(name, added)
    else:
        assert plates.register(name, added).version == 2
    assert [record.name for record in plates.products()] == ["plate"]
