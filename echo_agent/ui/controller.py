"""What the page does: register, inspect, ask, correct. Knows no widgets."""

from collections import OrderedDict, deque
from collections.abc import Iterable, Sequence
from pathlib import Path

from langgraph.checkpoint.memory import InMemorySaver
from PIL import Image

from echo_agent.chat.session import Conversation
from echo_agent.decision.final import proposed_label
from echo_agent.errors import EchoError, ImageError, ProductError, RecordError
from echo_agent.images.ignored import Ignored, Polygon
from echo_agent.images.placeholder import placeholder, shown
from echo_agent.images.stored import load_stored
from echo_agent.inspector import Inspector
from echo_agent.memory.answers import Feedback, human_answer, now
from echo_agent.memory.carrying import drawn_on
from echo_agent.memory.feedback import remember
from echo_agent.memory.inspections import InspectionRecord
from echo_agent.memory.product import ProductRecord
from echo_agent.names import spelled
from echo_agent.report.charts import Spread, spread_of
from echo_agent.report.overlay import overlay, shown_map
from echo_agent.report.regions_picture import with_regions
from echo_agent.resources import Resources
from echo_agent.runs.drift import DriftWatch
from echo_agent.runs.promise import broken_lately
from echo_agent.runs.what_if import MAX_INSPECTIONS, WhatIf, what_if
from echo_agent.state import ImageRef, Label, Verdict
from echo_agent.strictness import Strictness

PICTURE_SIDE = 900

MAX_QUESTION = 2000
"""Characters of a question."""

MAX_NAME = 100
"""Characters of an inspection's id."""

MAX_TABS = 200
"""Conversations that are kept; that of the tab that was used longest ago is forgotten."""


class Controller:
    """The work of the page, on one memory.

    Args:
        inspector: The inspector.
        most_tabs: Conversations that are kept.
    """

    def __init__(self, inspector: Inspector, *, most_tabs: int = MAX_TABS) -> None:
        self.inspector = inspector
        self._most_tabs = most_tabs
        self.drift = DriftWatch(inspector.memory)
        self._history = InMemorySaver()
        self._past: tuple[tuple[str, str | None] | None, list[InspectionRecord]] = None, []
        self._tabs: OrderedDict[str, None] = OrderedDict()
        self._ended: deque[str] = deque(maxlen=most_tabs)

    def products(self) -> list[ProductRecord]:
        """The registered products."""
        return self.inspector.memory.products()

    def known(self, product: str) -> ProductRecord | None:
        """The product that is registered under a name."""
        return next((record for record in self.products() if record.name == spelled(product)), None)

    def register(
        self, product: str, files: Sequence[str], knowledge: str | None, *, replace: bool = False
    ) -> tuple[ProductRecord, list[str]]:
        """Registers a product from photographs.

        Args:
            product: Its name.
            files: The photographs.
            knowledge: Knowledge card to keep with it.
            replace: Whether the photographs take the place of those registered before, or join them.

        Returns:
            The product, and which photographs should be no references.

        Raises:
            ImageError: There is no photograph, or one cannot be read.
            ProductError: The name cannot be used.
        """
        if not product.strip():
            raise ProductError("the product has no name: give it one")
        if not files:
            raise ImageError(
                "no photograph of a good part was dropped: drop one at least, ten or more are better"
            )
        remarks: list[str] = []
        record = self.inspector.register(
            product, [Path(file) for file in files], knowledge=knowledge, replace=replace, tell=remarks.append
        )
        folders = {f"{Path(file).parent}/" for file in files}
        return record, [_without(remark, folders) for remark in remarks]

    def conversation(self, thread: str, product: str | None) -> Conversation:
        """The conversation of one browser tab."""
        return Conversation(
            self.inspector.memory,
            self._history,
            thread=thread,
            context=self.inspector.context,
            decider=self.inspector.decider,
            product=product,
        )

    def inspect(self, thread: str, picture: str, product: str | None) -> tuple[ImageRef, Verdict]:
        """Inspects a photograph; what cannot be decided waits for a person.

        Raises:
            ImageError: It cannot be inspected; the message says why.
        """
        self._history.delete_thread(thread)  # each step of it is kept, and it is about one photograph
        self._used(thread)
        talk = self.conversation(thread, product)
        image = talk.store_image(picture)
        said = talk.say("", image, Path(picture).name)
        verdict = talk.state().verdict
        if verdict is None:
            raise ImageError(said.rstrip("."))
        self.drift.add(image, verdict)
        return image, verdict

    def talks(self, thread: str) -> bool:
        """Whether a conversation goes on: not where it was ended while an answer of it is written."""
        return thread not in self._ended

    def end(self, thread: str) -> None:
        """Ends a conversation."""
        self._ended.append(thread)
        self._tabs.pop(thread, None)
        self._history.delete_thread(thread)

    def _used(self, thread: str) -> None:
        """Notes that a tab is in use; forgets that of longest ago where there are too many."""
        self._tabs[thread] = None
        self._tabs.move_to_end(thread)
        while len(self._tabs) > self._most_tabs:
            self._history.delete_thread(self._tabs.popitem(last=False)[0])

    def ask(self, thread: str, question: str, product: str | None) -> str:
        """Answers a question about the last photograph of a tab.

        Raises:
            EchoError: The question is too long.
        """
        if len(question) > MAX_QUESTION:
            raise EchoError(f"the question has more than {MAX_QUESTION} characters: ask it shorter")
        self._used(thread)
        return self.conversation(thread, product).say(question)

    def strictness(self, product: str) -> Strictness:
        """How strict a product is inspected on this page, and which place says so."""
        return Resources(self.inspector.context, memory=self.inspector.memory).strictness(product)

    def try_rate(self, product: str, rate: float) -> tuple[WhatIf, Spread]:
        """What a false-reject rate promises of a product and would have changed, and the scores beside its threshold.

        Raises:
            ProductError: The product is unknown.
            SettingsError: The rate is not between 0 and 1.
        """
        memory = self.inspector.memory
        newest = next((record.id for record in memory.inspections.newest(1)), None)
        if (product, newest) != self._past[0]:
            self._past = (product, newest), memory.inspections.newest(MAX_INSPECTIONS, product)
        tried = what_if(memory, product, rate, self._past[1])
        confirmed = memory.confirmed_scores(product)
        groups = {
            "references": memory.normal_scores(product),
            "confirmed good": confirmed["normal"],
            "confirmed defective": confirmed["defective"],
        }
        return tried, spread_of(groups, tried.threshold)

    def keep_rate(self, product: str, rate: float, who: str) -> None:
        """Keeps a false-reject rate with a product, with who set it and when.

        Raises:
            ProductError: The product is unknown, or the name is too long.
            SettingsError: The rate is not between 0 and 1.
            StoreError: The memory cannot be written.
        """
        own = self.inspector.memory.product(product).strictness.changed([f"max_false_reject={rate}"], ())
        self.inspector.memory.set_strictness(product, own, who)

    def drawn_on(self, product: str) -> Image.Image:
        """The reference that a product's regions are drawn on, as large as the page shows it.

        Raises:
            ImageError: It cannot be read.
            ProductError: The product is unknown.
        """
        record = self.inspector.memory.product(product)
        on = drawn_on(record.ignored, record.references) or record.references[0]
        photograph = load_stored(on)
        factor = PICTURE_SIDE / max(photograph.size)
        return photograph.resize((round(photograph.width * factor), round(photograph.height * factor)))

    def regions_picture(self, product: str, drawn: Ignored, corners: Polygon) -> Image.Image:
        """That reference with regions, and with the corners of one that is being drawn."""
        return with_regions(self.drawn_on(product), drawn, corners)

    def keep_regions(self, product: str, drawn: Ignored, who: str, *, moves: bool) -> ProductRecord:
        """Keeps what never counts with a product, as a new version.

        Args:
            product: The product.
            drawn: The regions.
            who: Who drew them.
            moves: Whether they move with the part, or stay in the picture.

        Raises:
            ProductError: The product is unknown, a name is too long, or a reference cannot be laid on the one that they
                are drawn on.
        """
        record = self.inspector.memory.product(product)
        on = drawn_on(record.ignored, record.references) or record.references[0]
        kept = drawn.model_copy(update={"drawn_on": on.sha256 if moves and drawn else None})
        return self.inspector.memory.set_ignored(product, kept, who)

    def inspection(self, name: str) -> InspectionRecord:
        """The inspection of that id.

        Raises:
            RecordError: There is none.
        """
        found = self.inspector.memory.inspections.find(name) if len(name) <= MAX_NAME else None
        if found is None:
            raise RecordError(f"the inspection {name[:MAX_NAME]} is not recorded, or no longer")
        return found

    def notices(self) -> list[str]:
        """What is noticed over the parts that were inspected lately: promises that do not hold, and drift."""
        return [str(noticed) for noticed in (*broken_lately(self.inspector.memory), *self.drift.alarms)]

    def waiting(self) -> list[InspectionRecord]:
        """The inspections that wait for a person, oldest first."""
        return self.inspector.memory.inspections.waiting()

    def records(self, most: int) -> list[tuple[InspectionRecord, Feedback | None]]:
        """The newest inspections, each with what a person said of that photograph last."""
        return self.inspector.memory.inspections.answered(most)

    def correct(
        self, image: ImageRef, verdict: Verdict, label: Label, defect_type: str, who: str, *, learn: bool
    ) -> Feedback:
        """Records what a person says of a part.

        Raises:
            ProductError: It shall be learnt of an unknown product, or a name is too long.
        """
        proposal = proposed(verdict)
        answer = human_answer(
            action="accept" if label == proposal else "correct",
            label=label,
            defect_type=(defect_type.strip() or None) if label == "defective" else None,
            who=who.strip(),
            when=now(),
            remember=learn,
        )
        return remember(self.inspector.memory, verdict.product, image, proposal, answer)

    def thumbnail(self, image: ImageRef, side: int) -> Image.Image:
        """A small picture of a photograph, or one that says so where its file is missing or damaged."""
        photograph = shown(image)
        photograph.thumbnail((side, side))
        return photograph

    def picture(self, image: ImageRef, verdict: Verdict, opacity: float) -> Image.Image:
        """The photograph with its map and regions.

        Args:
            image: The photograph.
            verdict: Its verdict.
            opacity: Of the map, 0 to 1.
        """
        try:
            photograph = load_stored(image)
        except ImageError:
            return placeholder()
        photograph = self._hatched(photograph, image, verdict)
        values = shown_map(self.inspector.memory, verdict)
        plain = overlay(photograph, None, (), longest_side=PICTURE_SIDE)
        with_map = overlay(photograph, values, (), longest_side=PICTURE_SIDE)
        blended = Image.blend(plain, with_map, opacity)
        across, down = blended.width / photograph.width, blended.height / photograph.height
        scaled = [
            region.model_copy(
                update={
                    "box": region.box.model_copy(
                        update={
                            "left": round(region.box.left * across),
                            "right": round(region.box.right * across),
                            "top": round(region.box.top * down),
                            "bottom": round(region.box.bottom * down),
                        }
                    )
                }
            )
            for region in verdict.regions
        ]
        return overlay(blended, None, scaled)

    def _hatched(self, photograph: Image.Image, image: ImageRef, verdict: Verdict) -> Image.Image:
        """The photograph with what of it did not count."""
        known = None if verdict.product is None else self.known(verdict.product)
        if known is None or known.version != verdict.memory_version or not known.ignored:
            return photograph
        return with_regions(photograph, self.inspector.memory.ignored_in(image, known.name))


def _without(text: str, folders: Iterable[str]) -> str:
    """A remark with the names that the files had before they were uploaded."""
    for folder in folders:
        text = text.replace(folder, "")
    return text


def proposed(verdict: Verdict) -> Label:
    """What a person may accept: the label, or of a review the likelier one, where there is one."""
    return (
        proposed_label(verdict.attempts[-1])
        if verdict.label == "review" and verdict.attempts
        else verdict.label
    )
