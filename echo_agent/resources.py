"""What an inspection works with: objects that were handed in, else opened by name. Nothing else opens them."""

from functools import lru_cache
from pathlib import Path

from langchain_core.embeddings import Embeddings
from langchain_core.language_models import BaseChatModel

from echo_agent.context import Context
from echo_agent.errors import SettingsError
from echo_agent.images.policy import ImagePolicy
from echo_agent.memory.memory import Memory, open_memory
from echo_agent.mllm.choice import open_chat, open_decider
from echo_agent.mllm.decider import Decider
from echo_agent.settings import process_settings


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
        decider: Decider | None = None,
        embeddings: Embeddings | None = None,
    ) -> None:
        self.context = context or Context()
        self._memory = memory
        self._decider = decider
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
        return open_memory(self.context.memory or str(process_settings().memory))

    @property
    def decider(self) -> Decider | None:
        """The Decision Maker's model; None where the measured evidence decides alone.

        Raises:
            ModelError: The name is no model.
        """
        return self._decider if self._decider is not None else open_decider(self._model)

    @property
    def chat_model(self) -> BaseChatModel | None:
        """The model that answers open questions in a conversation; None where measurements answer.

        Raises:
            ModelError: The name is no model.
        """
        return open_chat(self._model) if self._decider is None else None

    @property
    def embeddings(self) -> Embeddings | None:
        """The text model that finds passages by meaning; None where words alone find them."""
        name = process_settings().text_model
        return _text_model(name) if self._embeddings is None and name is not None else self._embeddings

    @property
    def cards(self) -> Path | None:
        """The folder of the user's own knowledge cards."""
        return process_settings().knowledge

    @property
    def image_policy(self) -> ImagePolicy:
        """What is taken of the images that a message brings or names."""
        return ImagePolicy.of(process_settings())

    @property
    def max_pixels(self) -> int:
        """Pixels that an image is reduced to before a language model sees it."""
        return process_settings().mllm_max_pixels

    @property
    def _model(self) -> str:
        return self.context.mllm or process_settings().mllm


def _other(named: str | None, memory: Memory) -> bool:
    return named is not None and Path(named).expanduser().resolve() != memory.folder


@lru_cache(maxsize=1)
def _text_model(name: str) -> Embeddings:
    from echo_agent.knowledge.embeddings import HuggingFaceTextEmbeddings

    return HuggingFaceTextEmbeddings(name)
