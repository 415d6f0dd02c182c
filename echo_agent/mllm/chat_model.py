"""A local HuggingFace image-text model as a LangChain chat model."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from queue import SimpleQueue
from typing import Any

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.messages.ai import UsageMetadata
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from pydantic import ConfigDict, Field

from echo_agent.mllm.checkpoint import Checkpoint, CheckpointSpec, load
from echo_agent.mllm.encoding import encode_prompt, model_inputs, render
from echo_agent.mllm.generation import Ended, Generation
from echo_agent.settings import Settings


class EchoVLM(BaseChatModel):
    """Any image-text model that transformers serves, run in this process.

    Its weights load at the first call and are shared by all objects with the same spec. Messages may hold
    several images each, as content blocks with ``base64`` data or the ``path`` of a file that Echo stored.

    Attributes:
        spec: Which checkpoint, where and in which number format.
        max_pixels: Pixels an image is reduced to at most.
        max_new_tokens: Tokens an answer may have.
        temperature: 0 takes the likeliest token each time; higher values draw.
        timeout: Seconds an answer may take.
        loaded: A checkpoint that is loaded already, in place of the one that ``spec`` names.
    """

    model_config = ConfigDict(frozen=False)

    spec: CheckpointSpec
    max_pixels: int = Field(default=448 * 448, gt=0)
    max_new_tokens: int = Field(default=512, gt=0)
    temperature: float = Field(default=0.0, ge=0)
    timeout: float = Field(default=120.0, gt=0)
    loaded: Any = Field(default=None, exclude=True, repr=False)

    @classmethod
    def from_settings(cls, model: str, settings: Settings) -> "EchoVLM":
        """Returns the chat model of an id or folder under these settings; nothing is loaded yet."""
        return cls(
            spec=CheckpointSpec.from_settings(model, settings),
            max_pixels=settings.mllm_max_pixels,
            timeout=settings.mllm_timeout,
        )

    @property
    def checkpoint(self) -> Checkpoint:
        """The loaded checkpoint; loads it where this process has not yet.

        Raises:
            ModelError: It is missing or cannot be loaded.
        """
        return load(self.spec) if self.loaded is None else self.loaded

    @property
    def _llm_type(self) -> str:
        return "echo-vlm"

    @property
    def _identifying_params(self) -> dict[str, Any]:
        return {
            "model": self.spec.model,
            "max_new_tokens": self.max_new_tokens,
            "temperature": self.temperature,
        }

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        pieces: list[str] = []
        ended = Ended()
        for piece in self._pieces(messages, stop, kwargs):
            if isinstance(piece, str):
                pieces.append(piece)
            else:
                ended = piece
        return self._result("".join(pieces), ended, stop)

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        pieces: list[str] = []
        ended = Ended()
        async for piece in self._pieces_awaited(messages, stop, kwargs):
            if isinstance(piece, str):
                pieces.append(piece)
            else:
                ended = piece
        return self._result("".join(pieces), ended, stop)

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        for piece in self._pieces(messages, stop, kwargs):
            chunk = self._chunk(piece)
            if run_manager is not None:
                run_manager.on_llm_new_token(str(chunk.message.content), chunk=chunk)
            yield chunk

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        async for piece in self._pieces_awaited(messages, stop, kwargs):
            chunk = self._chunk(piece)
            if run_manager is not None:
                await run_manager.on_llm_new_token(str(chunk.message.content), chunk=chunk)
            yield chunk

    def _pieces(
        self, messages: list[BaseMessage], stop: list[str] | None, kwargs: dict[str, Any]
    ) -> Iterator[str | Ended]:
        """Yields the text as it is written, then how it ended; its error is raised."""
        pieces: SimpleQueue[str | Ended] = SimpleQueue()
        generation = self._generation(self.checkpoint, messages, stop, kwargs, pieces.put)
        generation.start()
        try:
            while isinstance(piece := pieces.get(), str):
                yield piece
        finally:
            generation.leave()
        if piece.error is not None:
            raise piece.error
        yield piece

    async def _pieces_awaited(
        self, messages: list[BaseMessage], stop: list[str] | None, kwargs: dict[str, Any]
    ) -> AsyncIterator[str | Ended]:
        """Yields as ``_pieces`` does, without a thread that waits."""
        loop = asyncio.get_running_loop()
        pieces: asyncio.Queue[str | Ended] = asyncio.Queue()

        def tell(piece: str | Ended) -> None:
            with suppress(RuntimeError):  # the loop is closed: nobody reads
                loop.call_soon_threadsafe(pieces.put_nowait, piece)

        checkpoint = await asyncio.to_thread(load, self.spec)
        generation = self._generation(checkpoint, messages, stop, kwargs, tell)
        generation.start()
        try:
            while isinstance(piece := await pieces.get(), str):
                yield piece
        finally:
            generation.leave()
        if piece.error is not None:
            raise piece.error
        yield piece

    def _generation(
        self,
        checkpoint: Checkpoint,
        messages: list[BaseMessage],
        stop: list[str] | None,
        kwargs: dict[str, Any],
        tell: Callable[[str | Ended], object],
    ) -> Generation:
        return Generation(
            checkpoint,
            lambda: self._encode(checkpoint, messages),
            self._arguments(checkpoint, stop, kwargs),
            self.timeout,
            tell,
        )

    def _chunk(self, piece: str | Ended) -> ChatGenerationChunk:
        if isinstance(piece, str):
            return ChatGenerationChunk(message=AIMessageChunk(content=piece))
        return ChatGenerationChunk(
            message=AIMessageChunk(
                content="",
                usage_metadata=_usage(piece),
                response_metadata=self._metadata(piece),
                chunk_position="last",
            )
        )

    def _result(self, text: str, ended: Ended, stop: list[str] | None) -> ChatResult:
        message = AIMessage(
            content=_without_stop(text, stop),
            usage_metadata=_usage(ended),
            response_metadata=self._metadata(ended),
        )
        return ChatResult(generations=[ChatGeneration(message=message)])

    def _metadata(self, ended: Ended) -> dict[str, Any]:
        reason = "length" if ended.written >= self.max_new_tokens else "stop"
        return {"model_name": self.spec.model, "finish_reason": reason}

    def _encode(self, checkpoint: Checkpoint, messages: list[BaseMessage]) -> dict[str, Any]:
        text, images = render(checkpoint, messages)
        return model_inputs(checkpoint, encode_prompt(checkpoint, text, images, self.max_pixels))

    def _arguments(
        self, checkpoint: Checkpoint, stop: list[str] | None, kwargs: dict[str, Any]
    ) -> dict[str, Any]:
        arguments: dict[str, Any] = {
            "max_new_tokens": kwargs.get("max_new_tokens", self.max_new_tokens),
            "max_time": self.timeout,
            "do_sample": self.temperature > 0,
            "pad_token_id": checkpoint.tokenizer.pad_token_id,
        }
        if self.temperature > 0:
            arguments["temperature"] = self.temperature
        if stop:
            arguments |= {"stop_strings": stop, "tokenizer": checkpoint.tokenizer}
        return arguments


def _usage(ended: Ended) -> UsageMetadata:
    return UsageMetadata(
        input_tokens=ended.read, output_tokens=ended.written, total_tokens=ended.read + ended.written
    )


def _without_stop(text: str, stop: list[str] | None) -> str:
    for word in stop or ():
        text = text.split(word, 1)[0]
    return text
