"""A product carried to another memory as one file: the same verdicts there, its records, and nothing of others."""

import hashlib
import json
import shutil
import zipfile

import pytest

from echo_agent.errors import EncoderError, ProductError, StoreError
from echo_agent.images.ignored import Ignored
from echo_agent.inspector import Inspector
from echo_agent.memory.bundle import MANIFEST, read_bundle, write_bundle
from echo_agent.memory.feedback import remember
from echo_agent.memory.memory import Memory
from echo_agent.state import HumanAnswer, flat_verdict
from tests.conftest import synthetic_part
from tests.photographs import another_part
from tests.stand_in_encoder import StandInEncoder, use_stand_in_encoder

CARD = """schema_version: 1
product: plate
normal: A grey plate with two holes.
defects:
  - name: scratch
    look: A dark line.
"""
OTHERWISE = {"timings", "references", "map_id", "knowledge", "attempts", "exemplars", "matches"}
"""Parts of a verdict with times, places of files, and other products of the memory."""


def opened(folder):
    return Inspector(Memory.open(folder, encoder=StandInEncoder(), create=True))


def database_of(inspector):
    return inspector.memory._store._database


@pytest.fixture
def here(tmp_path, good_parts, scratched_part):
    """A memory with two products, answers and records."""
    inspector = opened(tmp_path / "here")
    (tmp_path / "card.yaml").write_text(CARD)
    inspector.register("plate", good_parts, knowledge=tmp_path / "card.yaml")
    (tmp_path / "others").mkdir()
    for seed in range(5):
        another_part(seed).save(tmp_path / "others" / f"{seed}.png")
    inspector.register("other", tmp_path / "others")
    image = inspector.memory.store_image(scratched_part)
    inspector.inspect(image, product="plate", name="part 7")
    answer = HumanAnswer(action="correct", label="defective", defect_type="scratch", remember=True)
    remember(inspector.memory, "plate", image, "review", answer)
    inspector.inspect(tmp_path / "others" / "0.png", product="other")
    return inspector


def carried(here, tmp_path, **options):
    file = tmp_path / "plate.echo"
    return file, write_bundle(database_of(here), "plate", file, **options)


def seen(inspector, image):
    verdict = flat_verdict(inspector.inspect(image, product="plate", record=False))
    rest = {key: value for key, value in verdict.items() if key not in OTHERWISE}
    digests = [[one["image"]["sha256"] for one in verdict[key]] for key in ("references", "exemplars")]
    return rest, digests, verdict["knowledge"]["normal"], verdict["knowledge"]["defect_types"]


def test_the_same_verdicts_come_on_the_other_memory(here, tmp_path, scratched_part):
    file, manifest = carried(here, tmp_path)
    parts = [synthetic_part(seed, defect=bool(seed % 2)) for seed in range(60, 66)]
    before = [seen(here, part) for part in [scratched_part, *parts]]
    answers = [said.id for said in here.memory.answers("plate")]
    records = [record.id for record in here.memory.inspections.newest() if record.verdict.product == "plate"]
    shutil.rmtree(here.memory.folder)
    read_bundle(file, tmp_path / "there")
    there = opened(tmp_path / "there")
    assert [record.name for record in there.memory.products()] == ["plate"]
    assert [seen(there, part) for part in [scratched_part, *parts]] == before
    assert [said.id for said in there.memory.answers()] == answers
    assert [record.id for record in there.memory.inspections.newest()] == records
    assert there.memory.inspections.newest()[-1].name == "part 7"
    assert there.memory.inspections.check().changed == ()
    assert (manifest.product, manifest.version, manifest.records) == ("plate", 1, len(records))


def test_a_product_that_changes_meanwhile_is_carried_as_it_stands_in_the_copy(here, tmp_path, monkeypatch):
    """A version comes after the command has seen the product, and before it copies the database."""
    database = database_of(here)
    reading, left = database.reading, [3]

    def later():
        left[0] -= 1
        if left[0] == 0:
            here.memory.set_ignored("plate", Ignored(regions=(((0, 0), (0.1, 0), (0, 0.1)),)))
        return reading()

    monkeypatch.setattr(database, "reading", later)
    file, manifest = carried(here, tmp_path)
    there = opened(tmp_path / "there")
    read_bundle(file, there.memory.folder)
    product = Memory.open(there.memory.folder, encoder=StandInEncoder()).product("plate")
    assert product.version == manifest.version == here.memory.product("plate").version


def test_it_joins_the_products_of_a_memory_and_its_chain(here, tmp_path, good_parts):
    file, _ = carried(here, tmp_path)
    there = opened(tmp_path / "there")
    there.register("own", good_parts)
    there.inspect(good_parts / "good-0.png", product="own")
    read_bundle(file, there.memory.folder)
    assert [record.name for record in there.memory.products()] == ["own", "plate"]
    assert seen(there, synthetic_part(70)) == seen(here, synthetic_part(70))
    found = there.memory.inspections.check()
    assert (found.changed, found.unchained) == ((), 0)
    with pytest.raises(ProductError, match="is registered in"):
        read_bundle(file, there.memory.folder)
    for product in ("own", "plate"):
        there.memory.remove(product)
    assert there.memory.products() == []


def test_a_bundle_without_records_carries_none(here, tmp_path):
    file, manifest = carried(here, tmp_path, records=False)
    read_bundle(file, tmp_path / "there")
    assert manifest.records == 0
    assert opened(tmp_path / "there").memory.inspections.newest() == []


def test_a_memory_of_another_encoder_is_refused(here, tmp_path, good_parts):
    file, _ = carried(here, tmp_path)
    other = Inspector(Memory.open(tmp_path / "there", encoder=StandInEncoder("another"), create=True))
    other.register("own", good_parts)
    with pytest.raises(EncoderError, match="unbundle it into a new folder"):
        read_bundle(file, tmp_path / "there")


@pytest.mark.parametrize("fault", ["no zip", "cut", "changed", "a name that leads out", "rows that lead out"])
def test_what_is_damaged_or_not_from_echo_is_refused_and_leaves_nothing(here, tmp_path, fault):
    file, manifest = carried(here, tmp_path)
    bad = tmp_path / "bad.echo"
    if fault == "no zip":
        bad.write_bytes(b"no bundle")
    elif fault == "cut":
        bad.write_bytes(file.read_bytes()[:-2000])
    else:
        rewritten(file, bad, manifest, fault)
    with pytest.raises(StoreError, match=r"bad\.echo|outside of the memory"):
        read_bundle(bad, tmp_path / "there")
    assert not (tmp_path / "evil").exists()
    assert not (tmp_path / "there" / "memory.sqlite3").exists()


def rewritten(file, bad, manifest, fault):
    """The bundle with one thing otherwise, and a manifest that fits it where the fault is not the damage itself."""
    files = dict(manifest.files)
    with zipfile.ZipFile(file) as source, zipfile.ZipFile(bad, "w") as target:
        for name in manifest.files:
            content = source.read(name)
            if name == "memory.sqlite3" and fault == "changed":
                content += b"x"
            if name == "memory.sqlite3" and fault == "rows that lead out":
                content = content.replace(b"images/", b"../../i")
                files[name] = hashlib.sha256(content).hexdigest()
            target.writestr(name, content)
        if fault == "a name that leads out":
            files["images/../../evil"] = "0"
            target.writestr("images/../../evil", b"x")
        target.writestr(MANIFEST, json.dumps(manifest.model_dump() | {"files": files}))


def test_the_command_lines(here, tmp_path, echo, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code, told, _ = echo("bundle", "plate", "--memory", here.memory.folder)
    assert (code, told.startswith("plate.echo: plate, version 1,")) == (0, True)
    code, told, _ = echo("unbundle", "plate.echo", "--memory", tmp_path / "there")
    assert (code, "with 1 record." in told) == (0, True)
    code, _, err = echo("bundle", "screw", "--memory", here.memory.folder)
    assert (code, "unknown product" in err) == (1, True)


def test_products_of_other_letters_are_bundled_side_by_side_and_commands_name_them_as_they_are_typed(
    echo, good_parts, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    use_stand_in_encoder(monkeypatch)
    for name in ("Plate Ä", "Plate Ö"):
        assert "echo-agent register 'Plate" in echo("register", name, good_parts, "--memory", "there")[1]
        assert echo("bundle", name, "--memory", "there")[0] == 0
        assert echo("unbundle", f"{name}.echo", "--memory", "elsewhere")[0] == 0
    assert "there is no file none.echo" in echo("unbundle", "none.echo", "--memory", "elsewhere")[2]
