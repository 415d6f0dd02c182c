import pytest

from benchmarks.leave_one_out import AblationRow
from benchmarks.value_lines import append_value
from benchmarks.variants import BOTH, FIRST_ALONE
from benchmarks.verdicts import as_table, verdict_shares
from echo_agent.errors import DatasetError
from tests.tables import unpadded

NORMALS = (0.9, 1.0, 1.05, 1.1)


def row(variant, product, *scores):
    """Two good parts, then two defective ones, with four references: too few for a promise of ten percent."""
    return AblationRow(
        variant=variant,
        product=product,
        shots=4,
        seed=0,
        image_auroc=None,
        aupro=None,
        scores=scores,
        defective=(False, False, True, True),
        normals=NORMALS,
    )


def both(product, *joint):
    return [row(FIRST_ALONE, product, 1.0, 1.2, 1.3, 5.0), row(BOTH, product, *joint)]


def test_the_retry_settles_what_both_encoders_see_far_beyond_the_threshold():
    rows = both("plate", 0.5, 0.6, 2.0, 5.0)
    before, after = verdict_shares(rows, 4, far_beyond=1.5)
    # By the first encoder alone all that stands out needs more references; one good part is normal.
    assert (before[0].review, before[0].escapes, before[0].false_rejects) == (0.75, 0.0, 0.0)
    assert (after[0].review, after[0].escapes, after[0].false_rejects, after[0].asked) == (0.0, 0.0, 0.0, 1.0)


def test_each_product_is_judged_by_the_multiple_that_loses_no_good_part_of_the_others():
    rows = [*both("plate", 0.5, 0.6, 1.5, 5.0), *both("cloth", 0.5, 1.9, 2.0, 5.0)]
    _, after = verdict_shares(rows, 4)
    chosen = {one.product: (one.far_beyond, one.false_rejects) for one in after}
    # The cloth has a good part at 1.73 times the threshold, which the plate's choice must spare.
    assert chosen == {"plate": (1.75, 0.0), "cloth": (1.0, 0.5)}
    lines = unpadded(as_table(*verdict_shares(rows, 4))).splitlines()
    assert lines[-1].startswith("| mean | ")
    assert lines[-1].count(" / ") == 3


def test_rows_without_both_encoders_name_what_is_missing(tmp_path):
    with pytest.raises(
        DatasetError, match="no 'the first encoder alone' and 'both encoders' with 16 references"
    ):
        verdict_shares(both("plate", 1.0, 1.0, 1.0, 1.0), 16)


def test_the_program_reads_the_rows_that_a_run_appended(tmp_path, capsys):
    from benchmarks.verdicts import app

    file = tmp_path / "rows.jsonl"
    for one in both("plate", 0.5, 0.6, 2.0, 5.0):
        append_value(file, one)
    with pytest.raises(SystemExit) as ended:
        app([str(file), "--far-beyond", "1.5"])
    assert ended.value.code == 0
    assert "75.0 % / 0.0 %" in capsys.readouterr().out
