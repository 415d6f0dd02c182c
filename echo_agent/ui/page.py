"""The page for the line: widgets over the controller, and what happens when they are used. Works with no network."""

import uuid
from collections.abc import Iterator
from functools import partial
from html import escape
from pathlib import Path
from typing import Any

from echo_agent.ui.controller import Controller
from echo_agent.ui.html import part
from echo_agent.ui.regions_panel import RegionsPanel
from echo_agent.ui.threshold_panel import ThresholdPanel
from echo_agent.ui.verdict_panel import VerdictPanel, shown_errors

ANY_PRODUCT = "find out"
RECORDS_SHOWN = 50
QUEUE_SIDE = 240
SUGGESTED = ("Where is it?", "How big is it?", "Compare it", "In tolerance?")


class Page:
    """The widgets and what happens when they are used.

    Args:
        controller: What it works on.
        gradio: The module: it comes with the extra ``ui``.
    """

    def __init__(self, controller: Controller, gradio: Any) -> None:
        self._controller = controller
        self._gr = gradio
        with gradio.Blocks(title="Echo", analytics_enabled=False) as self.blocks:
            self.tab = gradio.State(_new_name)
            self.turns = gradio.State([])
            gradio.HTML(
                "<h1>Echo</h1><p>Photograph a part: normal, defective, or a person should look.</p>",
                elem_id="title",
                padding=False,
            )
            with gradio.Tabs(elem_id="rooms"):
                with gradio.Tab("Inspect"):
                    self._inspect_tab()
                with gradio.Tab("Review") as self.review_tab:
                    self._review_tab()
                with gradio.Tab("Products"):
                    self._products_tab()
                with gradio.Tab("Threshold") as self.threshold_tab:
                    self.threshold = ThresholdPanel(controller, gradio)
                with gradio.Tab("Ignored regions") as self.regions_tab:
                    self.regions = RegionsPanel(controller, gradio)
                with gradio.Tab("Records") as self.records_tab:
                    self.records = gradio.HTML(elem_id="records", elem_classes="evidence", padding=False)
            self._wire()

    def _inspect_tab(self) -> None:
        gr = self._gr
        with gr.Row(equal_height=False, elem_id="inspecting"):
            with gr.Column(scale=2, min_width=340, elem_id="asking"):
                self.product = gr.Dropdown([ANY_PRODUCT], value=ANY_PRODUCT, label="Product")
                self.image = gr.Image(
                    type="filepath",
                    sources=["upload", "clipboard"],
                    label="Photograph",
                    height=300,
                    elem_id="photograph",
                )
                self.go = gr.Button("Inspect", variant="primary", size="lg")
                with gr.Column(visible=False, elem_id="talk") as self.talk:
                    self._conversation()
            with gr.Column(scale=3, min_width=480, elem_id="seen"):
                self.empty = gr.HTML(part("nothing_inspected"), padding=False)
                self.notices = gr.HTML(elem_id="notices", padding=False)
                self.inspected = VerdictPanel(self._controller, gr, "inspected")

    def _conversation(self) -> None:
        gr = self._gr
        self.chat = gr.Chatbot(
            height=330,
            label="Conversation",
            show_label=False,
            elem_id="conversation",
            feedback_options=None,
            buttons=["copy"],
            render_markdown=False,
            latex_delimiters=[],
            placeholder=part("conversation_begins"),
        )
        with gr.Row(elem_classes="suggested"):
            self.suggested = [gr.Button(text, size="sm", min_width=80) for text in SUGGESTED]
        self.question = gr.Textbox(
            placeholder="Type a question and press Enter", label="Ask", submit_btn=True, elem_id="ask"
        )

    def _review_tab(self) -> None:
        gr = self._gr
        # the inspections of the queue's pictures, as the browser shows them
        self.listed = gr.Textbox(visible=False)
        self.none_waits = gr.HTML(part("nothing_waits"), padding=False)
        with gr.Row(equal_height=False, visible=False) as self.queue_box:
            with gr.Column(scale=2, min_width=340):
                gr.HTML("<b>Waiting for a person, oldest first</b>", padding=False)
                self.queue = gr.Gallery(
                    show_label=False,
                    columns=2,
                    height=520,
                    allow_preview=False,
                    elem_id="queue",
                    object_fit="contain",
                    buttons=[],
                )
            with gr.Column(scale=3, min_width=480):
                self.pick = gr.HTML(part("nothing_chosen"), padding=False)
                self.waiting = VerdictPanel(self._controller, gr, "waiting")

    def _products_tab(self) -> None:
        gr = self._gr
        with gr.Row(equal_height=False):
            with gr.Column(scale=2, min_width=340):
                self.name = gr.Textbox(label="Name", placeholder="such as bracket")
                self.files = gr.File(
                    file_count="multiple",
                    file_types=["image"],
                    label="Photographs of good parts (ten or more are better)",
                    elem_id="references",
                    height=200,
                )
                self.card = gr.File(
                    file_types=[".yaml", ".yml"], label="Knowledge card (optional)", height=140
                )
                self.register = gr.Button("Register", variant="primary", size="lg")
                with gr.Column(visible=False, elem_id="known") as self.known:
                    self.known_as = gr.HTML(padding=False)
                    with gr.Row():
                        self.add = gr.Button("Add to them", variant="primary")
                        self.replace = gr.Button("Replace them")
            with gr.Column(scale=3, min_width=480):
                self.registered = gr.HTML(elem_id="products", elem_classes="evidence", padding=False)

    def _wire(self) -> None:
        listed = [self.product, self.registered]
        queue = [self.queue, self.listed, self.queue_box, self.none_waits, self.review_tab]
        self.blocks.load(self._products, None, listed, show_progress="hidden")
        self.blocks.load(self._queue, None, queue, show_progress="hidden")
        self.blocks.load(self._begin, None, self.empty, show_progress="hidden")
        self.blocks.load(
            self._on_link(),
            self.inspected.opacity,
            [*self.inspected.outputs, self.empty],
            show_progress="hidden",
            **self.inspected.in_turn,
        )
        self.regions.wire(self.regions_tab, self._products, listed)
        self.threshold.wire(self.threshold_tab, self._products, listed)
        self.records_tab.select(self._records, None, self.records, show_progress="hidden")
        self.review_tab.select(self._queue, None, queue, show_progress="hidden")
        self.go.click(
            self._inspect,
            [self.tab, self.image, self.product, self.inspected.opacity],
            [
                *self.inspected.outputs,
                self.empty,
                self.talk,
                self.tab,
                self.turns,
                self.chat,
                self.notices,
                *queue,
            ],
            **self.inspected.in_turn,
        )
        given = [self.name, self.files, self.card]
        made = [*listed, self.empty, *given, self.register, self.known, self.known_as]
        self.register.click(self._ask_or_register, given, made)
        self.add.click(self._register, given, made)
        self.replace.click(partial(self._register, replace=True), given, made)
        talked: dict[str, Any] = {"outputs": [self.turns, self.chat, self.question], "concurrency_id": "talk"}
        asked = [self.tab, self.question, self.product, self.turns]
        answered = [self.question.submit(self._ask, asked, trigger_mode="always_last", **talked)]
        for button in self.suggested:
            suggested = partial(self._ask, typed=False)
            answered.append(button.click(suggested, [self.tab, button, self.product, self.turns], **talked))
        for event in answered:  # a busy browser may have shown a later answer before this one
            event.then(_as_it_is, self.turns, self.chat, queue=False, show_progress="hidden")
        self.queue.select(
            self._on_choice(),
            [self.listed, self.waiting.opacity],
            [*self.waiting.outputs, self.pick],
            trigger_mode="multiple",  # "always_last" would choose the first again
            **self.waiting.in_turn,
        )
        for label, ours, theirs in (
            ("normal", self.inspected.normal, self.waiting.normal),
            ("defective", self.inspected.defective, self.waiting.defective),
        ):
            ours.click(partial(self._record, self.inspected, label), self.inspected.inputs, [*queue, *listed])
            theirs.click(
                partial(self._close, label),
                self.waiting.inputs,
                [*self.waiting.outputs, self.pick, *queue, *listed],
                **self.waiting.in_turn,
            )

    def _on_link(self) -> Any:
        """Shows the inspection that the page's address names; Gradio knows the request by its annotation."""

        def show(opacity: float, request: Any) -> tuple[Any, ...]:
            name = request.query_params.get("inspection")
            if name is None:
                return tuple([self._gr.update()] * (len(self.inspected.outputs) + 1))
            record = shown_errors(self._gr, self._controller.inspection, name)
            return (
                *self.inspected.show(record.image, record.verdict, opacity),
                self._gr.update(visible=False),
            )

        show.__annotations__["request"] = self._gr.Request
        return show

    def _begin(self) -> str:
        return part("nothing_inspected" if self._controller.products() else "no_products")

    def _products(self, chosen: str | None = None) -> tuple[Any, str]:
        known = self._controller.products()
        names = [record.name for record in known]
        update = {"choices": [ANY_PRODUCT, *names]} | ({"value": chosen} if chosen else {})
        return self._gr.update(**update), part("products", products=known)

    def _records(self) -> str:
        kept = shown_errors(self._gr, self._controller.records, RECORDS_SHOWN)
        return self._notices() + part("records", records=kept)

    def _notices(self) -> str:
        return part("notices", notices=shown_errors(self._gr, self._controller.notices))

    def _queue(self) -> tuple[Any, ...]:
        waiting = shown_errors(self._gr, self._controller.waiting)
        pictures = []
        for record in waiting:
            when = record.when[5:16].replace("T", " ")
            caption = f"{Path(record.called).name}, {record.verdict.product or 'unknown product'}, {when}"
            pictures.append((self._controller.thumbnail(record.image, QUEUE_SIDE), caption))
        gr = self._gr
        return (
            gr.update(value=pictures, selected_index=None),
            " ".join(record.id for record in waiting),
            gr.update(visible=bool(waiting)),
            gr.update(visible=not waiting),
            gr.update(label=f"Review ({len(waiting)})" if waiting else "Review"),
        )

    def _inspect(self, tab: str, picture: str | None, product: str, opacity: float) -> tuple[Any, ...]:
        gr = self._gr
        if picture is None:
            raise gr.Error("There is no photograph yet: drop or paste one.", print_exception=False)
        talk = _new_name()  # an answer about the photograph before may still be written
        image, verdict = shown_errors(gr, self._controller.inspect, talk, picture, _named(product))
        self._controller.end(tab)
        shown = self.inspected.show(image, verdict, opacity)
        return (
            *shown,
            gr.update(visible=False),
            gr.update(visible=True),
            talk,
            [],
            [],
            self._notices(),
            *self._queue(),
        )

    def _ask_or_register(self, name: str, files: list[str] | None, card: str | None) -> tuple[Any, ...]:
        """Registers a new product; of one that there is it asks first what shall become of its references."""
        known = self._controller.known(name or "")
        if known is None or not files:
            return self._register(name, files, card)
        gr = self._gr
        asked = gr.update(visible=False), gr.update(visible=True), part("known", product=known)
        return (*[gr.update()] * 6, *asked)

    def _register(
        self, name: str, files: list[str] | None, card: str | None, *, replace: bool = False
    ) -> tuple[Any, ...]:
        gr = self._gr
        record, remarks = shown_errors(
            gr, self._controller.register, name or "", files or [], card, replace=replace
        )
        gr.Info(f"{record.name} is registered with {record.normals} references.")
        for remark in remarks:
            gr.Warning(remark)
        done = "", None, None, gr.update(visible=True), gr.update(visible=False), ""
        return (*self._products(record.name), self._begin(), *done)

    def _ask(
        self, tab: str, question: str, product: str, turns: list[Any], *, typed: bool = True
    ) -> Iterator[tuple[Any, Any, Any]]:
        """Shows the question at once and then its answer; what is typed meanwhile stays."""
        as_it_is = self._gr.update()
        if not str(question or "").strip():
            yield as_it_is, as_it_is, as_it_is
            return
        # As text: Gradio's Markdown would load pictures from elsewhere, and its HTML keeps links that are script.
        turns = [*turns, {"role": "user", "content": escape(str(question))}]
        yield turns, turns, "" if typed else as_it_is
        said = shown_errors(self._gr, self._controller.ask, tab, str(question), _named(product))
        turns = [*turns, {"role": "assistant", "content": escape(said)}]
        if self._controller.talks(tab):
            yield turns, turns, as_it_is
        else:  # another photograph was inspected meanwhile
            self._controller.end(tab)

    def _on_choice(self) -> Any:
        """What happens when a picture of the queue is chosen; Gradio knows the event by its annotation."""

        def choose(listed: str, opacity: float, event: Any) -> tuple[Any, ...]:
            return self._choose(listed, opacity, event.index)

        choose.__annotations__["event"] = self._gr.SelectData
        return choose

    def _choose(self, listed: str, opacity: float, index: int) -> tuple[Any, ...]:
        """Shows the part that was chosen of those that the page lists; others may wait by now."""
        chosen = next((name for at, name in enumerate(str(listed).split()) if at == index), None)
        waiting = shown_errors(self._gr, self._controller.waiting)
        record = next((record for record in waiting if record.id == chosen), None)
        if record is None:
            raise self._gr.Error("That part no longer waits.", print_exception=False)
        shown = self.waiting.show(record.image, record.verdict, opacity)
        return (*shown, self._gr.update(visible=False))

    def _record(self, panel: VerdictPanel, label: Any, *given: Any) -> tuple[Any, ...]:
        self._gr.Info(panel.record(label, *given))
        return (*self._queue(), *self._products())

    def _close(self, label: Any, *given: Any) -> tuple[Any, ...]:
        done = self._record(self.waiting, label, *given)
        return (*self.waiting.hide(), self._gr.update(visible=True), *done)


def _as_it_is(value: Any) -> Any:
    return value


def _new_name() -> str:
    return uuid.uuid4().hex


def _named(product: str | None) -> str | None:
    return None if product in (None, ANY_PRODUCT) else str(product)
