"""Screws are counted on real photographs, whose names tell nothing, from places drawn on one reference."""

from pathlib import Path

import pytest

from benchmarks.counts import evaluate_counts, read_counts
from echo_agent.evaluation.folder_layout import read_categories
from echo_agent.inspector import Inspector

pytestmark = pytest.mark.data

CARD = Path(__file__).parent / "four_screws" / "card.yaml"
TRUTH = Path(__file__).parent / "four_screws" / "counts.csv"


def test_missing_screws_are_counted_from_places_on_one_reference(test_data):
    (category,) = read_categories([test_data / "Mini" / "four_screws"])
    found = evaluate_counts(
        category, card=CARD, truth=read_counts(TRUTH), shots=16, seed=0, open_inspector=Inspector.open
    )
    assert (found.complete, found.incomplete) == (10, 73)
    assert found.complete_right >= 0.9 * found.complete
    assert found.incomplete_right >= 0.8 * found.incomplete
    assert found.incomplete_labels.get("normal", 0) == 0
