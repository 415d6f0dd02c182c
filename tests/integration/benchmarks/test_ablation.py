import json

import pytest
import typer

from benchmarks.ablation import _named, markdown_table, measure_ablation
from benchmarks.leave_one_out import AblationRow, leave_one_out, leave_one_out_table
from benchmarks.shared_fits import WORKING, KnownFeatures, SharedFits
from benchmarks.variants import BOTH, FIRST_ALONE, VARIANTS, Comparing, Variant
from echo_agent.errors import DatasetError
from echo_agent.evaluation.folder_layout import read_categories
from echo_agent.memory.joint_scores import join, joined_normals
from echo_agent.memory.normal_model import fit
from tests.conftest import synthetic_part
from tests.stand_in_encoder import StandInEncoder
from tests.tables import unpadded
from tests.unit.evaluation.photographs import write_mvtec_category


@pytest.fixture
def plate(tmp_path):
    (category,) = read_categories([write_mvtec_category(tmp_path / "plate")])
    return category


def test_every_variant_is_measured_with_every_choice_of_references_and_images_are_encoded_once(plate):
    encoder = StandInEncoder()
    names = (FIRST_ALONE, "worst 1 %", "no rotated copies")
    variants = {name: VARIANTS[name] for name in names}
    rows = measure_ablation([plate], encoder, shots=[2, 3, 50, 60], seeds=[0, 1], variants=variants)
    # There are four normals: all of them serve where more are asked for, once.
    keys = {(row.variant, row.shots, row.seed) for row in rows}
    assert keys == {(name, shots, seed) for name in variants for shots in (2, 3, 50) for seed in (0, 1)}
    assert all(row.image_auroc is not None and row.aupro is not None for row in rows)
    assert encoder.encoded <= 2 * 4 + 5


def test_a_variant_that_shares_its_banks_sees_what_a_fit_of_its_own_does():
    encoders = StandInEncoder(), StandInEncoder("other-eyes")
    parts = [synthetic_part(seed) for seed in range(7)]
    references, tests = parts[:4], parts[4:]
    normals, found = SharedFits(encoders, references, tests).predict(VARIANTS["both, no rotated copies"])
    fitted = [fit(references, eyes, 1.0, angles=()).resolution for eyes in encoders]
    assert normals == joined_normals(fitted, WORKING)
    for test, seen in zip(tests, found, strict=True):
        alone = [one.predict(eyes.encode([test])[0]) for one, eyes in zip(fitted, encoders, strict=True)]
        expected = join(alone, WORKING)
        assert seen.score == expected.score
        assert (seen.anomaly_map == expected.anomaly_map).all()


def test_variants_keep_the_order_in_which_they_are_named():
    assert list(_named(["worst 1 %", BOTH])) == [FIRST_ALONE, "worst 1 %", BOTH]
    assert list(_named([BOTH, FIRST_ALONE])) == [FIRST_ALONE, BOTH]
    assert list(_named(None)) == list(VARIANTS)
    with pytest.raises(typer.BadParameter, match="'both eyes' is no variant"):
        _named(["both eyes"])


def test_trials_of_how_both_are_joined_see_something_else():
    encoders = [KnownFeatures(StandInEncoder()), KnownFeatures(StandInEncoder("other-eyes"))]
    parts = [synthetic_part(seed) for seed in range(4)]
    shared = SharedFits(encoders, parts[:3], parts[3:])
    normals, (plain,) = shared.predict(VARIANTS[BOTH])
    agreeing, (agreed,) = shared.predict(VARIANTS["both, and where both agree"])
    assert agreed.score != plain.score
    assert len(agreeing) == len(normals)
    assert agreeing != normals
    more, (usual,) = shared.predict(VARIANTS["both, maps in the unit of usual places"])
    assert (more, usual.score) == (normals, plain.score)
    assert (usual.anomaly_map != plain.anomaly_map).any()
    for trial in (VARIANTS["both, the second at 252 and 336 pixels"], Variant(second=Comparing(bank=40))):
        assert shared.predict(trial)[1][0].score != plain.score


def test_an_interrupted_run_goes_on_from_its_rows_and_features(plate, tmp_path):
    kept = {"out": tmp_path / "rows.jsonl", "features": tmp_path / "features"}
    few = {FIRST_ALONE: VARIANTS[FIRST_ALONE]}
    before = measure_ablation([plate], StandInEncoder(), shots=[2], seeds=[0], variants=few, **kept)
    more = {**few, "worst 1 %": VARIANTS["worst 1 %"]}
    encoder = StandInEncoder()
    after = measure_ablation([plate], encoder, shots=[2], seeds=[0], variants=more, **kept)
    assert after[:1] == before
    assert [row.variant for row in after] == list(more)
    assert encoder.encoded == 0
    of, *rows = kept["out"].read_text().splitlines()
    assert "code" in json.loads(of)
    assert len(rows) == 2


def test_rows_are_appended_to_no_other_file(plate, tmp_path):
    other = tmp_path / "notes.txt"
    other.write_text("as it was\n")
    with pytest.raises(
        DatasetError, match=r"notes\.txt holds something else than this measurement: name another"
    ):
        measure_ablation([plate], StandInEncoder(), shots=[2], seeds=[0], out=other)


def row(variant, seed, auroc, aupro=None, product="plate"):
    return AblationRow(variant=variant, product=product, shots=4, seed=seed, image_auroc=auroc, aupro=aupro)


def test_the_table_gives_mean_errors_and_what_they_differ_by_over_the_seeds():
    rows = [
        row(FIRST_ALONE, 0, 0.9, 0.8),
        row(FIRST_ALONE, 1, 0.8),
        row("other", 0, 0.8, 0.8),
        row("other", 1, 0.6),
    ]
    table = unpadded(markdown_table(rows)).splitlines()
    assert table[2] == f"| {FIRST_ALONE} | 0.1500 | | 0.2000 | |"
    assert table[3] == "| other | 0.3000 | +0.1500 +- 0.0707 | 0.2000 | +0.0000 |"


def test_a_figure_that_nothing_was_measured_for_is_a_dash():
    table = unpadded(markdown_table([row(FIRST_ALONE, 0, 0.9), row("other", 0, 0.8)]))
    assert table.splitlines()[3].endswith("| - | - |")


def changes(variant, other):
    """What two variants differ in: the settings of each encoder, and of their joining."""
    joining = ("weight", "map_weight", "beside", "agreeing", "usual_unit")
    found = {name for name in joining if getattr(variant, name) != getattr(other, name)}
    for side in ("first", "second"):
        ours, theirs = getattr(variant, side), getattr(other, side)
        if ours is None or theirs is None:
            found |= {side} if ours is not theirs else set()
        else:
            found |= {field for field in vars(ours) if getattr(ours, field) != getattr(theirs, field)}
    return found - {"scale"} if "beside" in found else found


@pytest.mark.parametrize("name", VARIANTS)
def test_each_variant_changes_one_thing(name):
    variant = VARIANTS[name]
    beside = VARIANTS[FIRST_ALONE] if variant.second is None else VARIANTS[BOTH]
    if variant.first is None and variant.second != Comparing():
        beside = VARIANTS["the second encoder alone"]
    assert len(changes(variant, beside)) == (0 if variant == beside else 1)


def test_both_encoders_are_joined_where_a_second_one_is_given(plate):
    names = (FIRST_ALONE, BOTH, "the second encoder alone")
    chosen = {name: VARIANTS[name] for name in names}
    encoders = StandInEncoder(), StandInEncoder("other-eyes")
    rows = measure_ablation([plate], *encoders, shots=[3], seeds=[0], variants=chosen)
    assert [one.variant for one in rows] == list(names)
    alone = measure_ablation([plate], encoders[0], shots=[3], seeds=[0], variants=chosen)
    assert [one.variant for one in alone] == [FIRST_ALONE]


def test_the_weight_of_the_second_encoder_moves_the_joint_score_and_its_share_the_map():
    parts = [synthetic_part(seed) for seed in range(6)]
    shared = SharedFits([StandInEncoder(), KnownFeatures(StandInEncoder("other"))], parts[:4], parts[4:])
    plain = Comparing(turning=False)
    alone = [shared.predict(variant)[1][0] for variant in (Variant(plain), Variant(None, plain))]
    heavy = shared.predict(Variant(plain, plain, weight=3.0, map_weight=1.0))[1][0]
    assert heavy.score == pytest.approx(alone[0].score ** 0.25 * alone[1].score ** 0.75)
    assert heavy.anomaly_map == pytest.approx(alone[1].anomaly_map, abs=1e-5)


def test_each_product_is_judged_by_the_variant_that_the_others_chose():
    rows = [
        row(FIRST_ALONE, 0, 0.9, product="a"),
        row(FIRST_ALONE, 0, 0.9, product="b"),
        row(FIRST_ALONE, 0, 0.9, product="c"),
        row("other", 0, 0.5, product="a"),
        row("other", 0, 1.0, product="b"),
        row("other", 0, 1.0, product="c"),
    ]
    chosen = {one.product: (one.chosen, round(one.image_error, 2)) for one in leave_one_out(rows)}
    assert chosen == {"a": ("other", 0.5), "b": (FIRST_ALONE, 0.1), "c": (FIRST_ALONE, 0.1)}
    assert unpadded(leave_one_out_table(rows)).splitlines()[-2:] == [
        "| mean | | 0.2333 | 0.1000 | - | - |",
        "| ratio | | 2.33 | | - | |",
    ]


def test_a_later_variant_is_chosen_only_where_it_is_better_by_more_than_other_references_move():
    rows = [
        row(name, 0, auroc, product=product)
        for name, auroc in ((FIRST_ALONE, 0.95), ("alike", 0.952), ("better", 0.9535))
        for product in "ab"
    ]
    assert {one.chosen for one in leave_one_out(rows)} == {"alike"}
