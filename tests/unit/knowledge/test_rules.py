import pytest
from hypothesis import given
from hypothesis import strategies as st

from echo_agent.knowledge.card import Card
from echo_agent.knowledge.rules import hold_tolerances
from echo_agent.knowledge.verdict_effect import verdict_effect
from echo_agent.state import MAX_REGIONS, Box, ChecklistFinding, Region


def card(**parts):
    parts.setdefault("defects", [{"name": "scratch", "look": "a line"}, {"name": "stain", "look": "a blot"}])
    return Card.model_validate({"schema_version": 1, "product": "bolt", "normal": "shiny", **parts})


def region(area=100, low=None, high=None, *, length=20.0, name="R1", box=(10, 10, 30, 20)):
    left, top, right, bottom = box
    return Region(
        id=name,
        box=Box(left=left, top=top, right=right, bottom=bottom),
        area_px=area,
        area_px_low=area if low is None else low,
        area_px_high=area if high is None else high,
        length_px=length,
        peak=2.0,
        mean=1.5,
        place="top left",
    )


def hold(the_card, *regions, width=200, height=100):
    return hold_tolerances(the_card, regions, width, height)


def test_a_region_inside_its_limit_is_within_and_may_pass():
    findings = hold(card(tolerances=[{"defect": "scratch", "max_area": "120 px2"}]), region(100))
    assert [(f.id, f.outcome, f.measured, f.limit, f.unit, f.region) for f in findings] == [
        ("T1", "within", 100, 120, "px2", "R1")
    ]
    assert "100 px2" in findings[0].reason
    assert "at most 120 px2" in findings[0].reason
    effect = verdict_effect([region(100)], findings)
    assert effect.permits_normal
    assert not effect.forces_defective


def test_a_region_over_its_limit_exceeds_and_cannot_pass():
    findings = hold(card(tolerances=[{"defect": "scratch", "max_area": "80 px2"}]), region(100))
    assert findings[0].outcome == "exceeds"
    effect = verdict_effect([region(100)], findings)
    assert effect.forces_defective
    assert not effect.permits_normal
    assert "100 px2" in effect.reasons[0].text


@pytest.mark.parametrize(
    ("low", "area", "high", "outcome", "permits", "person", "condemns"),
    [
        (90, 100, 120, "within", True, False, False),
        (0, 100, 119, "within", True, False, False),
        (90, 100, 121, "undetermined", False, True, False),
        (0, 100, 121, "undetermined", False, True, False),
        (100, 121, 160, "exceeds", False, False, True),
        (130, 140, 160, "exceeds", False, False, True),
    ],
)
def test_a_pass_needs_the_whole_uncertainty_below_the_limit(
    low, area, high, outcome, permits, person, condemns
):
    measured = region(area, low, high)
    findings = hold(card(tolerances=[{"defect": "any", "max_area": "120 px2"}]), measured)
    assert findings[0].outcome == outcome
    assert (findings[0].measured_low, findings[0].measured_high) == (low, high)
    assert f"{area} px2 ({low} to {high})" in findings[0].reason
    effect = verdict_effect([measured], findings)
    assert (effect.permits_normal, effect.needs_a_person, effect.forces_defective) == (
        permits,
        person,
        condemns,
    )
    assert effect.is_sure == (low > 120)


def test_a_faint_region_over_its_limit_neither_passes_nor_condemns():
    findings = hold(card(tolerances=[{"defect": "any", "max_area": "100 px2"}]), region(110, 0, 130))
    assert findings[0].outcome == "undetermined"
    effect = verdict_effect([region(110, 0, 130)], findings)
    assert not effect.permits_normal
    assert not effect.forces_defective


def test_a_scale_turns_pixels_into_millimetres():
    the_card = card(
        scale={"mm_per_pixel": 0.1}, tolerances=[{"defect": "any", "max_area": "2 mm2", "max_length": "3 mm"}]
    )
    length, area = hold(the_card, region(100, length=20.0))
    assert (length.measured, length.unit, length.outcome) == (pytest.approx(2.0), "mm", "within")
    assert (area.measured, area.unit, area.outcome) == (pytest.approx(1.0), "mm2", "within")


@pytest.mark.parametrize(
    ("scale", "width", "measured"),
    [
        ({"image_width_mm": 20}, 200, 2.0),
        ({"image_width_mm": 20}, 400, 1.0),
        ({"reference_length": {"mm": 5, "pixels": 50}}, 200, 2.0),
        ({"mm_per_pixel": 0.1, "image_width_px": 200}, 200, 2.0),
        ({"mm_per_pixel": 0.1, "image_width_px": 200}, 400, None),
        (None, 200, None),
    ],
)
def test_millimetres_are_told_only_with_a_scale_that_holds(scale, width, measured):
    the_card = card(scale=scale, tolerances=[{"defect": "any", "max_length": "3 mm"}])
    (finding,) = hold(the_card, region(length=20.0), width=width)
    assert finding.measured == (None if measured is None else pytest.approx(measured))
    if measured is None:
        assert finding.outcome == "undetermined"
        assert "no scale" in finding.reason
        assert not verdict_effect([region()], [finding]).permits_normal


def test_percent_is_of_the_image():
    the_card = card(tolerances=[{"defect": "any", "max_area": "1 %", "max_length": "20 %"}])
    length, area = hold(the_card, region(100, length=20.0), width=200, height=100)
    assert length.measured == pytest.approx(10.0)
    assert area.measured == pytest.approx(0.5)


def test_no_defect_type_unlocks_a_tolerance_the_strictest_counts():
    the_card = card(
        tolerances=[{"defect": "scratch", "max_area": "500 px2"}, {"defect": "stain", "max_area": "50 px2"}]
    )
    findings = hold(the_card, region(100))
    assert {f.defect_type: f.outcome for f in findings} == {"scratch": "within", "stain": "exceeds"}
    assert verdict_effect([region(100)], findings).forces_defective


def test_a_critical_type_without_a_tolerance_is_not_passed_on_anothers():
    defects = [
        {"name": "scratch", "look": "a line"},
        {"name": "crack", "look": "a line", "severity": "critical"},
    ]
    tolerance = {"defect": "scratch", "max_area": "500 px2"}
    findings = hold(card(defects=defects, tolerances=[tolerance]), region(100))
    assert [f.outcome for f in findings] == ["within", "undetermined"]
    assert "could be crack" in findings[1].reason
    assert not verdict_effect([region(100)], findings).permits_normal
    everything = hold(card(defects=defects, tolerances=[{**tolerance, "defect": "any"}]), region(100))
    assert verdict_effect([region(100)], everything).permits_normal


ZONES = [{"name": "A", "box": [0, 0, 0.5, 1], "criticality": "high"}, {"name": "B", "box": [0.5, 0, 1, 1]}]


@pytest.mark.parametrize(
    ("box", "limits", "zone"),
    [((10, 10, 30, 20), [80], "A"), ((150, 10, 170, 20), [300], "B"), ((80, 10, 120, 20), [80, 300], "A")],
)
def test_a_zones_tolerance_replaces_the_general_one_inside_it(box, limits, zone):
    the_card = card(
        zones=ZONES,
        tolerances=[
            {"defect": "any", "max_area": "80 px2", "zone": "A"},
            {"defect": "any", "max_area": "300 px2"},
        ],
    )
    findings = hold(the_card, region(100, box=box))
    assert [f.limit for f in findings] == limits
    assert findings[0].zone == zone


def test_a_region_outside_every_tolerances_zone_is_not_covered():
    the_card = card(zones=ZONES, tolerances=[{"defect": "any", "max_area": "300 px2", "zone": "A"}])
    inside, outside = region(100), region(100, name="R2", box=(150, 10, 170, 20))
    findings = hold(the_card, inside, outside)
    assert [f.region for f in findings] == ["R1"]
    assert not verdict_effect([inside, outside], findings).permits_normal
    assert verdict_effect([inside], findings).permits_normal


def test_the_criticality_of_a_zone_is_told():
    the_card = card(zones=ZONES, tolerances=[{"defect": "any", "max_area": "80 px2"}])
    assert "zone A of high criticality" in hold(the_card, region(100))[0].reason


def test_too_many_regions_exceed_the_count():
    the_card = card(tolerances=[{"defect": "stain", "max_area": "500 px2", "max_count": 1}])
    two = [region(100), region(100, name="R2", box=(60, 10, 80, 20))]
    count = hold(the_card, *two)[-1]
    assert (count.region, count.measured, count.limit, count.unit, count.outcome) == (
        None,
        2,
        1,
        "count",
        "exceeds",
    )
    assert "R1, R2" in count.reason
    assert verdict_effect(two, hold(the_card, *two)).forces_defective
    assert verdict_effect(two[:1], hold(the_card, two[0])).permits_normal


def test_a_region_that_vanishes_at_the_stricter_threshold_is_no_sure_count():
    the_card = card(tolerances=[{"defect": "any", "max_count": 0}])
    assert hold(the_card, region(100, low=0))[-1].outcome == "undetermined"


def test_as_many_regions_as_are_measured_at_most_permit_nothing():
    the_card = card(tolerances=[{"defect": "any", "max_area": "500 px2"}])
    many = [region(100, name=f"R{number}") for number in range(1, MAX_REGIONS + 1)]
    assert not verdict_effect(many, hold(the_card, *many)).permits_normal
    assert verdict_effect(many[1:], hold(the_card, *many[1:])).permits_normal


def test_a_count_alone_permits_no_region_of_any_size():
    the_card = card(tolerances=[{"defect": "any", "max_count": 3}])
    assert not verdict_effect([region(100)], hold(the_card, region(100))).permits_normal


def test_without_regions_or_tolerances_nothing_is_permitted_or_forced():
    the_card = card(tolerances=[{"defect": "any", "max_area": "80 px2"}])
    assert hold(the_card) == []
    assert verdict_effect([], []) == verdict_effect([region()], hold(card(), region()))
    assert not verdict_effect([], []).permits_normal


@pytest.mark.parametrize(("holds", "forces"), [(False, True), (None, False), (True, False)])
def test_a_false_statement_of_the_checklist_condemns(holds, forces):
    finding = ChecklistFinding(id="C1", statement="four screws are present", holds=holds, reason="Three.")
    assert verdict_effect([], [], [finding]).forces_defective is forces


@given(
    area=st.integers(1, 5000),
    spread=st.tuples(st.floats(0, 1), st.floats(1, 3)),
    limits=st.tuples(st.floats(0.5, 6000), st.floats(0.5, 6000)),
)
def test_a_wider_limit_never_judges_more_strictly(area, spread, limits):
    order = ("exceeds", "undetermined", "within")
    measured = region(area, int(area * spread[0]), int(area * spread[1]) + 1)
    outcomes = []
    for limit in sorted(limits):
        the_card = card(tolerances=[{"defect": "any", "max_area": f"{limit:.3f} px2"}])
        outcomes.append(order.index(hold(the_card, measured)[0].outcome))
    assert outcomes == sorted(outcomes)


@given(area=st.integers(1, 5000), low=st.floats(0, 1), high=st.floats(1, 3), length=st.floats(1, 300))
def test_the_length_lies_within_its_uncertainty(area, low, high, length):
    the_card = card(tolerances=[{"defect": "any", "max_length": "3 px"}])
    finding = hold(the_card, region(area, int(area * low), int(area * high) + 1, length=length))[0]
    assert 0 <= finding.measured_low <= finding.measured <= finding.measured_high
