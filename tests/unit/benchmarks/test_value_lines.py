import pytest

from benchmarks import value_lines
from benchmarks.calibration import Draw
from benchmarks.leave_one_out import AblationRow
from benchmarks.value_lines import append_value, code_digest, read_values
from echo_agent.errors import DatasetError


def a_row(seed=0):
    return AblationRow(variant="both", product="plate", shots=4, seed=seed, image_auroc=0.9, aupro=None)


def test_a_measurement_goes_on_from_its_own_rows(tmp_path):
    file = tmp_path / "rows.jsonl"
    assert read_values(file, AblationRow, to_go_on=True) == []
    for seed in (0, 1):
        append_value(file, a_row(seed))
    assert read_values(file, AblationRow, to_go_on=True) == [a_row(0), a_row(1)]


def test_rows_of_other_code_are_read_and_not_gone_on_from(tmp_path, monkeypatch):
    file = tmp_path / "rows.jsonl"
    append_value(file, a_row())
    monkeypatch.setattr(value_lines, "MEASURING", ("vision",))
    assert read_values(file, AblationRow) == [a_row()]
    with pytest.raises(DatasetError, match="by other code than this: name another --out"):
        read_values(file, AblationRow, to_go_on=True)


@pytest.mark.parametrize("text", ["{", "[]\n", '{"code": "x"}\n{"variant": 1}\n'])
def test_another_file_is_refused(tmp_path, text):
    file = tmp_path / "rows.jsonl"
    file.write_text(text)
    with pytest.raises(DatasetError, match="holds something else"):
        read_values(file, Draw)


def test_each_room_has_a_digest_of_its_own():
    assert code_digest("vision") != code_digest("images") != code_digest("images", "vision")
