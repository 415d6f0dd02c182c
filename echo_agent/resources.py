"""What an inspection works with: objects that were handed in, else opened by name. Nothing else opens them."""

import threading
from functools import lru_cache
from pathlib import Path

from langchain_core.embeddings import Embeddings
from langchain_core.language_models import BaseChatModel

from echo_agent.context import Context
from echo_agent.errors import SettingsError
from echo_agent.images.policy import ImagePolicy
from echo_agent.knowledge.guidance import find_card
from echo_agent.knowledge.loader import LoadedCard
from echo_agent.memory.catalog import open_database, read_catalog
from echo_agent.memory.memory import Memory
from echo_agent.memory.published import Copy, folder_of
from echo_agent.memory.retention import Limits
from echo_agent.mllm.choice import open_chat, open_decider, scores_in_batches
from echo_agent.mllm.decider import DecisionMaker
from echo_agent.mllm.own_decider import AnyDecider, as_decision_maker
from echo_agent.settings import process_settings
from echo_agent.strictness import Strictness, StrictnessSettings, resolved
from echo_agent.vision.encoder import load_encoder
from echo_agent.vision.features import FeatureEncoder


class Resources:
    """The settings of one run, and the objects that it works with.

    What is not handed in is opened by the names in the context, else in the environment: once a process, and when it
    is first needed.

    Args:
        context: The run's settings; the defaults where not given.
        memory: The memory.
        decider: The Decision Maker.
        embeddings: Text model that finds passages of documents by meaning.

    Raises:
        SettingsError: The context names another memory or Decision Maker than was handed in.
    """

    def __init__(
        self,
        context: Context | None = None,
        *,
        memory: Memory | None = None,
        decider: AnyDecider | None = None,
        embeddings: Embeddings | None = None,
    ) -> None:
        self.context = context or Context()
        self._memory = memory
        self._decider = decision_maker_of(decider)
        self._embeddings = embeddings
        if decider is not None and self.context.mllm is not None:
            raise SettingsError(
                f"the run names the Decision Maker {self.context.mllm!r}, but an object was handed in: leave "
                "Context.mllm out, or build without decider="
            )
        named = self.context.memory
        if memory is not None and named not in {None, str(memory.folder)} and _other(named, memory):
            raise SettingsError(
                f"the run names the memory {named}, but that in {memory.folder} was handed in: leave Context.memory "
                "out, or build without memory="
            )

    @property
    def memory(self) -> Memory:
        """The memory.

        Raises:
            StoreError: There is none in the folder that is named.
        """
        if self._memory is not None:
            return self._memory
        return open_memory(self.context.memory)

    @property
    def decider(self) -> DecisionMaker | None:
        """The Decision Maker's model; None where the measured evidence decides alone.

        Raises:
            ModelError: The name is no model.
        """
        return self._decider if self._decider is not None else open_decider(self._model, process_settings())

    @property
    def chat_model(self) -> BaseChatModel | None:
        """The model that answers open questions in a conversation; None where measurements answer.

        Raises:
            ModelError: The name is no model.
        """
        if self._decider is not None:
            return getattr(self._decider, "chat", None)
        return open_chat(self._model, process_settings())

    @property
    def scores_in_batches(self) -> bool:
        """Whether the Decision Maker's model takes less time for several calls at once than one after the other.

        Raises:
            ModelError: The name is no model.
            SettingsError: ``ECHO_DEVICE`` names no device that is there.
        """
        return self._decider is None and scores_in_batches(self._model, process_settings().device)

    @property
    def embeddings(self) -> Embeddings | None:
        """The text model that finds passages by meaning; None where words alone find them."""
        name = process_settings().text_model
        return _text_model(name) if self._embeddings is None and name is not None else self._embeddings

    def card(self, product: str) -> LoadedCard | None:
        """The knowledge card of a registered product; None where there is none, or the run leaves cards out.

        Raises:
            KnowledgeError: The card is broken, or the folder of cards is missing.
        """
        if "knowledge" not in self.context.experts:
            return None
        return find_card(product, process_settings().knowledge, self.memory.card(product))

    def strictness(self, product: str | None) -> Strictness:
        """How strict a product is inspected in this run: by the run, else as the product, its card or the process says.

        Raises:
            KnowledgeError: The product's card is broken.
            ProductError: The product is unknown.
        """
        card = self.card(product) if product is not None else None
        nothing = StrictnessSettings()
        return resolved(
            call=StrictnessSettings.of(self.context),
            product=nothing if product is None else self.memory.product(product).strictness,
            card=nothing if card is None else card.card.strictness,
            environment=StrictnessSettings.of(process_settings()),
        )

    @property
    def image_policy(self) -> ImagePolicy:
        """What is taken of the images that a message brings or names."""
        return ImagePolicy.of(process_settings())

    @property
    def max_pixels(self) -> int:
        """Pixels that an image is reduced to before a language model sees it."""
        return process_settings().mllm_max_pixels

    @property
    def model_name(self) -> str | None:
        """The name by which the Decision Maker is opened; None where an object was handed in."""
        return self._model if self._decider is None else None

    @property
    def _model(self) -> str:
        return self.context.mllm or process_settings().mllm


def decision_maker_of(decider: AnyDecider | None) -> DecisionMaker | None:
    """What was handed in as Decision Maker, as the experts ask it: made once, where a graph is built.

    Raises:
        ModelError: A pair is no image-text model with its processor.
    """
    return None if decider is None else as_decision_maker(decider, process_settings())


def open_encoder(name: str | None = None) -> FeatureEncoder:
    """Loads the encoder of that name, else the one that ``ECHO_ENCODER`` names.

    Raises:
        EncoderError: There is no such encoder, or it is not downloaded.
        SettingsError: ``ECHO_DEVICE`` names no device that is there.
    """
    settings = process_settings()
    return load_encoder(name or settings.encoder, settings.device)


_OPENED: dict[str, Memory] = {}
_OPENING = threading.Lock()


def open_memory(
    folder: str | Path | None = None, *, encoder: str | None = None, create: bool = False
) -> Memory:
    """Opens a memory by the settings of the process, once a process; see ``Memory.open``.

    Args:
        folder: Its folder, or the address where it is published; ``ECHO_MEMORY`` or ``./echo-memory`` where not given.
        encoder: Encoder for a new memory, or a check that it is this one.
        create: Whether to make the memory where there is none.

    Raises:
        StoreError: There is no memory there, or it cannot be written.
        EncoderError: The memory was made with another encoder.
    """
    settings = process_settings()
    place = folder_of(folder or settings.memory)
    with _OPENING:
        for gone in [other for other, memory in _OPENED.items() if memory.is_gone()]:
            del _OPENED[gone]
        known = _OPENED.get(str(place))
        if known is None or encoder not in {None, known.encoder_name}:
            copy = Copy.at(folder or settings.memory)
            if copy is not None:
                copy.open()
            is_new = create and read_catalog(open_database(place)) is None
            known = Memory.open(
                place,
                encoder=encoder or (settings.encoder if is_new else None),
                second_encoder=settings.second_encoder,
                create=create,
                device=settings.device,
                limits=Limits(settings.kept_inspections, settings.kept_maps, settings.kept_images),
                policy=ImagePolicy.of(settings),
                chroma=settings.chroma_url,
            )
            if copy is not None:
                copy.watch(known)
            _OPENED[str(place)] = known
        return known


def _other(named: str | None, memory: Memory) -> bool:
    return named is not None and folder_of(named) != memory.folder


@lru_cache(maxsize=1)
def _text_model(name: str) -> Embeddings:
    from echo_agent.knowledge.embeddings import HuggingFaceTextEmbeddings

    return HuggingFaceTextEmbeddings(name)
