import pytest

from echo_agent.evaluation.folder import FolderResult
from echo_agent.evaluation.folder_summary import FIGURES, markdown_table, summarise
from tests.tables import unpadded


def result(category, seed, auroc, aupro=None, shots=4):
    figures = dict.fromkeys(FIGURES, 0.5) | {"image_auroc": auroc, "aupro": aupro}
    return FolderResult(category=category, shots=shots, seed=seed, n_test=5, n_defective=3, **figures)


@pytest.fixture
def runs():
    rows = [
        result("plate", 0, 0.8, 0.6),
        result("plate", 1, 0.9, 0.8),
        result("disc", 0, 0.6, shots=3),
        result("disc", 1, 0.9, shots=3),
    ]
    return summarise([(4, row) for row in rows])


def test_a_category_has_mean_and_spread_over_its_seeds(runs):
    plate = runs.summaries[0]
    assert (plate.category, plate.shots, plate.seeds) == ("plate", 4, (0, 1))
    assert plate.figures["image_auroc"].mean == pytest.approx(0.85)
    assert plate.figures["image_auroc"].sd == pytest.approx(0.0707, abs=1e-4)


def test_the_mean_row_is_over_categories_seed_by_seed(runs):
    (mean,) = runs.means
    assert (mean.category, mean.shots) == ("mean", 4)
    # Seed 0 has 0.7 over the categories, seed 1 has 0.9.
    assert mean.figures["image_auroc"].mean == pytest.approx(0.8)
    assert mean.figures["image_auroc"].sd == pytest.approx(0.1414, abs=1e-4)
    assert mean.figures["aupro"].mean == pytest.approx(0.7)


def test_a_figure_that_no_run_has_is_none_and_a_dash(runs):
    assert runs.summaries[1].figures["aupro"] is None
    table = unpadded(markdown_table(runs)).splitlines()
    assert table[3].startswith("| disc | 4 | 0.750 ± 0.212 |")
    assert " - |" in table[3]
    assert table[4].startswith("| mean | 4 | 0.800 ± 0.141 |")


def test_one_seed_has_no_spread_and_one_category_no_mean_row():
    table = unpadded(markdown_table(summarise([(2, result("plate", 0, 0.8)), (4, result("plate", 0, 0.9))])))
    assert "±" not in table
    assert "| mean |" not in table
