"""A memory of which something is missing or damaged: what can be judged is judged, all else is one sentence."""

from pathlib import Path

import pytest

from echo_agent.errors import StoreError
from echo_agent.images.placeholder import placeholder
from echo_agent.images.stored import load_stored
from echo_agent.inspector import Inspector
from echo_agent.memory.feedback import remember
from echo_agent.memory.memory import Memory
from echo_agent.report.entry import Entry
from echo_agent.state import HumanAnswer
from echo_agent.ui.controller import Controller
from tests.conftest import synthetic_part
from tests.photographs import encoded, stained

WAYS = {
    "empty": lambda file, _: file.write_bytes(b""),
    "cut": lambda file, _: file.write_bytes(file.read_bytes()[: file.stat().st_size // 2]),
    "flipped": lambda file, _: file.write_bytes(flipped(file.read_bytes())),
    "gone": lambda file, _: file.unlink(),
    "a folder": lambda file, _: (file.unlink(), file.mkdir()),
    "not UTF-8": lambda file, _: file.write_bytes(b"\xff\xfe" * 600),
    "another's": lambda file, other: file.write_bytes(other.read_bytes()),
    "unreadable": lambda file, _: (file.unlink(), file.symlink_to(file.name)),
}


def flipped(data):
    middle = len(data) // 2
    return data[:middle] + bytes([data[middle] ^ 0xFF]) + data[middle + 1 :]


@pytest.fixture
def two(plates):
    """A memory of two products with a confirmed defect, all of it looked at on all levels."""
    plates.register("disc", [synthetic_part(seed) for seed in range(30, 34)])
    image = plates.store_image(encoded(stained(synthetic_part(51))))
    answer = HumanAnswer(action="correct", label="defective", remember=True)
    remember(plates, "plate", image, "review", answer)
    for name in ("plate", "disc"):
        look(plates, name)
    return plates


def look(memory, product="plate", level=2):
    return memory.evidence(memory.store_image(synthetic_part(50)), product, escalation_level=level)


def file_of(memory, product, name):
    return memory.folder / memory.product(product).folder / name


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", ["resolution-0.npz", "quality.json"])
def test_a_damaged_bank_is_one_sentence_with_the_doctor_as_remedy(two, name, way):
    WAYS[way](file_of(two, "plate", name), file_of(two, "disc", name))
    with pytest.raises(
        StoreError, match=rf"{name} of plate cannot be read .*: echo-agent doctor --memory"
    ) as told:
        look(Memory.open(two.folder))
    assert "\n" not in str(told.value)
    assert look(Memory.open(two.folder), "disc").score is not None


@pytest.mark.parametrize("way", WAYS)
def test_what_can_be_fitted_anew_is(two, way, caplog):
    before = look(two).score
    WAYS[way](file_of(two, "plate", "resolution-1.npz"), file_of(two, "disc", "resolution-1.npz"))
    assert look(Memory.open(two.folder)).score == before
    assert way == "gone" or "it is fitted anew" in caplog.text


@pytest.mark.parametrize("way", WAYS)
def test_a_damaged_photograph_of_a_reference_costs_its_own_row(two, way):
    before = look(two, level=0)
    nearest, other = (Path(near.image.uri) for near in before.references[:2])
    WAYS[way](nearest, other)
    found = look(Memory.open(two.folder), level=0)
    assert found.score == before.score
    assert [near.id for near in found.references] == ["N2", "N3", "N4"]
    assert len(found.lost) == 1
    assert "Reference N1 cannot be shown" in found.lost[0]
    assert "echo-agent doctor" in found.lost[0]
    verdict = Inspector(Memory.open(two.folder)).inspect(synthetic_part(50), product="plate")
    assert found.lost[0] in map(str, verdict.reasons)


def test_finer_looks_that_need_a_missing_reference_are_left_out_and_told(two):
    Path(two.product("plate").references[0].uri).unlink()
    file_of(two, "plate", "resolution-1.npz").unlink()
    found = look(Memory.open(two.folder))
    assert found.score == look(two, level=0).score
    assert "Finer looks are left out" in found.lost[0]


def test_a_confirmed_defect_without_its_photograph_takes_no_part_and_is_told(two):
    (said,) = two.answers("plate")
    assert look(two).exemplars
    Path(said.image.uri).unlink()
    found = look(Memory.open(two.folder))
    assert not found.exemplars
    assert f"The confirmed defect {said.id} takes no part" in found.lost[0]


@pytest.mark.parametrize("way", ["empty", "cut", "flipped", "not UTF-8"])
def test_a_damaged_map_is_named(two, way):
    map_id = look(two).map_id
    file = two.folder / "maps" / f"{map_id}.npy"
    if way == "flipped":
        file.write_bytes(file.read_bytes().replace(b"descr", b"dascr"))
    else:
        WAYS[way](file, file)
    with pytest.raises(StoreError, match=f"the anomaly map {map_id} .* cannot be read.*doctor"):
        two.anomaly_map(map_id)


@pytest.fixture
def with_card(plates, tmp_path):
    """A memory whose product has a knowledge card and a document beside it."""
    folder = tmp_path / "knowledge"
    folder.mkdir()
    (folder / "card.yaml").write_text("schema_version: 1\nproduct: plate\n")
    (folder / "manual.md").write_text("# Plates")
    plates.register("plate", [synthetic_part(0)], knowledge=folder)
    return plates


@pytest.mark.parametrize("name", ["card.yaml", "manual.md"])
@pytest.mark.parametrize("way", ["empty", "gone", "flipped"])
def test_damaged_domain_knowledge_is_told_and_mended_by_registering_it_again(with_card, tmp_path, name, way):
    file = with_card.card("plate").with_name(name)
    WAYS[way](file, file)
    with pytest.raises(StoreError, match=rf"{name} of plate cannot be read .*: echo-agent doctor"):
        with_card.card("plate")
    with_card.register("plate", [synthetic_part(0)], knowledge=tmp_path / "knowledge")
    assert with_card.card("plate").with_name("manual.md").read_text() == "# Plates"


@pytest.mark.parametrize("way", ["empty", "gone", "flipped"])
def test_a_damaged_photograph_is_mended_by_registering_it_again(plates, way):
    image = plates.product("plate").references[0]
    WAYS[way](Path(image.uri), Path(image.uri))
    plates.register("plate", [synthetic_part(0)])
    assert load_stored(image).size == (image.width, image.height)


def test_a_map_that_is_no_longer_kept_costs_its_picture_alone(two):
    image = two.store_image(stained(synthetic_part(52)))
    desk = Controller(Inspector(two))
    verdict = desk.inspector.inspect(image, product="plate")
    (two.folder / "maps" / f"{verdict.map_id}.npy").unlink()
    assert desk.picture(image, verdict, 0.5).size > (0, 0)
    assert Entry.of(Path(image.uri), verdict, two).with_map is None
    Path(image.uri).unlink()
    assert desk.picture(image, verdict, 0.5).size == placeholder().size
