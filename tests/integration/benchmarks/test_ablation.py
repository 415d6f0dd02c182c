import pytest

from benchmarks.ablation import VARIANTS, Variant, markdown_table, measure_ablation
from benchmarks.leave_one_out import AblationRow, leave_one_out, leave_one_out_table
from echo_agent.evaluation.folder_layout import read_categories
from tests.stand_in_encoder import StandInEncoder
from tests.tables import unpadded
from tests.unit.evaluation.photographs import write_mvtec_category


def test_every_variant_is_measured_with_every_choice_of_references_and_images_are_encoded_once(tmp_path):
    (category,) = read_categories([write_mvtec_category(tmp_path / "plate")])
    encoder = StandInEncoder()
    variants = {"default": Variant(), "worst 1 %": VARIANTS["worst 1 %"], "plain": Variant(turning=False)}
    rows = measure_ablation([category], encoder, shots=[2, 3, 50], seeds=[0, 1], variants=variants)
    keys = {(row.variant, row.shots, row.seed) for row in rows}
    assert keys == {(name, shots, seed) for name in variants for shots in (2, 3) for seed in (0, 1)}
    assert all(row.image_auroc is not None and row.aupro is not None for row in rows)
    assert encoder.encoded <= 2 * 4 + 5


def row(variant, seed, auroc, aupro=None, product="plate"):
    return AblationRow(variant=variant, product=product, shots=4, seed=seed, image_auroc=auroc, aupro=aupro)


def test_the_table_gives_mean_errors_and_what_they_differ_by_over_the_seeds():
    rows = [
        row("default", 0, 0.9, 0.8),
        row("default", 1, 0.8),
        row("other", 0, 0.8, 0.8),
        row("other", 1, 0.6),
    ]
    table = unpadded(markdown_table(rows)).splitlines()
    assert table[2] == "| default | 0.1500 | | 0.2000 | |"
    assert table[3] == "| other | 0.3000 | +0.1500 +- 0.0707 | 0.2000 | +0.0000 |"


def test_a_figure_that_nothing_was_measured_for_is_a_dash():
    table = unpadded(markdown_table([row("default", 0, 0.9), row("other", 0, 0.8)]))
    assert table.splitlines()[3].endswith("| - | - |")


@pytest.mark.parametrize("name", VARIANTS)
def test_each_variant_changes_one_thing(name):
    variant, default = VARIANTS[name], Variant()
    changed = [field for field in vars(default) if getattr(variant, field) != getattr(default, field)]
    assert len(changed) == {"default": 0, "the second encoder alone": 2}.get(name, 1)


def test_both_encoders_are_joined_where_a_second_one_is_given(tmp_path):
    (category,) = read_categories([write_mvtec_category(tmp_path / "plate")])
    names = ("default", "both encoders", "the second encoder alone")
    chosen = {name: VARIANTS[name] for name in names}
    encoders = StandInEncoder(), StandInEncoder("other-eyes")
    rows = measure_ablation([category], *encoders, shots=[3], seeds=[0], variants=chosen)
    assert [one.variant for one in rows] == list(names)
    alone = measure_ablation([category], encoders[0], shots=[3], seeds=[0], variants=chosen)
    assert [one.variant for one in alone] == ["default"]


def test_each_product_is_judged_by_the_variant_that_the_others_chose():
    rows = [
        row("default", 0, 0.9, product="a"),
        row("default", 0, 0.9, product="b"),
        row("default", 0, 0.9, product="c"),
        row("other", 0, 0.5, product="a"),
        row("other", 0, 1.0, product="b"),
        row("other", 0, 1.0, product="c"),
    ]
    chosen = {one.product: (one.chosen, round(one.image_error, 2)) for one in leave_one_out(rows)}
    assert chosen == {"a": ("other", 0.5), "b": ("default", 0.1), "c": ("default", 0.1)}
    assert unpadded(leave_one_out_table(rows)).splitlines()[-1] == "| mean | | 0.2333 | 0.1000 | - | - |"
