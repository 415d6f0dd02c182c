"""The page for the line: widgets over the desk. Works with no network."""

import uuid
from typing import Any

from echo_agent.errors import EchoError, MissingExtraError
from echo_agent.ui.desk import Desk
from echo_agent.ui.verdict_html import reasons_html, region_rows, trace_html, verdict_banner

ANY_PRODUCT = "find out"

CSS = """
.gradio-container {max-width: 1280px !important; margin: 0 auto}
.banner {color: #fff; border-radius: 8px; padding: 14px 18px; display: flex; flex-direction: column; gap: 4px}
.banner strong {font-size: 1.5rem; color: #fff} .banner span {color: #fff}
.small {font-size: .85rem; opacity: .8}
footer {display: none !important}
"""


def build_page(desk: Desk) -> Any:
    """Builds the page.

    Args:
        desk: What it works on.

    Returns:
        Gradio's ``Blocks``; see ``serve``.

    Raises:
        MissingExtraError: The extra ``ui`` is not installed.
    """
    return _Page(desk, _gradio()).blocks


def serve(
    desk: Desk, *, host: str, port: int, password: str | None, open_browser: bool, block: bool = True
) -> Any:
    """Serves the page.

    Args:
        desk: What it works on.
        host: Address to listen at.
        port: Port.
        password: Password of the user ``echo``; None for no password.
        open_browser: Whether to open a browser.
        block: Whether to wait until the page is closed.

    Returns:
        Gradio's ``Blocks``, running.
    """
    gradio = _gradio()
    page = build_page(desk)
    page.launch(
        server_name=host,
        server_port=port,
        auth=("echo", password) if password else None,
        inbrowser=open_browser,
        share=False,
        quiet=True,
        prevent_thread_lock=not block,
        allowed_paths=[str(desk.inspector.memory.folder / "images")],
        max_file_size="25mb",
        ssr_mode=False,
        css=CSS,
        theme=gradio.themes.Default(
            primary_hue="teal",
            font=["system-ui", "sans-serif"],
            font_mono=["ui-monospace", "monospace"],
        ),
    )
    return page


def _gradio() -> Any:
    import os

    os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
    try:
        import gradio
    except ImportError as error:
        raise MissingExtraError("gradio", "ui") from error
    return gradio


class _Page:
    """The widgets and what happens when they are used."""

    def __init__(self, desk: Desk, gradio: Any) -> None:
        self._desk = desk
        self._gr = gradio
        with gradio.Blocks(title="Echo", analytics_enabled=False) as self.blocks:
            self.tab = gradio.State(lambda: uuid.uuid4().hex)
            self.shown = gradio.State(None)
            gradio.Markdown("# Echo\nPhotograph a part: normal, defective, or a person should look.")
            with gradio.Row():
                with gradio.Column(scale=2, min_width=320):
                    self._inputs()
                with gradio.Column(scale=3, min_width=420):
                    self._results()
            self._review()
            self._wire()

    def _inputs(self) -> None:
        gr = self._gr
        self.product = gr.Dropdown([ANY_PRODUCT, *self._desk.products()], value=ANY_PRODUCT, label="Product")
        self.image = gr.Image(
            type="filepath",
            sources=["upload", "clipboard"],
            label="Photograph",
            height=320,
            elem_id="photograph",
        )
        self.go = gr.Button("Inspect", variant="primary")
        with gr.Accordion("Register a product", open=not self._desk.products()):
            self.name = gr.Textbox(label="Name")
            self.files = gr.File(
                file_count="multiple",
                file_types=["image"],
                label="Photographs of good parts",
                elem_id="references",
                height=190,
            )
            self.card = gr.File(file_types=[".yaml", ".yml"], label="Knowledge card (optional)", height=120)
            self.register = gr.Button("Register")
            self.registered = gr.Markdown()

    def _results(self) -> None:
        gr = self._gr
        self.banner = gr.HTML('<p class="small">Nothing inspected yet.</p>', elem_id="verdict")
        self.picture = gr.Image(
            label="Anomaly map", interactive=False, height=420, format="png", elem_id="map"
        )
        self.opacity = gr.Slider(0, 1, value=0.8, step=0.05, label="Opacity of the map")
        with gr.Tab("Reasons"):
            self.reasons = gr.HTML()
        with gr.Tab("Regions"):
            self.regions = gr.Dataframe(
                headers=["region", "place", "length", "area", "peak"], interactive=False, label="Regions"
            )
        with gr.Tab("References"):
            self.references = gr.Gallery(columns=4, height=220, label="Nearest references")
        with gr.Tab("Trace"):
            self.trace = gr.HTML()
        self.chat = gr.Chatbot(
            height=260, label="Conversation", elem_id="conversation", feedback_options=None, buttons=["copy"]
        )
        with gr.Row():
            self.question = gr.Textbox(
                placeholder="Where is it? How big? What if the limit were 3 mm?", label="Ask", scale=4
            )
            self.ask = gr.Button("Ask", scale=1)

    def _review(self) -> None:
        gr = self._gr
        gr.Markdown("## What is it really?\nSay so of the part above, or choose one that waits.")
        with gr.Row():
            self.queue = gr.Dropdown([], label="Waiting for a person", scale=2)
            self.label = gr.Radio(["normal", "defective"], label="The part is", scale=2)
            self.defect_type = gr.Textbox(label="Defect type", scale=2)
            self.who = gr.Textbox(label="Your name", scale=1)
        with gr.Row():
            self.learn = gr.Checkbox(label="Let the memory learn it", value=False)
            self.record = gr.Button("Record")
        self.recorded = gr.Markdown(elem_id="recorded")

    def _wire(self) -> None:
        outputs = [
            self.shown, self.banner, self.picture, self.reasons, self.regions,
            self.references, self.trace, self.chat, self.queue, self.label,
        ]  # fmt: skip
        self.go.click(self._inspect, [self.tab, self.image, self.product, self.opacity], outputs)
        self.opacity.release(self._redraw, [self.shown, self.opacity], self.picture)
        self.register.click(
            self._do_register, [self.name, self.files, self.card], [self.registered, self.product]
        )
        asking = [self.tab, self.question, self.product, self.chat]
        self.ask.click(self._answer, asking, [self.chat, self.question])
        self.question.submit(self._answer, asking, [self.chat, self.question])
        self.queue.input(self._choose, [self.queue, self.opacity], outputs[:7])
        self.record.click(
            self._do_record,
            [self.shown, self.label, self.defect_type, self.who, self.learn],
            [self.recorded, self.queue],
        )

    def _inspect(self, tab: str, picture: str | None, product: str, opacity: float) -> tuple[Any, ...]:
        if picture is None:
            raise self._gr.Error("There is no photograph yet: drop or paste one.", print_exception=False)
        image, verdict = self._try(self._desk.inspect, tab, picture, _named(product))
        return (*self._show((image, verdict), opacity), [], self._queue(), _decided(verdict.label))

    def _show(self, shown: Any, opacity: float) -> tuple[Any, ...]:
        image, verdict = shown
        nearest = [(near.image.uri, f"{near.id}: {near.similarity:.2f}") for near in verdict.references]
        return (
            shown,
            verdict_banner(verdict),
            self._try(self._desk.picture, image, verdict, opacity),
            reasons_html(verdict),
            region_rows(verdict),
            nearest,
            trace_html(verdict),
        )

    def _redraw(self, shown: Any, opacity: float) -> Any:
        return None if shown is None else self._try(self._desk.picture, *shown, opacity)

    def _do_register(
        self, name: str, files: list[str] | None, card: str | None, progress: Any = None
    ) -> tuple[str, Any]:
        record = self._try(self._desk.register, name or "", files or [], card)
        choices = [ANY_PRODUCT, *self._desk.products()]
        told = f"**{record.name}** is registered with {record.normals} references, version {record.version}."
        return told, self._gr.update(choices=choices, value=record.name)

    def _answer(self, tab: str, question: str, product: str, chat: list[Any] | None) -> tuple[list[Any], str]:
        if not question.strip():
            return chat or [], ""
        said = self._try(self._desk.ask, tab, question, _named(product))
        turns = [{"role": "user", "content": question}, {"role": "assistant", "content": said}]
        return [*(chat or []), *turns], ""

    def _queue(self) -> Any:
        names = [
            (f"{one.verdict.product or 'unknown product'} {one.image.sha256[:8]}", one.image.sha256)
            for one in self._desk.waiting()
        ]
        return self._gr.update(choices=names, value=None, label=f"Waiting for a person ({len(names)})")

    def _choose(self, digest: str | None, opacity: float) -> tuple[Any, ...]:
        for one in self._desk.waiting():
            if one.image.sha256 == digest:
                return self._show((one.image, one.verdict), opacity)
        raise self._gr.Error("That part no longer waits.", print_exception=False)

    def _do_record(self, shown: Any, label: str, defect_type: str, who: str, learn: bool) -> tuple[str, Any]:
        if shown is None:
            raise self._gr.Error("Nothing was inspected yet.", print_exception=False)
        image, verdict = shown
        said = self._try(self._correct, image, verdict, label, defect_type, who, learn)
        learnt = f" The memory learnt it as {said.learnt}." if said.learnt else ""
        return f"Recorded: **{said.label}** (Echo: {said.proposed}).{learnt}", self._queue()

    def _correct(self, *given: Any) -> Any:
        *first, learn = given
        return self._desk.correct(*first, learn=learn)

    def _try(self, work: Any, *given: Any) -> Any:
        """Does the work; an error that a person can act on is shown as such."""
        try:
            return work(*given)
        except EchoError as error:
            raise self._gr.Error(" ".join(str(error).split()), print_exception=False) from error


def _decided(label: str) -> str | None:
    """The label that a person would confirm; none where Echo left it to the person."""
    return None if label == "review" else label


def _named(product: str | None) -> str | None:
    return None if product in {None, ANY_PRODUCT} else product
