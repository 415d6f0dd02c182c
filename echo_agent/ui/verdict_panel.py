"""What the page shows of one inspection: verdict, picture with its map, evidence, and the person's answer."""

from collections.abc import Callable
from typing import Any, TypeVar

from echo_agent.errors import EchoError
from echo_agent.state import ImageRef, Label, Verdict
from echo_agent.ui.controller import Controller, proposed
from echo_agent.ui.html import part

Result = TypeVar("Result")

OPACITY = 0.8
ANSWERS: tuple[Label, ...] = ("normal", "defective")


def shown_errors(gradio: Any, work: Callable[..., Result], *given: Any, **named: Any) -> Result:
    """Does the work; an error that a person can act on is shown on the page, in words."""
    try:
        return work(*given, **named)
    except EchoError as error:
        raise gradio.Error(" ".join(str(error).split()), print_exception=False) from error


class VerdictPanel:
    """The widgets of one inspection. They are hidden until there is one.

    Args:
        controller: What it works on.
        gradio: The library.
        name: Prefix of the widgets' ids on the page.
    """

    def __init__(self, controller: Controller, gradio: Any, name: str) -> None:
        self._controller = controller
        self._gr = gradio
        self.shown = gradio.State(None)
        # the photograph that the person sees, as the browser knows it
        self.of = gradio.Textbox(visible=False)
        with gradio.Column(visible=False) as self.box:
            self.banner = gradio.HTML(elem_id=f"{name}-verdict", padding=False)
            self.picture = gradio.Image(
                label="Photograph, anomaly map and regions",
                show_label=False,
                interactive=False,
                height=440,
                format="png",
                elem_id=f"{name}-map",
                buttons=["download", "fullscreen"],
            )
            self.opacity = gradio.Slider(
                0, 1, value=OPACITY, step=0.05, label="Opacity of the map", elem_id=f"{name}-opacity"
            )
            with gradio.Tabs():
                self.reasons = self._tab("Reasons")
                self.regions = self._tab("Regions")
                self.rules = self._tab("Tolerances")
                self.references = self._tab("References")
                self.trace = self._tab("Trace")
            self._answer()
        self.in_turn = {"concurrency_id": name}  # of what fills it, the last that is asked for is seen last
        drawn_of = [self.shown, self.opacity]
        drawn: dict[str, Any] = {"outputs": self.picture, "show_progress": "hidden"}
        released = self.opacity.release(self._redraw, drawn_of, **drawn, **self.in_turn)
        # once more: a busy browser may have shown another part before this picture of the one before
        released.then(self._redraw, drawn_of, queue=False, **drawn)

    def _tab(self, title: str) -> Any:
        with self._gr.Tab(title):
            return self._gr.HTML(elem_classes="evidence", padding=False)

    def _answer(self) -> None:
        gr = self._gr
        with gr.Column(elem_classes="answer"):
            self.proposal = gr.HTML(padding=False)
            with gr.Row():
                self.defect_type = gr.Textbox(label="Defect type", placeholder="such as crack (optional)")
                self.who = gr.Textbox(label="Your name", placeholder="who says so")
            self.learn = gr.Checkbox(
                label="Let the memory learn it",
                info="A good part becomes a reference, a defect an example that later verdicts show.",
            )
            with gr.Row():
                self.normal = gr.Button("It is normal")
                self.defective = gr.Button("It is defective")

    @property
    def outputs(self) -> list[Any]:
        """The widgets that ``show`` fills, in its order."""
        return [
            self.shown, self.box, self.banner, self.picture, self.reasons, self.regions, self.rules,
            self.references, self.trace, self.proposal, self.normal, self.defective, self.defect_type, self.learn,
            self.of,
        ]  # fmt: skip

    @property
    def inputs(self) -> list[Any]:
        """The widgets that ``record`` reads, in its order."""
        return [self.shown, self.of, self.defect_type, self.who, self.learn]

    def show(self, image: ImageRef, verdict: Verdict, opacity: float) -> tuple[Any, ...]:
        """Values of ``outputs`` for an inspection."""
        gr, proposal = self._gr, proposed(verdict)
        return (
            (image, verdict),
            gr.update(visible=True),
            part("banner", verdict=verdict, proposal=proposal),
            shown_errors(gr, self._controller.picture, image, verdict, opacity),
            part("reasons", verdict=verdict),
            part("regions", verdict=verdict),
            part("rules", verdict=verdict),
            part("references", verdict=verdict),
            part("trace", verdict=verdict),
            part("proposed", proposal=proposal),
            *(
                gr.update(value=_button(label, proposal), variant=_variant(label, proposal))
                for label in ANSWERS
            ),
            verdict.defect_type or "",
            False,
            image.sha256,
        )

    def hide(self) -> tuple[Any, ...]:
        """Values of ``outputs`` where there is nothing to show."""
        return (None, self._gr.update(visible=False), *[self._gr.update()] * (len(self.outputs) - 2))

    def record(self, label: Label, shown: Any, of: str, *said: Any) -> str:
        """Records the person's answer, of the photograph that was seen; says what was recorded."""
        if shown is None:
            raise self._gr.Error("No verdict is shown: inspect a photograph first.", print_exception=False)
        image, verdict = shown
        if of != image.sha256:
            told = "Meanwhile another part is shown: nothing was recorded. Look, and answer again."
            raise self._gr.Error(told, print_exception=False)
        defect_type, who, learn = said
        kept = shown_errors(
            self._gr,
            self._controller.correct,
            image,
            verdict,
            label,
            defect_type or "",
            who or "",
            learn=learn,
        )
        learnt = f" The memory learnt it as {kept.learnt}." if kept.learnt else ""
        by = f" by {kept.answer.who}" if kept.answer.who else ""
        return f"Recorded{by}: {kept.label} (Echo proposed {kept.proposed}).{learnt}"

    def _redraw(self, shown: Any, opacity: float) -> Any:
        return None if shown is None else shown_errors(self._gr, self._controller.picture, *shown, opacity)


def _button(label: Label, proposal: Label) -> str:
    if proposal == "review":
        return f"It is {label}"
    return f"Accept: {label}" if label == proposal else f"Correct to {label}"


def _variant(label: Label, proposal: Label) -> str:
    return "primary" if label == proposal else "secondary"
