"""A conversation from Python: photographs are stored before the graph sees the turn."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from langchain_core.messages import AIMessage, AnyMessage, BaseMessage, HumanMessage
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.types import Command

from echo_agent.chat.graph import build_chat_graph
from echo_agent.chat.state import ChatInput, ChatState
from echo_agent.context import Context
from echo_agent.errors import ImageError
from echo_agent.images.in_memory import ImageLike
from echo_agent.images.message_blocks import kept_message
from echo_agent.images.pages import split_page
from echo_agent.images.sources import read_file
from echo_agent.memory.memory import Memory
from echo_agent.mllm.own_decider import Decider
from echo_agent.resources import Resources
from echo_agent.state import HumanAnswer, ImageRef


@dataclass(frozen=True)
class Piece:
    """A piece of a turn as it goes.

    Attributes:
        text: What is to be added to the answer; empty where an expert begins.
        expert: The expert that begins its work.
    """

    text: str = ""
    expert: str | None = None


class Conversation:
    """A conversation on one thread.

    Args:
        memory: The memory.
        history: Keeps the threads.
        thread: Name of the thread; one that is there goes on.
        context: Settings of the runs.
        product: The product that the photographs show.
        decider: The Decision Maker; the one that the context or the process names where not given.
    """

    def __init__(
        self,
        memory: Memory,
        history: BaseCheckpointSaver[str],
        *,
        thread: str,
        context: Context | None = None,
        product: str | None = None,
        decider: Decider | None = None,
    ) -> None:
        self.memory = memory
        self.thread = thread
        self.product = product
        self._context = (context or Context()).model_copy(update={"memory": str(memory.folder)})
        self._graph = build_chat_graph(history, memory=memory, decider=decider)
        self._config: RunnableConfig = {"configurable": {"thread_id": thread}}
        if product is None:
            self.product = self.state().product

    def state(self) -> ChatState:
        """What the thread holds; an empty state where it is new."""
        return ChatState.model_validate(self._graph.get_state(self._config).values)

    def store_image(self, image: ImageLike) -> ImageRef:
        """Stores a photograph for the next turn, a file as a copy: the conversation outlives it.

        Raises:
            ImageError: It is too large or cannot be read.
        """
        if isinstance(image, str | Path):
            path = Path(image).expanduser()
            read_file(split_page(path)[0], Resources().image_policy)
            return self.memory.keep(self.memory.store_image(path, self.product))
        return self.memory.store_image(image, self.product)

    def say(self, text: str, image: ImageRef | None = None, name: str | None = None) -> str:
        """Takes a turn.

        Args:
            text: What the person says; may be empty beside an image.
            image: A photograph that was stored.
            name: What it is called: its file, or a part number.

        Returns:
            The answer.
        """
        return "".join(piece.text for piece in self.stream(text, image, name))

    def stream(self, text: str, image: ImageRef | None = None, name: str | None = None) -> Iterator[Piece]:
        """Takes a turn, and tells it as it goes: which expert is at work, and the answer piece by piece.

        Args:
            text: What the person says; may be empty beside an image.
            image: A photograph that was stored.
            name: What it is called: its file, or a part number.

        Yields:
            The pieces; their texts put together are the answer.
        """
        message: AnyMessage = HumanMessage(text) if image is None else kept_message(text, image.sha256, name)
        yield from self._run(ChatInput(messages=[message], product=self.product))

    def pending(self) -> dict[str, Any] | None:
        """What a person is asked about the part just now; None where nothing waits."""
        waiting = self._graph.get_state(self._config).interrupts
        return dict(waiting[0].value) if waiting else None

    def review(self, answer: HumanAnswer) -> str:
        """Answers what waits for a person; the conversation goes on.

        Raises:
            ImageError: Nothing waits.
        """
        if self.pending() is None:
            raise ImageError("nothing waits for a person on this thread: inspect a photograph first")
        resume: Command[Any] = Command(resume=answer.model_dump())
        return "".join(piece.text for piece in self._run(resume))

    def _run(self, given: ChatInput | Command[Any]) -> Iterator[Piece]:
        streamed: dict[str, str] = {}
        events: Iterator[Any] = self._graph.stream(
            given, self._config, context=self._context, stream_mode=["messages", "custom"], subgraphs=True
        )
        for path, mode, event in events:
            if mode == "custom" and event.get("event") == "started":
                yield Piece(expert=str(event["expert"]))
            elif mode == "messages" and not path:
                yield from _pieces(event[0], streamed)
        state = self._graph.get_state(self._config)
        if state.interrupts:
            yield Piece("A person should look at this part before the conversation goes on.")
        for message in ChatState.model_validate(state.values).messages:
            if message.id in streamed:
                yield Piece(str(message.text).removeprefix(streamed[str(message.id)]))


def _pieces(message: BaseMessage, streamed: dict[str, str]) -> Iterator[Piece]:
    """The text of a message of Echo, or of a token of it; messages are a paragraph apart."""
    if not isinstance(message, AIMessage) or not message.text:
        return
    identity = str(message.id)
    if streamed and identity not in streamed:
        yield Piece("\n\n")
    streamed[identity] = streamed.get(identity, "") + str(message.text)
    yield Piece(str(message.text))
