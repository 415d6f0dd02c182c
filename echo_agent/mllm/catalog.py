"""Which models there are to choose from, where they would run, and what is missing in words of remedy."""

from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from echo_agent.device import resolve_device
from echo_agent.errors import ModelError, SettingsError
from echo_agent.mllm.any_chat_model import named_chat_model
from echo_agent.mllm.choice import MEASURED, parse
from echo_agent.mllm.torchvision_build import torchvision_problem
from echo_agent.settings import Settings
from echo_agent.state import Value

RECOMMENDED = (
    ("Qwen/Qwen3-VL-2B-Instruct", 6),
    ("Qwen/Qwen3-VL-4B-Instruct", 11),
    ("Qwen/Qwen3-VL-8B-Instruct", 20),
    ("Qwen/Qwen3-VL-32B-Instruct", 72),
)
"""Ids by the GiB of memory that they want in bfloat16 with a few images."""


class ModelStatus(Value):
    """A model that can be chosen.

    Attributes:
        model: What ``--mllm`` takes.
        configured: Whether it is the one in force.
        kind: ``measured``, ``local``, ``served`` or ``chat``.
        runs_on: Where it runs: a device, a URL, a provider, or ``evidence alone``.
        ready: Whether nothing is known to be missing.
        remedies: What to do about what is missing.
    """

    model: str
    configured: bool
    kind: Literal["measured", "local", "served", "chat"]
    runs_on: str
    ready: bool
    remedies: tuple[str, ...] = ()


def models(configured: str | None, settings: Settings) -> list[ModelStatus]:
    """Lists ``measured``, the configured model and the recommended ones. Nothing is loaded or sent.

    Args:
        configured: The model in force; None for that of the settings.
        settings: Device and number format.

    Raises:
        ModelError: The configured text is no choice.
    """
    chosen = configured or settings.mllm
    names = dict.fromkeys([MEASURED, chosen, *(name for name, _ in RECOMMENDED)])
    return [status(name, settings, configured=name == chosen) for name in names]


def status(name: str, settings: Settings, *, configured: bool = False) -> ModelStatus:
    """Looks at what one model needs.

    Raises:
        ModelError: The text is no choice.
    """
    choice = parse(name)
    if choice.kind == "measured":
        return ModelStatus(
            model=name, configured=configured, kind="measured", runs_on="evidence alone", ready=True
        )
    if choice.kind == "chat":
        where, remedies = choice.model.split(":")[0], _provider_is_missing(choice.model)
    elif choice.url is not None:
        remedies = []
        where = choice.url
    else:
        device, remedies = _device(choice.model, settings)
        where = device
        remedies += [problem] if (problem := torchvision_problem()) is not None else []
        remedies += _missing_files(choice.model)
    return ModelStatus(
        model=name,
        configured=configured,
        kind=choice.kind,
        runs_on=where,
        ready=not remedies,
        remedies=tuple(remedies),
    )


def _provider_is_missing(name: str) -> list[str]:
    try:
        named_chat_model(name)
    except ModelError as error:
        return [str(error)]
    return []


def _device(model: str, settings: Settings) -> tuple[str, list[str]]:
    try:
        device = resolve_device(settings.device)
    except SettingsError as error:
        return settings.device, [str(error)]
    wanted = dict(RECOMMENDED).get(model)
    remedies = []
    if device == "cpu" and wanted is not None:
        remedies.append("no GPU: expect minutes an image, or serve it elsewhere and give URL#model")
    if device.startswith("cuda") and wanted is not None and not settings.mllm_4bit:
        import torch

        total = torch.cuda.get_device_properties(device).total_memory / 2**30
        if total < wanted:
            remedies.append(f"{total:.0f} GiB of GPU memory, {wanted} wanted: set ECHO_MLLM_4BIT=1")
    if settings.mllm_4bit and find_spec("bitsandbytes") is None:
        remedies.append("run pip install 'echo-agent[quantized]'")
    return device, remedies


def _missing_files(model: str) -> list[str]:
    if Path(model).is_dir():
        found = (Path(model) / "config.json").is_file()
        return [] if found else [f"{model} holds no config.json: name a model's folder"]
    from huggingface_hub import try_to_load_from_cache

    cached = isinstance(try_to_load_from_cache(model, "config.json"), str)
    return [] if cached else [f"not downloaded: run hf download {model}"]
