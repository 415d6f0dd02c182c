"""A memory that is opened, compared with and shared by threads, with a stand-in encoder and a real store."""

import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from echo_agent.errors import EncoderError, ImageError, StoreError
from echo_agent.memory.memory import Memory
from echo_agent.resources import open_memory
from echo_agent.settings import process_settings
from tests.conftest import synthetic_part
from tests.integration.memory.parts import GOOD, STAINED, files_below, goods, others, predicted
from tests.photographs import another_part, encoded
from tests.stand_in_encoder import StandInEncoder


def test_good_parts_look_like_their_references_and_stained_ones_do_not(plates):
    good, bad = predicted(plates, GOOD), predicted(plates, STAINED)
    assert good.score <= good.threshold < bad.score
    assert good.p_value > bad.p_value == pytest.approx(1 / 11)
    assert bad.tail_p_value < good.tail_p_value
    box = bad.regions[0].box
    assert box.left <= 100 <= box.right
    assert box.top <= 45 <= box.bottom
    assert bad.guarantee.normals == 10


def test_evidence_names_references_best_first_and_they_can_be_read(plates):
    found = predicted(plates, GOOD, shots=3)
    similarities = [reference.similarity for reference in found.references]
    assert [reference.id for reference in found.references] == ["N1", "N2", "N3"]
    assert similarities == sorted(similarities, reverse=True)
    for reference in found.references:
        with Image.open(reference.image.uri) as image:
            assert image.size == (reference.image.width, reference.image.height)
    assert len(predicted(plates, GOOD, shots=64).references) == 10


def test_finer_looks_are_other_looks_up_to_the_finest(plates):
    found = [predicted(plates, GOOD, escalation_level=escalation_level) for escalation_level in range(5)]
    assert [evidence.escalation_level for evidence in found] == [0, 1, 2, 2, 2]
    assert len({evidence.score for evidence in found}) == 3
    assert len({evidence.map_id for evidence in found}) == 3


def test_the_map_is_kept_at_any_size(plates):
    found = predicted(plates, STAINED)
    full = plates.anomaly_map(found.map_id, (192, 144))
    assert full.shape == (144, 192)
    assert full.dtype == np.float32
    row, column = np.unravel_index(full.argmax(), full.shape)
    assert abs(row - 44) < 25
    assert abs(column - 94) < 40
    assert plates.anomaly_map(found.map_id).size < full.size


@pytest.mark.parametrize("map_id", ["none", "../catalog", "..\\x", ".hidden"])
def test_a_map_that_is_not_there_is_named(plates, map_id):
    with pytest.raises(StoreError):
        plates.anomaly_map(map_id)


def test_references_that_are_exactly_alike_give_finite_evidence(memory):
    same = [encoded(synthetic_part(1), compress_level=level) for level in range(1, 6)]
    memory.register("plate", same)
    found = predicted(memory, STAINED)
    assert np.isfinite(found.score)
    assert np.isfinite(memory.anomaly_map(found.map_id, (192, 144))).all()


def test_references_may_be_of_mixed_sizes(memory):
    sizes = [(192, 144), (144, 192), (400, 300), (96, 72), (150, 150)]
    memory.register("plate", [synthetic_part(1).resize(size) for size in sizes])
    found = predicted(memory, synthetic_part(2).resize((300, 260)))
    assert found.score is not None
    assert plates_box_is_inside(found.regions, 300, 260)


def plates_box_is_inside(regions, width, height):
    return all(region.box.right <= width and region.box.bottom <= height for region in regions)


def test_the_nearest_product_is_found_and_what_is_far_from_all_is_unknown(plates):
    plates.register("stripes", others(1, 2, 3, 4))
    assert predicted(plates, GOOD, None).product == "plate"
    found = predicted(plates, another_part(9), None)
    assert found.product == "stripes"
    assert not found.product_given
    generator = np.random.default_rng(0)
    strange = predicted(plates, generator.integers(0, 255, (144, 192, 3)).astype(np.uint8), None)
    assert strange.product is None
    assert strange.score is None
    assert strange.map_id is None
    assert not any(match.resembles for match in strange.matches)


def test_a_given_product_that_the_image_does_not_resemble_is_said(plates):
    plates.register("stripes", others(1, 2, 3, 4))
    found = predicted(plates, another_part(9), "plate")
    assert found.product == "plate"
    assert found.product_given
    assert [match.product for match in found.matches] == ["stripes", "plate"]
    assert [match.resembles for match in found.matches] == [True, False]


def test_a_given_product_is_matched_however_many_nearer_references_there_are(plates):
    plates.register("stripes", others(*range(34)))
    assert "plate" in {match.product for match in predicted(plates, another_part(99), "plate").matches}


def test_a_memory_opened_again_gives_the_same_evidence(plates):
    again = Memory.open(plates.folder)
    assert again.products() == plates.products()
    assert predicted(again, STAINED) == predicted(plates, STAINED)


def test_another_encoder_is_refused_with_the_remedy(plates):
    with pytest.raises(
        EncoderError, match=r"efficientnet-lite2.*not other.*--encoder efficientnet-lite2.*new folder"
    ):
        Memory.open(plates.folder, encoder="other")
    with pytest.raises(EncoderError):
        open_memory(str(plates.folder), encoder="other")
    assert Memory.open(plates.folder, encoder="efficientnet-lite2").products() == plates.products()
    assert plates.product("plate").encoder == "efficientnet-lite2"


def test_other_features_of_the_same_encoder_are_refused_with_a_remedy_that_helps(plates, monkeypatch):
    newer = StandInEncoder("efficientnet-lite2")
    newer.id = "efficientnet-lite2/other-levels"
    monkeypatch.setattr("echo_agent.memory.memory.load_encoder", lambda name, _: newer)
    with pytest.raises(EncoderError, match=r"other features from it, so register into a new folder$"):
        Memory.open(plates.folder)


def test_a_memory_keeps_the_encoder_that_it_was_made_with(tmp_path, monkeypatch):
    made = Memory.open(tmp_path, encoder="other", create=True)
    made.register("plate", goods(1, 2))
    assert Memory.open(tmp_path).encoder.id == "other"


def test_an_encoder_of_ones_own_is_given_as_an_object(tmp_path, monkeypatch):
    def load(name, _):
        raise EncoderError(f"there is no encoder {name}")

    monkeypatch.setattr("echo_agent.memory.memory.load_encoder", load)
    own, another = StandInEncoder("own"), StandInEncoder("another")
    made = Memory.open(tmp_path / "own", encoder=own, create=True)
    beside = Memory.open(tmp_path / "another", encoder=another, create=True)
    for memory in (made, beside):
        memory.register("plate", goods(1, 2))
        assert predicted(memory, GOOD).encoder == memory.encoder.id
    assert Memory.open(tmp_path / "own", encoder=own).encoder.id == "own"
    with pytest.raises(EncoderError, match="made with the encoder own, not another"):
        Memory.open(tmp_path / "own", encoder=another)
    with pytest.raises(EncoderError, match=r"there is no encoder own.*as an object"):
        Memory.open(tmp_path / "own")


def test_the_settings_of_the_process_choose_the_encoder_of_a_new_memory_only(tmp_path, monkeypatch):
    Memory.open(tmp_path / "old", create=True).register("plate", goods(1))
    monkeypatch.setenv("ECHO_ENCODER", "other")
    process_settings.cache_clear()
    assert open_memory(str(tmp_path / "new"), create=True).encoder.id == "other"
    assert open_memory(str(tmp_path / "old"), create=True).encoder.id == "efficientnet-lite2"


def test_a_folder_without_a_memory_says_how_to_make_one(tmp_path):
    with pytest.raises(StoreError, match=r"holds no memory.*register"):
        Memory.open(tmp_path / "none")
    assert not (tmp_path / "none").exists()


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="file"):
        Memory.open(tmp_path / "file" / "memory", create=True)


def test_a_memory_is_opened_once_a_process(plates):
    opened = open_memory(str(plates.folder))
    assert open_memory(str(plates.folder), encoder="efficientnet-lite2") is opened
    with ThreadPoolExecutor(4) as threads:
        assert set(threads.map(open_memory, [str(plates.folder)] * 8)) == {opened}


def test_a_memory_whose_folder_was_deleted_starts_afresh(tmp_path):
    folder = tmp_path / "memory"
    open_memory(str(folder), create=True).register("plate", goods(1, 2))
    shutil.rmtree(folder)
    with pytest.raises(StoreError, match="holds no memory"):
        open_memory(str(folder))
    fresh = open_memory(str(folder), create=True)
    assert fresh.products() == []
    fresh.register("stripes", others(1, 2))
    assert predicted(fresh, another_part(3), None).product == "stripes"


def test_images_put_aside_are_kept_once_under_their_digest(memory, tmp_path):
    file = tmp_path / "part.png"
    GOOD.save(file)
    first, again = memory.store_image(GOOD), memory.store_image(np.asarray(GOOD))
    assert first == again
    assert (first.width, first.height) == GOOD.size
    assert memory.store_image(file).uri == str(file)
    assert len(files_below(memory.folder, "images")) == 1
    from_bytes = memory.store_image(file.read_bytes())
    assert Path(from_bytes.uri).read_bytes() == file.read_bytes()


def test_a_photograph_that_is_overwritten_after_it_was_put_aside_is_judged_as_it_was(plates, tmp_path):
    file = tmp_path / "camera.png"
    STAINED.save(file)
    expected = predicted(plates, STAINED).score
    plates.forget()
    taken = plates.store_image(file)
    GOOD.save(file)
    assert plates.evidence(taken, "plate").score == pytest.approx(expected)


@pytest.mark.parametrize("image", [Image.new("RGB", (0, 4)), Image.new("1", (20_000, 9_000))])
def test_pictures_that_cannot_be_judged_are_an_image_error_and_leave_nothing(memory, image):
    with pytest.raises(ImageError):
        memory.store_image(image)
    assert not files_below(memory.folder, "images")


def test_a_cut_off_picture_that_pillow_opened_is_an_image_error(memory, tmp_path):
    file = tmp_path / "cut.png"
    file.write_bytes(encoded(GOOD)[:3000])
    with Image.open(file) as lazy, pytest.raises(ImageError):
        memory.store_image(lazy)


def test_progress_counts_up_to_its_total(memory):
    told = []
    memory.register("plate", goods(1, 2), progress=lambda done, total: told.append((done, total)))
    assert told == [(done, len(told)) for done in range(1, len(told) + 1)]


def test_threads_inspect_at_once_while_another_registers(plates):
    images = [plates.store_image(part) for part in (*goods(70, 71), STAINED)]
    expected = [plates.evidence(image, "plate").score for image in images]

    def register():
        for seed in range(3):
            plates.register("stripes", others(seed, seed + 1))

    with ThreadPoolExecutor(5) as threads:
        writing = threads.submit(register)
        rounds = [[threads.submit(plates.evidence, image, "plate") for image in images] for _ in range(8)]
        found = [[future.result().score for future in futures] for futures in rounds]
        writing.result()
    assert found == [expected] * 8
    assert plates.product("stripes").version == 3


def test_a_product_replaced_while_it_is_compared_is_compared_in_one_of_its_versions(plates):
    beside = Memory.open(plates.folder)
    image = plates.store_image(STAINED)
    encode = beside.encoder.encode

    def replace_meanwhile(images, *, scale=1.0):
        beside.encoder.encode = encode
        plates.register("plate", goods(30, 31, 32), replace=True)
        return encode(images, scale=scale)

    beside.encoder.encode = replace_meanwhile
    found = beside.evidence(image, "plate")
    assert found.memory_version == 2
    assert found.references
