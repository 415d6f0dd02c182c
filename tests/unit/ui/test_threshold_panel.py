from types import SimpleNamespace
from unittest.mock import MagicMock

import pytest

from echo_agent.strictness import Strictness
from echo_agent.ui.regions_panel import RegionsPanel
from echo_agent.ui.threshold_panel import ThresholdPanel

WIDGETS = MagicMock(update=lambda **changes: changes)
"""Stands in for Gradio, which opens an event loop where it is imported."""


@pytest.mark.parametrize(("rate", "reach"), [(0.1, (0.1, 20.0)), (5.0, (0.5, 20.0)), (35.0, (0.5, 35.0))])
def test_the_slider_reaches_whatever_rate_is_in_force(rate, reach, monkeypatch):
    controller = SimpleNamespace(strictness=lambda _: Strictness(max_false_reject=rate / 100))
    panel = ThresholdPanel(controller, WIDGETS)
    monkeypatch.setattr(panel, "_try", lambda *_: ("", ""))
    slider = panel._chosen("plate", None)[1]
    assert (slider["minimum"], slider["maximum"]) == pytest.approx(reach)
    assert slider["minimum"] <= slider["value"] <= slider["maximum"]


@pytest.mark.parametrize(
    ("chosen", "told"), [("more", {}), (None, {"value": "few"}), ("gone", {"value": "few"})]
)
def test_a_room_that_opens_chooses_a_product_only_where_none_is_chosen(chosen, told, monkeypatch):
    products = [SimpleNamespace(name=name) for name in ("few", "more")]
    for made, given in (
        (ThresholdPanel(SimpleNamespace(products=lambda: products), WIDGETS), (10.0, None)),
        (RegionsPanel(SimpleNamespace(products=lambda: products), WIDGETS), (None, None, "")),
    ):
        monkeypatch.setattr(made, "_chosen", lambda *_: ())
        listed, *_ = made._opened(chosen, *given)
        assert listed == {"choices": ["few", "more"], **told}
