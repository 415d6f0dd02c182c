"""Asking one question of the benchmark: the graph with a memory of the templates, or the bare model."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from echo_agent.context import Context
from echo_agent.errors import ModelError
from echo_agent.evaluation.metrics import tied
from echo_agent.evaluation.mmad_cards import Cards, card_of_image
from echo_agent.evaluation.mmad_dataset import MmadImage, MmadQuestion
from echo_agent.evaluation.mmad_run import DECIDING, REGISTERING, RunSettings
from echo_agent.evaluation.mmad_staging import Staging, product_in_words, product_of_templates
from echo_agent.images.stored import store_image
from echo_agent.state import Attempt, ImageRef, Label, Progress, Verdict

if TYPE_CHECKING:
    from echo_agent.inspector import Inspector
    from echo_agent.mllm.decider import DecisionMaker


class GraphAsker:
    """Asks through ``Inspector.inspect``, with the image's templates as references.

    Args:
        inspector: Inspector on a memory of the run's own.
        staging: Gives images under names that say nothing.
        settings: The run's settings.
        cards: Domain knowledge by dataset and product, which a product is registered with.
    """

    def __init__(
        self, inspector: "Inspector", staging: Staging, settings: RunSettings, cards: Cards | None = None
    ) -> None:
        self._inspector = inspector
        self._staging = staging
        self._settings = settings
        self._cards = cards or {}
        self._context = Context(
            memory=str(inspector.memory.folder),
            mllm=settings.mllm,
            experts=settings.experts,
            profile="paper" if settings.profile == "paper" else "adaptive",
            **settings.strictness.said_by("call"),
        )
        self._last: tuple[str, ImageRef] | None = None
        self._registered = {record.name for record in inspector.memory.products()}

    def remember_all(self, images: Sequence[MmadImage], progress: Progress | None = None) -> None:
        """Registers the templates of all products under the products' names, for ``references="memory"``.

        Args:
            images: All images of the benchmark with a template, so that the memory does not depend on a sample.
            progress: Called with products done and products in all.
        """
        templates: dict[str, set[Path]] = {}
        card_of: dict[str, Path | None] = {}
        for image in images:
            product = product_in_words(image)
            templates.setdefault(product, set()).update(self._staging.templates(image, "memory"))
            card_of[product] = card_of_image(self._cards, image)
        for number, (product, copies) in enumerate(sorted(templates.items()), start=1):
            self._register(product, sorted(copies), card_of[product])
            if progress is not None:
                progress(number, len(templates))

    def __call__(self, image: MmadImage, question: MmadQuestion) -> Verdict:
        """Asks one question about one image; the verdict's timings name the registration ``REGISTERING``."""
        started = time.perf_counter()
        product = self._product(image)
        registering = time.perf_counter() - started
        verdict = self._inspector.inspect(
            self._ref(image),
            product=product,
            question=question.question,
            record=False,
            context=self._context,
        )
        return verdict.model_copy(update={"timings": {**verdict.timings, REGISTERING: registering}})

    def _ref(self, image: MmadImage) -> ImageRef:
        """The image, read once for all its questions."""
        if self._last is None or self._last[0] != image.path:
            self._last = (image.path, self._inspector.memory.store_image(self._staging.stage(image.path)))
        return self._last[1]

    def _product(self, image: MmadImage) -> str | None:
        """Registers the image's templates where they are new; None lets the memory recognise the product."""
        if self._settings.references == "memory":
            return None
        copies = self._staging.templates(image, self._settings.references, self._settings.shots)
        product = product_of_templates(copies)
        self._register(product, copies, card_of_image(self._cards, image))
        return product

    def _register(self, product: str, copies: Sequence[Path], card: Path | None) -> None:
        if product not in self._registered:
            self._inspector.register(product, list(copies), knowledge=card)
            self._registered.add(product)


class BareAsker:
    """Asks the model alone, with the templates beside the image and no evidence, as MMAD's own script does.

    Args:
        decider: The model.
        staging: Gives images under names that say nothing.
        settings: The run's settings.
    """

    def __init__(self, decider: "DecisionMaker", staging: Staging, settings: RunSettings) -> None:
        self._decider = decider
        self._staging = staging
        self._settings = settings

    def __call__(self, image: MmadImage, question: MmadQuestion) -> Verdict:
        """Asks one question about one image; an answer that cannot be read is ``review``."""
        from echo_agent.mllm.case import Case

        wanted = self._settings.references
        templates = self._staging.templates(
            image, "random" if wanted == "memory" else wanted, self._settings.shots
        )
        case = Case(
            image=_ref(self._staging.stage(image.path)),
            references=tuple(_ref(copy) for copy in templates),
            question=question.question,
            orders=1,
        )
        started = time.perf_counter()
        try:
            decision = self._decider.decide(case)
        except ModelError as error:
            attempt = Attempt(
                number=1, label="review", confidence=0.5, changed="bare model", error=str(error)
            )
            return Verdict(
                label="review",
                confidence=0.5,
                decided_by=self._decider.decided_by(),
                attempts=(attempt,),
                timings={DECIDING: time.perf_counter() - started},
            )
        sides = {"normal": decision.normal, "defective": decision.defective}
        label: Label = "defective" if decision.defective > decision.normal else "normal"
        if tied(sides):
            label = "review"
        attempt = Attempt(
            number=1,
            label=label,
            confidence=max(sides.values()),
            changed="bare model",
            answer=decision.answer,
            probabilities=sides,
            decided_by=decision.decided_by,
            input_tokens=decision.input_tokens,
            output_tokens=decision.output_tokens,
        )
        return Verdict(
            label=label,
            confidence=attempt.confidence,
            decided_by=decision.decided_by,
            attempts=(attempt,),
            answer=decision.answer,
            timings={DECIDING: time.perf_counter() - started},
        )


def _ref(copy: Path) -> ImageRef:
    return store_image(copy, copy.parent)
