import pytest

from benchmarks.quality import WAYS, markdown_table, measure_quality
from echo_agent.evaluation.folder_layout import read_category
from tests.conftest import synthetic_part
from tests.tables import unpadded


@pytest.fixture
def category(tmp_path):
    folder = tmp_path / "plate"
    for place, seeds, defect in (
        ("train/good", range(5), False),
        ("test/good", range(10, 13), False),
        ("test/scratch", range(20, 22), True),
    ):
        (folder / place).mkdir(parents=True)
        for seed in seeds:
            synthetic_part(seed, defect=defect, size=(320, 240)).save(folder / place / f"{seed}.png")
    return read_category(folder)


def test_shares_of_what_is_refused_and_caught(category):
    result = measure_quality(category, shots=4, seeds=2)
    assert result.good == 0
    assert result.defective == 0
    assert set(result.caught) == set(WAYS)
    assert result.caught["dark"] == 1
    assert 0.6 <= result.caught_overall <= 1
    assert result.photographs == 3


def test_the_table_has_a_row_a_category_and_a_mean(category):
    result = measure_quality(category, shots=4, seeds=1)
    lines = unpadded(markdown_table([result, result])).splitlines()
    assert len(lines) == 5
    assert lines[-1].startswith("| mean |")
    assert len({line.count("|") for line in lines}) == 1
