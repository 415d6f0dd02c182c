"""Regions that never count, and those that alone do: drawn by clicks or typed, listed, removed, stored."""

from collections.abc import Callable
from typing import Any

from echo_agent.errors import EchoError
from echo_agent.images.ignored import Ignored, Polygon
from echo_agent.knowledge.card import MAX_ENTRIES
from echo_agent.memory.product import ProductRecord
from echo_agent.ui.controller import Controller
from echo_agent.ui.html import part
from echo_agent.ui.verdict_panel import shown_errors

KINDS = {"Never counts": "regions", "Alone counts": "all_but"}
MAX_CORNERS = 4000
"""Characters of a region's corners."""


class RegionsPanel:
    """The widgets that draw a product's regions on one of its references.

    Args:
        controller: What it works on.
        gradio: The library.
    """

    def __init__(self, controller: Controller, gradio: Any) -> None:
        self._controller = controller
        self._gr = gradio
        self.drawn = gradio.State(Ignored())
        self.stored = (
            gradio.State()
        )  # the product that is shown and its stored regions: others are not stored yet
        # beside the text box: corners that are clicked quickly must not be lost
        self.typed = gradio.State("")
        with gradio.Row(equal_height=False, elem_id="drawing"):
            with gradio.Column(scale=2, min_width=340):
                self.product = gradio.Dropdown([], label="Product", elem_id="regions-product")
                self.kind = gradio.Radio(
                    list(KINDS), value=next(iter(KINDS)), label="What lies in the region"
                )
                self.corners = gradio.Textbox(
                    label="Corners", elem_id="corners", max_length=MAX_CORNERS,
                    placeholder="40 20, 65 20, 65 45",
                    info="Click them in the photograph, or type x and y in % of its width and height.",
                )  # fmt: skip
                self.add = gradio.Button("Add region")
                with gradio.Row():
                    self.chosen = gradio.Dropdown(
                        [], label="Region", elem_id="region", scale=2, min_width=120
                    )
                    self.remove = gradio.Button("Remove", min_width=80)
                self.moves = gradio.Checkbox(
                    value=True,
                    label="They move with the part",
                    info="Each photograph is laid on this one; else they stay in the picture.",
                )
                self.who = gradio.Textbox(label="Your name", placeholder="who draws them", max_length=200)
                self.keep = gradio.Button(
                    "Store for this product", variant="primary", elem_id="store-regions"
                )
            with gradio.Column(scale=3, min_width=480, elem_id="regions-seen"):
                self.picture = gradio.Image(
                    label="A reference", show_label=False, interactive=False, format="png",
                    elem_id="regions-picture", buttons=["fullscreen"],
                )  # fmt: skip
                self.told = gradio.HTML(elem_id="regions-told", padding=False)

    def wire(self, opened: Any, listed: Callable[[], Any], outputs: list[Any]) -> None:
        """Says what happens when the widgets are used.

        Args:
            opened: The tab that the panel stands in.
            listed: Lists the products of the page anew.
            outputs: What that fills.
        """
        changed = [self.drawn, self.picture, self.told, self.corners, self.typed, self.chosen]
        whole = [self.stored, *changed, self.moves]
        shown = [self.product, self.stored, self.drawn, self.corners]
        in_turn: dict[str, Any] = {"show_progress": "hidden", "concurrency_id": "regions"}
        opened.select(self._opened, shown, [self.product, *whole], **in_turn)
        self.product.input(self._chosen, shown, whole, trigger_mode="always_last", **in_turn)
        self.picture.select(
            self._on_click(),
            [self.product, self.typed],
            [self.typed, self.corners],
            trigger_mode="multiple",
            **in_turn,
        )
        self.corners.input(lambda text: text, self.corners, self.typed, **in_turn)
        self.corners.change(
            self._redraw,
            [self.product, self.drawn, self.corners],
            self.picture,
            trigger_mode="always_last",
            **in_turn,
        )
        given = [self.product, self.drawn, self.kind, self.corners]
        self.add.click(self._add, given, changed, **in_turn)
        self.corners.submit(self._add, given, changed, **in_turn)
        self.remove.click(self._remove, [self.product, self.drawn, self.chosen], changed, **in_turn)

        def keep(product: str | None, drawn: Ignored, moves: bool, who: str) -> tuple[Any, ...]:
            return *self._keep(product, drawn, moves, who), *listed()

        self.keep.click(keep, [self.product, self.drawn, self.moves, self.who], [*whole, *outputs])

    def _opened(self, product: str | None, stored: Any, drawn: Ignored, corners: str) -> tuple[Any, ...]:
        names = [record.name for record in self._controller.products()]
        chosen = product if product in names else next(iter(names), None)
        # the value only where it is another: a person may choose while this is answered
        listed = self._gr.update(choices=names, **({} if chosen == product else {"value": chosen}))
        return listed, *self._chosen(chosen, stored, drawn, corners)

    def _chosen(self, product: str | None, stored: Any, drawn: Ignored, corners: str) -> tuple[Any, ...]:
        known = self._controller.known(product) if isinstance(product, str) else None
        nothing = self._gr.update()
        if known is None:
            return None, Ignored(), None, part("no_products"), "", "", nothing, nothing
        if stored and stored[0] == known.name and (drawn != stored[1] or corners):
            return stored, drawn, self._redraw(known.name, drawn, corners), *[nothing] * 5
        return self._as_stored(known)

    def _as_stored(self, known: ProductRecord) -> tuple[Any, ...]:
        moves = known.ignored.drawn_on is not None or not known.ignored
        return (
            (known.name, known.ignored),
            *self._shown(known.name, known.ignored),
            self._gr.update(value=moves),
        )

    def _shown(self, product: str, drawn: Ignored) -> tuple[Any, ...]:
        names = _names(drawn)
        share = drawn.share(shown_errors(self._gr, self._controller.drawn_on, product).size)
        return (
            drawn,
            self._redraw(product, drawn, ""),
            part("drawn", names=names, share=share),
            "",
            "",
            self._gr.update(choices=names, value=names[-1] if names else None),
        )

    def _redraw(self, product: str | None, drawn: Ignored, corners: str) -> Any:
        if not isinstance(product, str):
            return None
        try:
            points = parse_corners(corners)
        except EchoError:
            points = ()  # told when it is added: it is being typed
        return shown_errors(self._gr, self._controller.regions_picture, product, drawn, points)

    def _on_click(self) -> Any:
        """Adds the corner that is clicked; Gradio knows the event by its annotation."""

        def click(product: str | None, corners: str, event: Any) -> tuple[str, str]:
            if isinstance(product, str):
                width, height = shown_errors(self._gr, self._controller.drawn_on, product).size
                x, y = 100 * event.index[0] / (width - 1), 100 * event.index[1] / (height - 1)
                corner = f"{min(x, 100):.1f} {min(y, 100):.1f}"
                corners = ", ".join([*filter(None, [corners.strip().rstrip(",")]), corner])[:MAX_CORNERS]
            return corners, corners

        click.__annotations__["event"] = self._gr.SelectData
        return click

    def _add(self, product: str | None, drawn: Ignored, kind: str, corners: str) -> tuple[Any, ...]:
        self._needs(product)
        shape = shown_errors(self._gr, parse_corners, corners)
        field = KINDS.get(kind, "regions")
        shapes = (*getattr(drawn, field), shape)
        if len(shape) < 3 or len(shapes) > MAX_ENTRIES:
            told = "A region needs three corners." if len(shape) < 3 else "There are too many regions."
            raise self._gr.Error(told, print_exception=False)
        return self._shown(str(product), drawn.model_copy(update={field: shapes}))

    def _remove(self, product: str | None, drawn: Ignored, chosen: str | None) -> tuple[Any, ...]:
        self._needs(product)
        names = _names(drawn)
        if chosen not in names:
            raise self._gr.Error("There is no such region: choose one.", print_exception=False)
        left = [shape for name, shape in zip(names, _shapes(drawn), strict=True) if name != chosen]
        ignored = sum(name != chosen for name in names[: len(drawn.regions)])
        changed = {"regions": tuple(left[:ignored]), "all_but": tuple(left[ignored:])}
        return self._shown(str(product), drawn.model_copy(update=changed))

    def _keep(self, product: str | None, drawn: Ignored, moves: bool, who: str) -> tuple[Any, ...]:
        self._needs(product)
        record = shown_errors(
            self._gr, self._controller.keep_regions, str(product), drawn, who or "", moves=moves
        )
        self._gr.Info(f"Stored for {record.name} as version {record.version}.")
        return self._as_stored(record)

    def _needs(self, product: str | None) -> None:
        if not isinstance(product, str):
            raise self._gr.Error("No product is chosen: register one first.", print_exception=False)


def parse_corners(text: str) -> Polygon:
    """Reads corners as they are typed, such as ``40 20, 65 20, 65 45``: x and y in per cent.

    Raises:
        EchoError: They are no such corners.
    """
    corners = []
    for pair in filter(None, (pair.strip() for pair in text[:MAX_CORNERS].replace(";", ",").split(","))):
        try:
            x, y = (float(number) / 100 for number in pair.split())
        except ValueError as error:
            raise EchoError(f"{pair[:40]!r} is no corner: write x and y in %, such as 40 20") from error
        if not (0 <= x <= 1 and 0 <= y <= 1):
            raise EchoError(f"the corner {pair[:40]} lies outside the photograph: write 0 to 100 for x and y")
        corners.append((x, y))
    if len(corners) > MAX_ENTRIES:
        raise EchoError(f"a region has {MAX_ENTRIES} corners at most: draw it more simply")
    return tuple(corners)


def _shapes(drawn: Ignored) -> tuple[Polygon, ...]:
    return (*drawn.regions, *drawn.all_but)


def _names(drawn: Ignored) -> list[str]:
    kinds = list(KINDS)
    which = [kinds[0]] * len(drawn.regions) + [kinds[1]] * len(drawn.all_but)
    return [f"{number}: {kind.lower()}" for number, kind in enumerate(which, start=1)]
