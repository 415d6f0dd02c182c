"""The inspector: register products and inspect parts from Python."""

import asyncio
import logging
import uuid
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType
from typing import Any

from langchain_core.embeddings import Embeddings
from langchain_core.runnables.config import ContextThreadPoolExecutor

from echo_agent.context import Context
from echo_agent.errors import EchoError
from echo_agent.files import digest_of
from echo_agent.graph import InspectionGraph, build_graph
from echo_agent.images.ignored import Ignored
from echo_agent.images.in_memory import ImageLike
from echo_agent.knowledge.documents import unread_beside
from echo_agent.knowledge.loader import LoadedCard, read_card
from echo_agent.memory.memory import Memory
from echo_agent.memory.product import ProductRecord
from echo_agent.memory.products import Tell
from echo_agent.mllm.batching import announced
from echo_agent.mllm.device_memory import MAX_BATCH
from echo_agent.mllm.own_decider import AnyDecider
from echo_agent.names import spelled
from echo_agent.resources import Resources, decision_maker_of, open_memory
from echo_agent.state import ImageRef, LotEvidence, Progress, Question, State, Verdict
from echo_agent.vision.tiles import NATIVE

LOG = logging.getLogger(__name__)

ENCODED_AHEAD = 16
"""Images that ``inspect_many`` encodes in one go."""


class Inspector:
    """Registers products and inspects parts.

    Args:
        memory: The memory that it works with.
        decider: The Decision Maker; the one that ``Context.mllm`` or ``ECHO_MLLM`` names where not given.
        embeddings: Text model that finds passages of documents by meaning.
        context: Settings of its runs.
        record: Whether its inspections leave records in the memory; none where False.

    Examples:
        >>> from echo_agent import Inspector
        >>> inspector = Inspector.open("bracket-memory")
        >>> product = inspector.register("bracket", "photographs/good")
        >>> verdict = inspector.inspect("photographs/new/0001.png", product="bracket")
        >>> verdict.label
        'normal'
    """

    def __init__(
        self,
        memory: Memory,
        *,
        decider: AnyDecider | None = None,
        embeddings: Embeddings | None = None,
        context: Context | None = None,
        record: bool = True,
    ) -> None:
        self.memory = memory
        self.decider = decision_maker_of(decider)
        self.context = self._of_a_run(context or Context(), record=record)
        self.graph: InspectionGraph = build_graph(memory=memory, decider=self.decider, embeddings=embeddings)

    @classmethod
    def open(
        cls,
        memory: str | Path | None = None,
        *,
        encoder: str | None = None,
        mllm: str | None = None,
        create: bool = True,
        context: Context | None = None,
        record: bool = True,
    ) -> "Inspector":
        """Opens a memory.

        Args:
            memory: Its folder; ``ECHO_MEMORY`` or ``./echo-memory`` where not given.
            encoder: Encoder for a new memory, or a check that it is this one.
            mllm: Decision Maker; ``ECHO_MLLM`` or ``measured`` where not given.
            create: Whether to make the memory where there is none.
            context: Further settings of the runs.
            record: Whether its inspections leave records in the memory.

        Raises:
            StoreError: There is no memory there, or it cannot be written.
            EncoderError: The memory was made with another encoder.
        """
        opened = open_memory(memory, encoder=encoder, create=create)
        run = context or Context()
        return cls(
            opened, context=run if mllm is None else run.model_copy(update={"mllm": mllm}), record=record
        )

    def register(
        self,
        product: str,
        images: str | Path | Sequence[ImageLike],
        *,
        shots: int | None = None,
        seed: int = 0,
        knowledge: str | Path | None = None,
        replace: bool = False,
        forget_learnt: bool = False,
        depth: str | None = None,
        recursive: bool = False,
        tiles: int | None = None,
        progress: Progress | None = None,
        tell: Tell = LOG.warning,
    ) -> ProductRecord:
        """Registers a product from photographs of good parts; see ``Memory.register``.

        Raises:
            KnowledgeError: The knowledge card is broken; the message names file, line and remedy.
        """
        card = Path(knowledge) if knowledge is not None else None
        ignored = any_angle = None
        if card is not None:
            loaded = read_card(card)
            any_angle = loaded.card.turns == "any"
            if tiles is None:
                tiles = NATIVE if loaded.card.tiles is True else int(loaded.card.tiles)
            ignored = _ignored_by(loaded)
            known = next((one for one in self.memory.products() if one.name == spelled(product)), None)
            if known is not None and known.ignored and not ignored:
                tell(f"{loaded.file} draws no regions: those that {known.name} had are taken back")
            for file in unread_beside(loaded.file):
                tell(f"{file} beside the card is not read: save it as Markdown, text, CSV or PDF")
        return self.memory.register(
            product,
            images,
            shots=shots,
            seed=seed,
            knowledge=card,
            replace=replace,
            forget_learnt=forget_learnt,
            depth=depth,
            recursive=recursive,
            any_angle=any_angle,
            ignored=ignored,
            tiles=tiles,
            progress=progress,
            tell=tell,
        )

    def inspect(
        self,
        image: ImageLike | ImageRef,
        *,
        product: str | None = None,
        question: str | Question | None = None,
        name: str | None = None,
        record: bool = True,
        context: Context | None = None,
        lot: LotEvidence | None = None,
    ) -> Verdict:
        """Inspects one part.

        Args:
            image: Path, Pillow image, numpy array, torch tensor or bytes of an image file, or what
                ``Memory.store_image`` made of one: so that many questions about an image read it once.
            product: What it is; found out from the references where not given.
            question: A question about it.
            name: What the photograph is called in records and lists, such as a part number; its path where not given.
            record: Whether the inspection leaves a record in the memory.
            context: Settings of this run, in place of the inspector's; its memory is the inspector's.
            lot: What the other parts of its lot say of it; see ``Memory.judge_lot``.

        Returns:
            The verdict.

        Raises:
            ImageError: The image cannot be read.
            ProductError: The product is unknown, or none is registered.
        """
        asked = Question(text=question) if isinstance(question, str) else question
        ref = image if isinstance(image, ImageRef) else self.memory.store_image(image, product)
        run = self._of_a_run(context or self.context, record=record)
        return self._inspect(
            ref, name or _name_of(image), product=product, question=asked, context=run, lot=lot
        )

    async def ainspect(
        self,
        image: ImageLike | ImageRef,
        *,
        product: str | None = None,
        question: str | Question | None = None,
        name: str | None = None,
        record: bool = True,
        context: Context | None = None,
    ) -> Verdict:
        """``inspect`` for an event loop, which it does not hold up; arguments and errors are the same."""
        told = [
            piece
            async for piece in self.astream(
                image, product=product, question=question, name=name, record=record, context=context
            )
        ]
        return Verdict.model_validate(told[-1])

    async def astream(
        self,
        image: ImageLike | ImageRef,
        *,
        product: str | None = None,
        question: str | Question | None = None,
        name: str | None = None,
        record: bool = True,
        context: Context | None = None,
    ) -> AsyncIterator[str | Verdict]:
        """``ainspect``, told as it goes.

        Yields:
            The name of each expert as it begins its work (again in a further attempt), at last the verdict.
        """
        asked = Question(text=question) if isinstance(question, str) else question
        ref = (
            image
            if isinstance(image, ImageRef)
            else await asyncio.to_thread(self.memory.store_image, image, product)
        )
        state = State(image=ref, name=name or _name_of(image), product=product, question=asked)
        run = self._of_a_run(context or self.context, record=record)
        verdict: Any = None
        events: AsyncIterator[Any] = self.graph.astream(
            state, {"run_id": uuid.uuid4()}, context=run, stream_mode=["custom", "values"]
        )
        async for mode, event in events:
            if mode == "values":
                verdict = event.get("verdict")
            elif event["event"] == "started":
                yield str(event["expert"])
        yield Verdict.model_validate(verdict)

    def inspect_many(
        self,
        images: Sequence[ImageLike],
        *,
        product: str | None = None,
        question: str | Question | None = None,
        record: bool = True,
        context: Context | None = None,
        lot: bool = False,
    ) -> list[Verdict]:
        """Inspects several parts, to the same verdicts as ``inspect`` one by one.

        Sixteen images are encoded at a time. With a language model on a GPU or a server, eight inspections run at
        once, so that what they ask of it is scored in batches as well; on a CPU that would take longer.

        Args:
            images: The images, as ``inspect`` takes them.
            product: What they all are; found out for each where not given.
            question: A question about each.
            record: Whether the inspections leave records in the memory.
            context: Settings of the runs, in place of the inspector's.
            lot: Whether the images are parts of one lot that judge each other, those of each product on their own: a
                doubt is lifted where the lot is clear, and what the references reject stays rejected. All are read
                twice, and the pixels of arrays are kept until the end.

        Returns:
            The verdicts, in the order of the images.

        Raises:
            ImageError: An image cannot be read; told before the first of its sixteen is inspected.
            EchoError: As ``inspect`` raises it, for the first image that it concerns; the verdicts of the others
                are lost. Call ``inspect`` for each where they must not be.
        """
        verdicts: list[Verdict] = []
        lots: dict[str, LotEvidence] = {}
        if lot:
            stored = [self.memory.store_image(image, product) for image in images]
            encoders = (context or self.context).encoders
            lots = self.memory.judge_lot(stored, product, encoders=encoders)
        for start in range(0, len(images), ENCODED_AHEAD):
            given = images[start : start + ENCODED_AHEAD]
            chunk = [(self.memory.store_image(image, product), _name_of(image)) for image in given]
            for verdict in self.inspect_stored(
                chunk, product=product, question=question, record=record, context=context, lots=lots
            ):
                if isinstance(verdict, EchoError):
                    raise verdict
                verdicts.append(verdict)
        return verdicts

    def inspect_stored(
        self,
        images: Sequence[tuple[ImageRef, str | None]],
        *,
        product: str | None = None,
        question: str | Question | None = None,
        record: bool = True,
        context: Context | None = None,
        lots: Mapping[str, LotEvidence] = MappingProxyType({}),
    ) -> Iterator[Verdict | EchoError]:
        """Inspects what ``Memory.store_image`` made of images: they are encoded together, then inspected.

        Args:
            images: The images, at most sixty-four, each with its name.
            product: What they all are; found out for each where not given.
            question: A question about each.
            record: Whether the inspections leave records in the memory.
            context: Settings of the runs, in place of the inspector's.
            lots: What the other parts of their lot say of them, by the digest of the image; see ``Memory.judge_lot``.

        Yields:
            The verdicts in the order of the images; for one that ``inspect`` would raise for, its error.
        """
        asked = Question(text=question) if isinstance(question, str) else question
        run = self._of_a_run(context or self.context, record=record)
        at_once = MAX_BATCH if Resources(run, decider=self.decider).scores_in_batches else 1

        def inspect(named: tuple[ImageRef, str | None]) -> Verdict | EchoError:
            try:
                lot = lots.get(named[0].sha256)
                return self._inspect(*named, product=product, question=asked, context=run, lot=lot)
            except EchoError as error:
                return error

        with suppress(EchoError):  # told by the inspection of that one
            self.memory.encode_ahead([image for image, _ in images], product)
        if at_once == 1:
            yield from map(inspect, images)
        else:
            with announced(len(images)), ContextThreadPoolExecutor(at_once) as threads:
                yield from threads.map(inspect, images)

    def _of_a_run(self, context: Context, *, record: bool) -> Context:
        changes = {"memory": str(self.memory.folder), "record": context.record and record}
        return context.model_copy(update=changes)

    def _inspect(
        self,
        image: ImageRef,
        name: str | None,
        *,
        product: str | None,
        question: Question | None,
        context: Context,
        lot: LotEvidence | None,
    ) -> Verdict:
        state = State(image=image, name=name, product=product, question=question, lot=lot)
        return Verdict.model_validate(
            self.graph.invoke(state, {"run_id": uuid.uuid4()}, context=context, output_keys="verdict")
        )


def _ignored_by(loaded: LoadedCard) -> Ignored:
    """What a card says never counts."""
    card = loaded.card
    beside = loaded.file.parent / (card.drawn_on or "")
    on = digest_of(beside) if beside.is_file() else card.drawn_on
    return Ignored(regions=card.ignore, all_but=card.inspect_only, drawn_on=on)


def _name_of(image: ImageLike | ImageRef) -> str | None:
    """What a photograph is called where it is given as a file."""
    return str(image) if isinstance(image, str | Path) else None
