"""A tolerance flips verdicts on real photographs, both ways, with the measured value shown."""

import shutil
from pathlib import Path

import pytest

from echo_agent.context import Context
from echo_agent.inspector import Inspector
from echo_agent.resources import open_memory
from echo_agent.settings import process_settings
from echo_agent.state import Region, Verdict

pytestmark = pytest.mark.data

CARD = """\
schema_version: 1
product: magnetic_tile
normal: An evenly grey ground surface.
defects:
  - name: blowhole
    look: A small dark pit.
tolerances:
  - defect: blowhole
    max_area: {limit}
"""


@pytest.fixture(scope="module")
def tiles(test_data) -> Path:
    return test_data / "Mini" / "magnetic_tile"


@pytest.fixture(scope="module")
def memory(tiles, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("memory")
    Inspector.open(folder).register("magnetic_tile", tiles / "train" / "good", shots=16)
    return folder


@pytest.fixture(scope="module")
def parts(tiles, memory, tmp_path_factory) -> list[Path]:
    """Five photographs of blowholes and breaks, under names that tell nothing, with a sure region each."""
    folder = tmp_path_factory.mktemp("parts")
    known, found = open_memory(str(memory)), []
    blowholes, breaks = (sorted((tiles / "test" / kind).iterdir()) for kind in ("blowhole", "break"))
    for number, source in enumerate([*blowholes, *breaks]):
        part = Path(shutil.copyfile(source, folder / f"{number}.jpg"))
        seen = known.evidence(known.store_image(part), "magnetic_tile")
        if seen.quality.acceptable and seen.score > seen.threshold and sure(seen.regions):
            found.append(part)
        if len(found) == 5:
            return found
    pytest.fail(f"only {len(found)} photographs stand out: too few for these tests to say anything")


def sure(regions) -> list[Region]:
    """Regions that are there at the stricter threshold too, the largest first."""
    return sorted((region for region in regions if region.area_px_low), key=lambda region: -region.area_px)


def told(region: Region) -> str:
    return f"{region.area_px} px2 ({region.area_px_low} to {region.area_px_high})"


@pytest.fixture
def blowhole(parts) -> Path:
    return parts[0]


@pytest.fixture
def inspect(memory, blowhole, tmp_path, monkeypatch):
    """Inspects the blowhole with a limit on its area."""

    def with_limit(limit: str, context: Context | None = None, part: Path = blowhole) -> Verdict:
        (tmp_path / "card.yaml").write_text(CARD.format(limit=limit), encoding="utf-8")
        monkeypatch.setenv("ECHO_KNOWLEDGE", str(tmp_path))
        process_settings.cache_clear()
        return Inspector.open(memory).inspect(part, product="magnetic_tile", context=context)

    return with_limit


def test_a_limit_above_the_measured_size_passes_and_one_below_condemns(inspect, parts):
    for part in parts:
        regions = inspect("1 px2", part=part).regions
        largest = sure(regions)[0]

        above = inspect(f"{max(region.area_px_high for region in regions)} px2", part=part)
        assert above.label == "normal"
        assert {finding.outcome for finding in above.knowledge.tolerances} == {"within"}
        assert "within tolerance" in above.reasons[0].text
        assert any(told(largest) in reason.text and "this keeps" in reason.text for reason in above.reasons)

        below = inspect(f"{largest.area_px - 1} px2", part=part)
        assert below.label == "defective"
        assert any(told(largest) in reason.text and "this breaks" in reason.text for reason in below.reasons)


def test_a_limit_within_the_uncertainty_of_the_measurement_is_left_to_a_person(inspect, parts):
    once = Context(max_attempts=1)
    for part in parts:
        largest = max(inspect("1 px2", once, part).regions, key=lambda region: region.area_px)
        verdict = inspect(f"{largest.area_px} px2", once, part)
        assert verdict.label == "review"
        assert any(told(largest) in reason.text and "may break" in reason.text for reason in verdict.reasons)


def test_without_a_scale_nothing_is_told_in_millimetres_and_nothing_passes(inspect):
    verdict = inspect("5 mm2")
    assert verdict.label == "defective"
    assert {(finding.measured, finding.outcome) for finding in verdict.knowledge.tolerances} == {
        (None, "undetermined")
    }


def test_an_expert_that_is_switched_off_takes_no_part(inspect):
    assert inspect("100 %").label == "normal"
    alone = inspect("100 %", Context(experts=("reference",)))
    assert alone.knowledge is None
    assert alone.trace is None
    assert alone.label == "defective"


def test_the_trace_names_the_evidence_of_each_step(inspect):
    verdict = inspect("1 px2", Context(profile="always"))
    assert [step.kind for step in verdict.trace.steps] == [
        "observe",
        "compare",
        "measure",
        "weigh",
        "conclude",
    ]
    known = {
        "E1",
        "K",
        *(region.id for region in verdict.regions),
        *(found.id for found in verdict.references),
    }
    known |= {finding.id for finding in verdict.knowledge.tolerances}
    assert all(step.evidence and known.issuperset(step.evidence) for step in verdict.trace.steps)
