import pytest

from echo_agent.errors import DatasetError, MissingExtraError
from echo_agent.evaluation.solar_cells import choose


@pytest.fixture
def labels(tmp_path):
    """A list of cells in the dataset's layout, without the photographs."""
    rows = [f"images/good{n}.png  0.0  mono" for n in range(12)]
    rows += [f"images/bad{n}.png  1.0  mono" for n in range(5)]
    rows += [f"images/unsure{n}.png  0.3333333333333333  mono" for n in range(5)]
    rows += [f"images/poly{n}.png  0.0  poly" for n in range(5)]
    (tmp_path / "labels.csv").write_text("\n".join(rows) + "\n")
    return tmp_path


def test_no_cell_is_both_shown_and_inspected_and_truth_is_the_experts(labels):
    choice = choose(labels, references=8, unseen_of_each=4)
    unseen = [cell.path for cell in choice.unseen]
    assert len(choice.references) == len(set(choice.references)) == 8
    assert len(set(unseen)) == 8
    assert not set(choice.references) & set(unseen)
    assert all("good" in path.name for path in choice.references)
    assert all(("bad" in cell.path.name) == (cell.truth == "defective") for cell in choice.unseen)
    assert sum(cell.truth == "defective" for cell in choice.unseen) == 4


def test_a_seed_chooses_the_same_again_and_another_others(labels):
    chosen = [choose(labels, references=8, unseen_of_each=2, seed=seed) for seed in (0, 0, 1)]
    assert chosen[0] == chosen[1] != chosen[2]


def test_too_few_cells_are_an_error(labels):
    with pytest.raises(DatasetError, match="too few"):
        choose(labels, references=12, unseen_of_each=1)


def test_a_missing_list_is_named(tmp_path):
    with pytest.raises(DatasetError, match=r"labels\.csv"):
        choose(tmp_path)


def test_a_missing_package_names_the_extra(monkeypatch):
    from echo_agent.evaluation import solar_cells

    monkeypatch.setattr(solar_cells, "find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=r"echo-agent\[demo\]"):
        solar_cells.data_folder()
