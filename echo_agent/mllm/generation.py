"""Text that a model writes in a thread of its own: whoever reads it, slowly or not to the end, holds nobody up."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from echo_agent.errors import ModelTimeoutError
from echo_agent.mllm.checkpoint import Checkpoint
from echo_agent.mllm.device_faults import device_faults_told

_LOOKS_UP_EVERY = 0.05
"""Seconds after which a generation that waits for the model looks whether its reader has left."""


@dataclass(frozen=True)
class Ended:
    """The end of a generation.

    Attributes:
        read: Tokens read.
        written: Tokens written.
        error: Why it failed; None where it did not.
    """

    read: int = 0
    written: int = 0
    error: Exception | None = None


class Generation:
    """One answer on its way.

    The model's lock is held by the writing thread alone and for no longer than it writes.

    Args:
        checkpoint: The loaded model.
        encode: Prepares the model's inputs, before the model is free.
        arguments: What ``generate`` is told beside them.
        timeout: Seconds that it may write.
        tell: Called in the writing thread with each piece of text, then once with the end.
    """

    def __init__(
        self,
        checkpoint: Checkpoint,
        encode: Callable[[], dict[str, Any]],
        arguments: dict[str, Any],
        timeout: float,
        tell: Callable[[str | Ended], object],
    ) -> None:
        self._checkpoint = checkpoint
        self._encode = encode
        self._arguments = arguments
        self._timeout = timeout
        self._tell = tell
        self._left = threading.Event()
        self._thread = threading.Thread(target=self._run, name="echo-generation", daemon=True)

    def start(self) -> None:
        """Begins to prepare and to write."""
        self._thread.start()

    def leave(self) -> None:
        """Says that nobody reads on: the model is free after the next token."""
        self._left.set()

    def _run(self) -> None:
        try:
            ended = self._write(self._encode())
        except Exception as error:  # noqa: BLE001 - handed to the reader's thread, which raises it
            ended = Ended(error=error)
        self._tell(ended)

    def _write(self, inputs: dict[str, Any]) -> Ended:
        model = self._checkpoint.spec.model
        while not self._checkpoint.lock.acquire(timeout=_LOOKS_UP_EVERY):
            if self._left.is_set():
                return Ended()
        try:
            started = time.monotonic()
            read = inputs["input_ids"].shape[1]
            whole = device_faults_told(model, lambda: self._generate(inputs))
        finally:
            self._checkpoint.lock.release()
        if time.monotonic() - started > self._timeout and not self._left.is_set():
            raise ModelTimeoutError(
                f"{model} wrote for more than {self._timeout:g} s: raise ECHO_MLLM_TIMEOUT"
            )
        return Ended(read, whole - read)

    def _generate(self, inputs: dict[str, Any]) -> int:
        """Writes, and returns the number of tokens of prompt and answer together."""
        output = self._checkpoint.model.generate(
            **inputs,
            **self._arguments,
            streamer=_streamer(self._checkpoint.tokenizer, self._tell),
            stopping_criteria=[lambda ids, scores, **_: self._stops(ids)],
        )
        return int(output.shape[1])

    def _stops(self, ids: Any) -> Any:
        import torch

        return torch.full((ids.shape[0],), self._left.is_set(), device=ids.device)


def _streamer(tokenizer: Any, tell: Callable[[str | Ended], object]) -> Any:
    """Returns a streamer that tells each piece of text as soon as its words are whole."""
    from transformers import TextStreamer

    class Telling(TextStreamer):  # type: ignore[misc, unused-ignore]
        def on_finalized_text(self, text: str, stream_end: bool = False) -> None:
            if text:
                tell(text)

    return Telling(tokenizer, skip_prompt=True, skip_special_tokens=True)
