"""A local HuggingFace image-text model as a LangChain chat model."""

import threading
import time
from collections.abc import Iterator
from typing import Any

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.messages.ai import UsageMetadata
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from pydantic import ConfigDict, Field

from echo_agent.errors import ModelTimeoutError
from echo_agent.mllm.checkpoint import Checkpoint, CheckpointSpec, load
from echo_agent.mllm.encoding import encode, render
from echo_agent.mllm.memory_errors import out_of_memory_told
from echo_agent.settings import process_settings


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
    """

    model_config = ConfigDict(frozen=False)

    spec: CheckpointSpec
    max_pixels: int = Field(default=448 * 448, gt=0)
    max_new_tokens: int = Field(default=512, gt=0)
    temperature: float = Field(default=0.0, ge=0)
    timeout: float = Field(default=120.0, gt=0)

    @classmethod
    def from_settings(cls, model: str) -> "EchoVLM":
        """Returns the chat model of an id or folder under this process's settings; nothing is loaded yet."""
        settings = process_settings()
        return cls(
            spec=CheckpointSpec.from_settings(model),
            max_pixels=settings.mllm_max_pixels,
            timeout=settings.mllm_timeout,
        )

    @property
    def checkpoint(self) -> Checkpoint:
        """The loaded checkpoint; loads it where this process has not yet.

        Raises:
            ModelError: It is missing or cannot be loaded.
        """
        return load(self.spec)

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
        checkpoint = self.checkpoint
        with checkpoint.lock, out_of_memory_told(self.spec.model):
            inputs = self._encode(checkpoint, messages)
            started = time.monotonic()
            output = checkpoint.model.generate(**inputs, **self._arguments(checkpoint, stop, kwargs))
            self._in_time(started)
        read = int(inputs["attention_mask"].sum())
        written = output[0, inputs["input_ids"].shape[1] :]
        text = _without_stop(checkpoint.tokenizer.decode(written, skip_special_tokens=True), stop)
        message = AIMessage(
            content=text,
            usage_metadata=_usage(read, len(written)),
            response_metadata={
                "model_name": self.spec.model,
                "finish_reason": "length" if len(written) >= self.max_new_tokens else "stop",
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
        from transformers import TextIteratorStreamer

        checkpoint = self.checkpoint
        with checkpoint.lock:
            inputs = self._encode(checkpoint, messages)
            streamer = TextIteratorStreamer(checkpoint.tokenizer, skip_prompt=True, skip_special_tokens=True)
            arguments = self._arguments(checkpoint, stop, kwargs)
            run = _Generation(self, checkpoint, {**inputs, **arguments, "streamer": streamer}, streamer)
            with run:
                for text in streamer:
                    if text:
                        chunk = ChatGenerationChunk(message=AIMessageChunk(content=text))
                        if run_manager is not None:
                            run_manager.on_llm_new_token(text, chunk=chunk)
                        yield chunk
        usage = _usage(int(inputs["attention_mask"].sum()), run.written - inputs["input_ids"].shape[1])
        yield ChatGenerationChunk(
            message=AIMessageChunk(
                content="",
                usage_metadata=usage,
                response_metadata={"model_name": self.spec.model},
                chunk_position="last",
            )
        )

    def _encode(self, checkpoint: Checkpoint, messages: list[BaseMessage]) -> dict[str, Any]:
        text, images = render(checkpoint, messages)
        return encode(checkpoint, [text], [images], self.max_pixels)

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

    def _in_time(self, started: float) -> None:
        if time.monotonic() - started > self.timeout:
            raise ModelTimeoutError(
                f"{self.spec.model} wrote for more than {self.timeout:g} s: raise ECHO_MLLM_TIMEOUT"
            )


class _Generation:
    """A generation in its own thread that ends when its reader leaves, and hands its error to the reader."""

    def __init__(
        self, model: EchoVLM, checkpoint: Checkpoint, arguments: dict[str, Any], streamer: Any
    ) -> None:
        self.written = 0
        self._model = model
        self._checkpoint = checkpoint
        self._streamer = streamer
        self._left = threading.Event()
        self._error: BaseException | None = None
        self._arguments = {**arguments, "stopping_criteria": [lambda ids, scores, **_: self._stops(ids)]}
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> "_Generation":
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        self._left.set()
        self._thread.join()
        if self._error is not None and error is None:
            raise self._error

    def _stops(self, ids: Any) -> Any:
        import torch

        return torch.full((ids.shape[0],), self._left.is_set(), device=ids.device)

    def _run(self) -> None:
        try:
            with out_of_memory_told(self._model.spec.model):
                started = time.monotonic()
                self.written = int(self._checkpoint.model.generate(**self._arguments).shape[1])
                self._model._in_time(started)
        except Exception as error:  # noqa: BLE001 - handed to the reader's thread, which raises it
            self._error = error
        finally:
            self._streamer.end()


def _usage(read: int, written: int) -> UsageMetadata:
    return UsageMetadata(input_tokens=read, output_tokens=written, total_tokens=read + written)


def _without_stop(text: str, stop: list[str] | None) -> str:
    for word in stop or ():
        text = text.split(word, 1)[0]
    return text
