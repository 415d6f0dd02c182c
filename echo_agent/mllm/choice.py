"""What ``--mllm`` and ``ECHO_MLLM`` mean."""

import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from langchain_core.language_models import BaseChatModel

from echo_agent.device import resolve_device
from echo_agent.errors import ModelError
from echo_agent.mllm.any_chat_model import chat_model_decider, named_chat_model
from echo_agent.mllm.batching import BatchingScorer
from echo_agent.mllm.chat_model import EchoVLM
from echo_agent.mllm.decider import DecisionMaker, MllmDecider
from echo_agent.mllm.scoring import LocalScorer
from echo_agent.mllm.served import ServedModel
from echo_agent.settings import Settings

MEASURED = "measured"

_PROVIDER = re.compile(r"[a-z][a-z0-9_-]*:[^\s/\\][^\s]*")
"""LangChain's ``provider:model``, such as ``openai:gpt-4o``."""


@dataclass(frozen=True)
class MllmChoice:
    """A parsed choice of Decision Maker.

    Attributes:
        kind: ``measured`` (no language model), ``local``, ``served``, or ``chat`` (LangChain's ``provider:model``).
        model: HuggingFace id or folder, or the name under which a server knows the model.
        url: Base URL of the server.
    """

    kind: Literal["measured", "local", "served", "chat"]
    model: str
    url: str | None = None


def parse(text: str) -> MllmChoice:
    """Reads a choice: ``measured``, a HuggingFace id, a folder, ``URL#model``, or LangChain's ``provider:model``.

    Raises:
        ModelError: It is none of these.
    """
    text = text.strip()
    if text == MEASURED:
        return MllmChoice("measured", MEASURED)
    if text.startswith(("http://", "https://")):
        url, _, model = text.partition("#")
        if not model or not urlsplit(url).netloc:
            raise ModelError(f"{text!r} does not name a served model: write it as http://host:port/v1#model")
        return MllmChoice("served", model, url.rstrip("/"))
    if text and Path(text).expanduser().is_dir():
        return MllmChoice("local", str(Path(text).expanduser()))
    if _PROVIDER.fullmatch(text):
        return MllmChoice("chat", text)
    if text.count("/") == 1 and not text.startswith((".", "/", "~")) and " " not in text:
        return MllmChoice("local", text)
    raise ModelError(
        f"{text!r} is no model: give 'measured', a HuggingFace id, an existing folder, URL#model or provider:model"
    )


def scores_in_batches(text: str, device: str) -> bool:
    """Whether several calls at once take a model less time than one after the other: on a GPU or a server.

    Args:
        text: The choice.
        device: Where a local model runs: ``auto``, ``cpu`` or ``cuda[:N]``.

    Raises:
        ModelError: The text is no choice.
        SettingsError: There is no such device.
    """
    choice = parse(text)
    if choice.kind == "local":
        return resolve_device(device).startswith("cuda")
    return choice.kind in {"served", "chat"}


@lru_cache(maxsize=4)
def open_decider(text: str, settings: Settings) -> DecisionMaker | None:
    """Returns the Decision Maker's model; None for ``measured``. Nothing is loaded or sent yet.

    Args:
        text: The choice.
        settings: Device, number format, limits and key.

    Raises:
        ModelError: The text is no choice.
    """
    choice = parse(text)
    if choice.kind == "measured":
        return None
    if choice.kind == "chat":
        return chat_model_decider(named_chat_model(choice.model), settings.mllm_max_pixels)
    if choice.url is not None:
        served = ServedModel.from_settings(choice.url, choice.model, settings)
        return MllmDecider(served, served.write, max_pixels=settings.mllm_max_pixels)
    local = EchoVLM.from_settings(choice.model, settings)
    scorer = BatchingScorer(LocalScorer(local))
    return MllmDecider(scorer, local.invoke, max_pixels=settings.mllm_max_pixels)


def open_chat(text: str, settings: Settings) -> BaseChatModel | None:
    """Returns the model for conversations; None for ``measured``.

    Args:
        text: The choice.
        settings: Device, number format, limits and key.

    Raises:
        ModelError: The text is no choice.
    """
    choice = parse(text)
    if choice.kind == "measured":
        return None
    if choice.kind == "chat":
        return named_chat_model(choice.model)
    if choice.url is not None:
        return ServedModel.from_settings(choice.url, choice.model, settings).chat
    return EchoVLM.from_settings(choice.model, settings)
