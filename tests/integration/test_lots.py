"""Lots of real photographs, by the real encoder: fewer doubts, and no harm where most parts are defective."""

import pytest

from benchmarks.lots import benchmark_lots
from echo_agent.context import Context
from echo_agent.evaluation.folder_layout import read_category


@pytest.mark.parametrize(("share", "settles"), [(0.3, True), (0.6, False)])
def test_a_lot_settles_doubts_and_does_no_harm(test_data, share, settles):
    category = read_category(test_data / "Mini" / "paper_floral")
    (found,) = benchmark_lots(category, [share], shots=4, seed=0, parts=20, context=Context(encoders="first"))
    alone, together = found.reviews
    assert alone > 0
    assert together < alone if settles else together <= alone
    assert found.escapes[1] <= found.escapes[0]
    assert found.rejects[1] <= found.rejects[0]
