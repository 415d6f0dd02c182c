"""The inspector: register products and inspect parts from Python."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from echo_agent.context import Context
from echo_agent.graph import InspectionGraph, build_graph
from echo_agent.memory.memory import Memory, open_memory
from echo_agent.memory.normal_model import Progress
from echo_agent.memory.product import ProductRecord
from echo_agent.settings import process_settings
from echo_agent.state import Question, State, Verdict
from echo_agent.vision.image import ImageLike


class Inspector:
    """Registers products and inspects parts.

    Example:
        >>> inspector = Inspector.open("echo-memory")  # doctest: +SKIP
        >>> inspector.register("bracket", "photos/good")  # doctest: +SKIP
        >>> inspector.inspect("photos/new/0001.jpg").label  # doctest: +SKIP
        'normal'
    """

    def __init__(self, memory: Memory, context: Context) -> None:
        self.memory = memory
        self.context = context
        self.graph: InspectionGraph = build_graph()

    @classmethod
    def open(
        cls,
        memory: str | Path | None = None,
        *,
        encoder: str | None = None,
        mllm: str | None = None,
        create: bool = True,
        context: Context | None = None,
    ) -> "Inspector":
        """Opens a memory.

        Args:
            memory: Its folder; ``ECHO_MEMORY`` or ``./echo-memory`` where not given.
            encoder: Encoder for a new memory, or a check that it is this one.
            mllm: Decision Maker; ``ECHO_MLLM`` or ``measured`` where not given.
            create: Whether to make the memory where there is none.
            context: Further settings of the runs.

        Raises:
            StoreError: There is no memory there, or it cannot be written.
            EncoderError: The memory was made with another encoder.
        """
        folder = Path(memory or process_settings().memory).expanduser().resolve()
        opened = open_memory(str(folder), encoder=encoder, create=create)
        changes: dict[str, Any] = {"memory": str(folder)}
        if mllm is not None:
            changes["mllm"] = mllm
        return cls(opened, (context or Context()).model_copy(update=changes))

    def register(
        self,
        product: str,
        images: str | Path | Sequence[ImageLike],
        *,
        shots: int | None = None,
        seed: int = 0,
        knowledge: str | Path | None = None,
        progress: Progress | None = None,
    ) -> ProductRecord:
        """Registers a product from photographs of good parts; see ``Memory.register``."""
        card = Path(knowledge) if knowledge is not None else None
        return self.memory.register(
            product, images, shots=shots, seed=seed, knowledge=card, progress=progress
        )

    def inspect(
        self,
        image: ImageLike,
        *,
        product: str | None = None,
        question: str | Question | None = None,
        context: Context | None = None,
    ) -> Verdict:
        """Inspects one part.

        Args:
            image: Path, Pillow image, numpy array or bytes of an image file.
            product: What it is; found out from the references where not given.
            question: A question about it.
            context: Settings of this run, in place of the inspector's; its memory is the inspector's.

        Returns:
            The verdict.

        Raises:
            ImageError: The image cannot be read.
            ProductError: The product is unknown, or none is registered.
        """
        asked = Question(text=question) if isinstance(question, str) else question
        run = (context or self.context).model_copy(update={"memory": str(self.memory.folder)})
        state = State(image=self.memory.put_aside(image), product=product, question=asked)
        verdict = self.graph.invoke(state, context=run)["verdict"]
        return Verdict.model_validate(verdict)

    def inspect_many(
        self,
        images: Sequence[ImageLike],
        *,
        product: str | None = None,
        question: str | Question | None = None,
        context: Context | None = None,
    ) -> list[Verdict]:
        """Inspects several parts; see ``inspect``."""
        return [self.inspect(image, product=product, question=question, context=context) for image in images]
