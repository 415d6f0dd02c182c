"""What the page shows of one inspection: verdict, picture with its map, evidence, and the person's answer."""

from typing import Any

from echo_agent.state import ImageRef, Label, Verdict
from echo_agent.ui import verdict_html
from echo_agent.ui.controller import Controller, proposed
from echo_agent.ui.told import told

OPACITY = 0.8
OTHER: dict[Label, Label] = {"normal": "defective", "defective": "normal"}


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
                self.tolerances = self._tab("Tolerances")
                self.references = self._tab("References")
                self.trace = self._tab("Trace")
            self._answer()
        self.opacity.release(self._redraw, [self.shown, self.opacity], self.picture, show_progress="hidden")

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
            self.shown, self.box, self.banner, self.picture, self.reasons, self.regions, self.tolerances,
            self.references, self.trace, self.proposal, self.normal, self.defective, self.defect_type, self.learn,
        ]  # fmt: skip

    @property
    def inputs(self) -> list[Any]:
        """The widgets that ``record`` reads, in its order."""
        return [self.shown, self.defect_type, self.who, self.learn]

    def show(self, image: ImageRef, verdict: Verdict, opacity: float) -> tuple[Any, ...]:
        """Values of ``outputs`` for an inspection."""
        gr, proposal = self._gr, proposed(verdict)
        return (
            (image, verdict),
            gr.update(visible=True),
            verdict_html.verdict_banner(verdict),
            told(gr, self._controller.picture, image, verdict, opacity),
            verdict_html.reasons_html(verdict),
            verdict_html.regions_html(verdict),
            verdict_html.tolerances_html(verdict),
            verdict_html.references_html(verdict),
            verdict_html.trace_html(verdict),
            f"<b>What is it really?</b> {_proposal(verdict, proposal)}",
            *(
                gr.update(value=_button(label, proposal), variant=_variant(label, proposal))
                for label in OTHER
            ),
            verdict.defect_type or "",
            False,
        )

    def hide(self) -> tuple[Any, ...]:
        """Values of ``outputs`` where there is nothing to show."""
        return (None, self._gr.update(visible=False), *[self._gr.update()] * (len(self.outputs) - 2))

    def record(self, label: Label, shown: Any, defect_type: str, who: str, learn: bool) -> str:
        """Records the person's answer; says what was recorded."""
        image, verdict = shown
        said = told(
            self._gr,
            self._controller.correct,
            image,
            verdict,
            label,
            defect_type or "",
            who or "",
            learn=learn,
        )
        learnt = f" The memory learnt it as {said.learnt}." if said.learnt else ""
        by = f" by {said.answer.who}" if said.answer.who else ""
        return f"Recorded{by}: {said.label} (Echo proposed {said.proposed}).{learnt}"

    def _redraw(self, shown: Any, opacity: float) -> Any:
        return None if shown is None else told(self._gr, self._controller.picture, *shown, opacity)


def _proposal(verdict: Verdict, proposal: Label) -> str:
    if proposal == "review":
        return "Echo has no proposal."
    return f"Echo proposes <b>{proposal}</b>."


def _button(label: Label, proposal: Label) -> str:
    if proposal == "review":
        return f"It is {label}"
    return f"Accept: {label}" if label == proposal else f"Correct to {label}"


def _variant(label: Label, proposal: Label) -> str:
    return "primary" if label == proposal else "secondary"
