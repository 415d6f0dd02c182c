"""A tolerance flips verdicts on real photographs, both ways, with the measured value shown."""

import shutil
from pathlib import Path

import pytest

from echo_agent.context import Context
from echo_agent.inspector import Inspector
from echo_agent.settings import process_settings
from echo_agent.state import Verdict

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
def blowhole(tiles, tmp_path_factory) -> Path:
    """A photograph of a blowhole that stands out, under a name that tells nothing."""
    source = tiles / "test" / "blowhole" / "exp4_num_4995.jpg"
    return Path(shutil.copyfile(source, tmp_path_factory.mktemp("parts") / "a.jpg"))


@pytest.fixture(scope="module")
def memory(tiles, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("memory")
    Inspector.open(folder).register("magnetic_tile", tiles / "train" / "good", shots=16)
    return folder


@pytest.fixture
def inspect(memory, blowhole, tmp_path, monkeypatch):
    """Inspects the blowhole with a limit on its area."""

    def with_limit(limit: str, context: Context | None = None) -> Verdict:
        (tmp_path / "card.yaml").write_text(CARD.format(limit=limit), encoding="utf-8")
        monkeypatch.setenv("ECHO_KNOWLEDGE", str(tmp_path))
        process_settings.cache_clear()
        return Inspector.open(memory).inspect(blowhole, product="magnetic_tile", context=context)

    return with_limit


def test_a_limit_above_the_measured_size_passes_and_one_below_condemns(inspect):
    areas = [region.area_px for region in inspect("1 px2").regions]
    assert areas

    above = inspect(f"{max(areas) + 1} px2")
    assert above.label == "normal"
    assert {finding.outcome for finding in above.knowledge.tolerances} == {"within"}
    assert "within tolerance" in above.reasons[0]
    assert any(f"{max(areas)} px2" in reason for reason in above.reasons)

    below = inspect(f"{max(areas) - 1} px2")
    assert below.label == "defective"
    assert any(f"{max(areas)} px2" in reason and "this breaks" in reason for reason in below.reasons)


def test_without_a_scale_nothing_is_told_in_millimetres_and_nothing_passes(inspect):
    verdict = inspect("5 mm2")
    assert verdict.label == "defective"
    assert {(finding.measured, finding.outcome) for finding in verdict.knowledge.tolerances} == {
        (None, "cannot tell")
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
