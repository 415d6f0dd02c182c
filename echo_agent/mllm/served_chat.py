"""A served model in a conversation: a LangChain chat model whose answers are bounded in time and size."""

import asyncio
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from queue import SimpleQueue
from typing import Any

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, convert_to_openai_messages
from langchain_core.messages.ai import UsageMetadata
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from pydantic import ConfigDict

from echo_agent.images.budget import as_data_url, within_budget
from echo_agent.images.decoding import load_image
from echo_agent.mllm.served_answers import Completion, Delta, Usage, read
from echo_agent.mllm.served_http import Body, ModelServer

_DATA = b"data:"
_DONE = b"[DONE]"


class ServedChat(BaseChatModel):
    """A model behind an OpenAI-compatible server. Images that messages name by ``path`` travel as data.

    Attributes:
        server: The server.
        max_pixels: Pixels an image is reduced to at most.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    server: ModelServer
    max_pixels: int

    @property
    def _llm_type(self) -> str:
        return "echo-served"

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        (data,) = self.server.ask([self._body(messages, stop)])
        completion = read(Completion, data, self.server.model)
        message = AIMessage(
            content=completion.text,
            usage_metadata=_usage(completion.usage),
            response_metadata={
                "model_name": self.server.model,
                "finish_reason": completion.choices[0].finish_reason,
            },
        )
        return ChatResult(generations=[ChatGeneration(message=message)])

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        body = {**self._body(messages, stop), "stream": True, "stream_options": {"include_usage": True}}
        for line in self._lines(body):
            said = line.removeprefix(_DATA).strip()
            if not line.startswith(_DATA) or said == _DONE:
                continue
            delta = read(Delta, said, self.server.model)
            chunk = ChatGenerationChunk(
                message=AIMessageChunk(content=delta.text, usage_metadata=_usage(delta.usage))
            )
            if run_manager is not None:
                run_manager.on_llm_new_token(delta.text, chunk=chunk)
            yield chunk

    def _lines(self, body: Body) -> Iterator[bytes]:
        """Yields the lines of a stream; a reader who leaves ends it."""
        lines: SimpleQueue[bytes | None] = SimpleQueue()
        loop = asyncio.new_event_loop()
        task = loop.create_task(self.server.pieces(body, lines.put))

        def run() -> None:
            try:
                loop.run_until_complete(task)
            finally:
                loop.run_until_complete(loop.shutdown_asyncgens())
                loop.close()
                lines.put(None)

        with ThreadPoolExecutor(1, thread_name_prefix="echo-served") as thread:
            ended = thread.submit(run)
            try:
                while (line := lines.get()) is not None:
                    yield line
            finally:
                with suppress(RuntimeError):  # the loop is closed: the stream has ended
                    loop.call_soon_threadsafe(task.cancel)
            ended.result()

    def _body(self, messages: list[BaseMessage], stop: list[str] | None) -> Body:
        body: Body = {"messages": as_sent(messages, self.max_pixels)}
        return {**body, "stop": stop} if stop else body


def as_sent(
    messages: Sequence[BaseMessage], max_pixels: int, urls: dict[str, str] | None = None
) -> list[dict[str, Any]]:
    """Returns messages as the protocol has them; see ``with_data_urls``."""
    return list(convert_to_openai_messages(with_data_urls(messages, max_pixels, urls)))


def with_data_urls(
    messages: Sequence[BaseMessage], max_pixels: int, urls: dict[str, str] | None = None
) -> list[BaseMessage]:
    """Returns messages with the images that are named by path as data URLs.

    Args:
        messages: The messages.
        max_pixels: Pixels an image is reduced to at most.
        urls: Data URLs by path; those that are made are added.

    Raises:
        ImageError: An image cannot be read.
    """
    known = {} if urls is None else urls

    def block(part: str | dict[str, Any]) -> str | dict[str, Any]:
        if not isinstance(part, dict) or part.get("type") != "image" or "path" not in part:
            return part
        path = part["path"]
        if path not in known:
            known[path] = as_data_url(within_budget(load_image(path), max_pixels))
        return {"type": "image_url", "image_url": {"url": known[path]}}

    return [
        message.model_copy(update={"content": [block(part) for part in message.content]})
        if isinstance(message.content, list)
        else message
        for message in messages
    ]


def _usage(usage: Usage | None) -> UsageMetadata | None:
    if usage is None:
        return None
    return UsageMetadata(
        input_tokens=usage.prompt_tokens,
        output_tokens=usage.completion_tokens,
        total_tokens=usage.prompt_tokens + usage.completion_tokens,
    )
