import unicodedata
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from echo_agent.errors import ProductError
from echo_agent.memory.catalog import named
from echo_agent.memory.registration import check_name, in_order, similarity_floor


@pytest.mark.parametrize("name", ["", "  ", "a" * 101, "a\nb", "a\x00"])
def test_names_that_cannot_be_used_are_an_error(name):
    with pytest.raises(ProductError, match="is no name"):
        check_name(name)


@pytest.mark.parametrize("name", ["bracket", "Träger 12/b", "..", "螺丝", "con: 1"])
def test_names_in_any_language_can_be_used(name):
    assert check_name(f"  {name} ") == name


@given(st.integers(1, 20), st.integers(1, 30), st.integers(0, 99))
def test_the_order_is_drawn_by_the_seed_and_nothing_is_lost(count, shots, seed):
    files = [f"{number}.png" for number in range(count)]
    ordered = in_order(files, shots, seed)
    assert ordered == in_order(files, shots, seed)
    assert sorted(ordered) == sorted(files)


def test_all_are_taken_in_their_order():
    assert in_order(["b.png", "a.png"], None, 3) == ["b.png", "a.png"]


def test_seeds_differ():
    files = [f"{number}.png" for number in range(20)]
    assert len({tuple(in_order(files, 3, seed)) for seed in range(5)}) > 1


def test_the_similarity_floor_widens_with_the_references():
    def embeddings(angle):
        turns = np.arange(4) * angle
        return np.stack([np.cos(turns), np.sin(turns)], axis=1).astype(np.float32)

    assert similarity_floor(embeddings(0.01)[:1], [0]) < 1
    groups = range(4)
    assert similarity_floor(embeddings(0.6), groups) < similarity_floor(embeddings(0.01), groups) < 1


def test_a_products_name_is_kept_in_one_spelling():
    assert check_name(" cap ") == check_name("cap") == "cap"
    assert check_name(unicodedata.normalize("NFD", "Türgriff")) == "Türgriff"


def test_a_name_in_another_case_is_told():
    with pytest.raises(ProductError, match="'Cap': it is registered as 'cap'"):
        named("Cap", [SimpleNamespace(name="cap")])
    assert named(" cap", [SimpleNamespace(name="cap")]).name == "cap"
