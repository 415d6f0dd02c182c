"""A local checkpoint: found, loaded once a process, and used by one caller at a time."""

import threading
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from echo_agent.device import resolve_device
from echo_agent.errors import EchoError, MissingExtraError, ModelError
from echo_agent.mllm.feature_cache import FeatureCache
from echo_agent.mllm.photograph_cache import PhotographCache
from echo_agent.mllm.torchvision_build import torchvision_problem
from echo_agent.settings import Settings


@dataclass(frozen=True)
class CheckpointSpec:
    """What is loaded and how; two equal specs share one model in memory.

    Attributes:
        model: HuggingFace id or folder.
        revision: Branch, tag or commit of a HuggingFace id.
        device: ``auto`` (CUDA where there is one), ``cpu`` or ``cuda[:N]``.
        dtype: ``auto`` (bfloat16 on CUDA, else float32) or a torch dtype's name.
        four_bit: Whether weights are held in 4 bits (bitsandbytes; CUDA only).
        attention: Attention implementation; None for the model's own.
    """

    model: str
    revision: str | None = None
    device: str = "auto"
    dtype: str = "auto"
    four_bit: bool = False
    attention: str | None = None

    @classmethod
    def from_settings(cls, model: str, settings: Settings) -> "CheckpointSpec":
        """Returns the spec of a model under these settings."""
        return cls(
            model=model,
            device=settings.device,
            dtype=settings.mllm_dtype,
            four_bit=settings.mllm_4bit,
            attention=settings.mllm_attention,
        )


@dataclass
class Checkpoint:
    """A loaded model with its processor.

    Attributes:
        spec: What was asked for.
        model: The transformers model, in evaluation mode.
        processor: Its processor; the tokenizer pads on the left.
        revision: Commit of a HuggingFace id, ``local`` for a folder.
        device: Device of the model's inputs.
        dtype: Name of the weights' dtype, ``4bit`` when quantized.
        lock: Held while the model runs: several chats share one accelerator.
        photographs: What the processor made of photographs.
        features: What the vision tower made of them.
    """

    spec: CheckpointSpec
    model: Any
    processor: Any
    revision: str
    device: str
    dtype: str
    lock: threading.RLock = field(default_factory=threading.RLock)
    photographs: PhotographCache = field(init=False)
    features: FeatureCache = field(default_factory=FeatureCache)

    def __post_init__(self) -> None:
        self.photographs = PhotographCache(self.processor, self.model.dtype)

    @property
    def tokenizer(self) -> Any:
        """The processor's tokenizer."""
        return self.processor.tokenizer


_loading = threading.Lock()


def load(spec: CheckpointSpec) -> Checkpoint:
    """Loads a checkpoint, or returns the one that this process holds already.

    Raises:
        ModelError: The model is missing, is none that reads images and text, or does not fit the device.
        MissingExtraError: A package of the extras ``mllm`` or ``quantized`` is missing.
        SettingsError: There is no such device.
    """
    with _loading:
        return _load(spec)


def unload() -> None:
    """Drops every loaded checkpoint, so that their memory can be used again."""
    with _loading:
        _load.cache_clear()


@lru_cache(maxsize=2)
def _load(spec: CheckpointSpec) -> Checkpoint:
    problem = torchvision_problem()
    if problem is not None:
        raise ModelError(f"{spec.model} cannot be loaded: {problem}")
    from transformers import AutoModelForImageTextToText

    device = resolve_device(spec.device)
    dtype = _dtype(spec.dtype, device)
    arguments: dict[str, Any] = {"dtype": dtype, **_source(spec)}
    if spec.attention is not None:
        arguments["attn_implementation"] = spec.attention
    if spec.four_bit:
        arguments |= _four_bit(device)
    try:
        processor = _load_processor(spec)
        model: Any = AutoModelForImageTextToText.from_pretrained(spec.model, **arguments)
        if not spec.four_bit:
            model = model.to(device)
    except EchoError:
        raise
    except ImportError as error:
        raise ModelError(f"{spec.model} needs a package that is missing: {_first_line(error)}") from error
    except (OSError, ValueError, RuntimeError) as error:
        raise ModelError(_remedy(spec, error)) from error
    revision = "local" if Path(spec.model).is_dir() else str(getattr(model.config, "_commit_hash", None))
    return checkpoint_of(spec, model, processor, revision)


def checkpoint_of(spec: CheckpointSpec, model: Any, processor: Any, revision: str) -> Checkpoint:
    """Makes a checkpoint of a model that is loaded; its tokenizer pads on the left from now on.

    Raises:
        ModelError: The two are no image-text model and its processor.
    """
    if not hasattr(model, "generate") or not hasattr(processor, "tokenizer"):
        raise ModelError(
            f"({type(model).__name__}, {type(processor).__name__}) is no image-text model with its processor: give "
            "what AutoModelForImageTextToText and AutoProcessor load"
        )
    processor.tokenizer.padding_side = "left"
    if processor.tokenizer.pad_token is None:
        processor.tokenizer.pad_token = processor.tokenizer.eos_token
    model.eval()
    return Checkpoint(
        spec=spec,
        model=model,
        processor=processor,
        revision=revision,
        device=str(model.device),
        dtype="4bit" if spec.four_bit else str(model.dtype).removeprefix("torch."),
    )


def _dtype(name: str, device: str) -> Any:
    import torch

    if name == "auto":
        return torch.bfloat16 if device.startswith("cuda") else torch.float32
    return getattr(torch, name)


def _source(spec: CheckpointSpec) -> dict[str, Any]:
    return {} if spec.revision is None else {"revision": spec.revision}


def _four_bit(device: str) -> dict[str, Any]:
    from importlib.util import find_spec

    from transformers import BitsAndBytesConfig

    if find_spec("bitsandbytes") is None:
        raise MissingExtraError("bitsandbytes", "quantized")
    if not device.startswith("cuda"):
        raise ModelError("4-bit weights need a CUDA device: unset ECHO_MLLM_4BIT or run where a GPU is")
    import torch

    quantization = BitsAndBytesConfig(  # type: ignore[no-untyped-call]
        load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_compute_dtype=torch.bfloat16
    )
    return {"quantization_config": quantization, "device_map": device}


def _load_processor(spec: CheckpointSpec) -> Any:
    """Loads the processor without its video half, which Echo never uses and which not every folder has a file of."""
    from transformers import AutoConfig, AutoProcessor
    from transformers.models.auto.processing_auto import PROCESSOR_MAPPING

    config = AutoConfig.from_pretrained(spec.model, **_source(spec))
    processor_class: Any = PROCESSOR_MAPPING.get(type(config), None)
    if processor_class is None:
        raise ModelError(
            f"{spec.model} ({config.model_type}) has no processor for images and text: choose an MLLM"
        )
    if "video_processor" not in processor_class.get_attributes():
        return AutoProcessor.from_pretrained(spec.model, **_source(spec))  # type: ignore[no-untyped-call]
    return stills_only(processor_class).from_pretrained(spec.model, **_source(spec))


def stills_only(processor_class: Any) -> Any:
    """Returns a processor class that reads images but no videos, and so does not need torchvision."""

    def get_attributes(cls: Any) -> list[str]:
        return [name for name in processor_class.get_attributes() if name != "video_processor"]

    return type(processor_class.__name__, (processor_class,), {"get_attributes": classmethod(get_attributes)})


def _first_line(error: BaseException) -> str:
    return next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)


def _remedy(spec: CheckpointSpec, error: Exception) -> str:
    if isinstance(error, OSError) and not Path(spec.model).exists():
        return (
            f"{spec.model} is neither a folder nor downloaded: run 'hf download {spec.model}' where there "
            f"is a network,"
            f" or give a folder ({_first_line(error)})"
        )
    return f"{spec.model} cannot be loaded as an image-text model: {_first_line(error)}"
