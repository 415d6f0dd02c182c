"""What a threshold costs: the scores beside it, what a rate promises and would have changed; keeps the rate."""

from collections.abc import Callable
from typing import Any

from echo_agent.state.notation import WHOSE
from echo_agent.strictness import Strictness
from echo_agent.ui.controller import Controller
from echo_agent.ui.html import part
from echo_agent.ui.verdict_panel import shown_errors

LISTED = 20
"""Changed inspections that are listed."""

MAX_RATE, STEP = 20.0, 0.5
"""Rates of the slider, in per cent; it reaches further where that in force does."""


class ThresholdPanel:
    """The widgets of a product's threshold.

    Args:
        controller: What it works on.
        gradio: The library.
    """

    def __init__(self, controller: Controller, gradio: Any) -> None:
        self._controller = controller
        self._gr = gradio
        usual = 100 * Strictness().max_false_reject
        self.of = gradio.State()  # the product whose rate the slider shows: chosen again, it is not put back
        with gradio.Row(equal_height=False):
            with gradio.Column(scale=2, min_width=340):
                self.product = gradio.Dropdown([], label="Product", elem_id="threshold-product")
                self.rate = gradio.Slider(
                    STEP, MAX_RATE, value=usual, step=STEP, label="False rejects, %", elem_id="rate",
                    info="Expected share of good parts that may be called defective.",
                )  # fmt: skip
                self.who = gradio.Textbox(label="Your name", placeholder="who sets it", max_length=200)
                self.keep = gradio.Button("Store for this product", variant="primary")
            with gradio.Column(scale=3, min_width=480):
                self.scores = gradio.HTML(elem_id="scores", padding=False)
                self.tried = gradio.HTML(elem_id="tried", elem_classes="evidence", padding=False)

    def wire(self, opened: Any, listed: Callable[[], Any], outputs: list[Any]) -> None:
        """Says what happens when the widgets are used.

        Args:
            opened: The tab that the panel stands in.
            listed: Lists the products of the page anew.
            outputs: What that fills.
        """
        shown = [self.scores, self.tried]
        whole = [self.of, self.rate, *shown]
        in_turn: dict[str, Any] = {"show_progress": "hidden", "concurrency_id": "threshold"}
        opened.select(self._opened, [self.product, self.rate, self.of], [self.product, *whole], **in_turn)
        self.product.input(
            self._chosen, [self.product, self.of], whole, trigger_mode="always_last", **in_turn
        )
        self.rate.change(self._try, [self.product, self.rate], shown, trigger_mode="always_last", **in_turn)

        def keep(product: str | None, rate: float, who: str) -> tuple[Any, ...]:
            return *self._keep(product, rate, who), *listed()

        self.keep.click(keep, [self.product, self.rate, self.who], [*shown, *outputs])

    def _opened(self, product: str | None, rate: float, of: str | None) -> tuple[Any, ...]:
        names = [record.name for record in self._controller.products()]
        chosen = product if product in names else next(iter(names), None)
        # the value only where it is another: a person may choose while this is answered
        listed = self._gr.update(choices=names, **({} if chosen == product else {"value": chosen}))
        if chosen is not None and chosen == of:
            return listed, of, self._gr.update(), *self._try(chosen, rate)
        return listed, *self._chosen(chosen, of)

    def _chosen(self, product: str | None, of: str | None) -> tuple[Any, ...]:
        if not isinstance(product, str):
            return None, self._gr.update(), "", part("no_products")
        if product == of:
            return of, *[self._gr.update()] * 3
        rate = 100 * shown_errors(self._gr, self._controller.strictness, product).max_false_reject
        slider = self._gr.update(value=rate, minimum=min(STEP, rate), maximum=max(MAX_RATE, rate))
        return product, slider, *self._try(product, rate)

    def _try(self, product: str | None, rate: float) -> tuple[str, str]:
        if not isinstance(product, str):
            return "", part("no_products")
        tried, spread = shown_errors(self._gr, self._controller.try_rate, product, rate / 100)
        strictness = shown_errors(self._gr, self._controller.strictness, product)
        known = self._controller.known(product)
        in_force = f"{100 * strictness.max_false_reject:g} % ({WHOSE[strictness.max_false_reject_from]})"
        set_by = known.strictness_by if known and strictness.max_false_reject_from == "product" else None
        return part("scores", spread=spread), part(
            "tried", tried=tried, in_force=in_force, set_by=set_by, listed=LISTED
        )

    def _keep(self, product: str | None, rate: float, who: str) -> tuple[str, str]:
        if not isinstance(product, str):
            raise self._gr.Error("No product is chosen: register one first.", print_exception=False)
        shown_errors(self._gr, self._controller.keep_rate, product, rate / 100, who or "")
        self._gr.Info(f"Stored for {product}: {rate:g} % false rejects.")
        return self._try(product, rate)
