"""Settings of the process (folders, devices), from the environment or ``.env``; those of one run are in ``context``."""

from functools import lru_cache
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """What holds for the whole process. Every field can be set by ``ECHO_<NAME>``."""

    model_config = SettingsConfigDict(env_prefix="ECHO_", env_file=".env", extra="ignore", frozen=True)

    memory: Path = Field(default=Path("echo-memory"), description="Folder of the memory.")
    mllm: str = Field(
        default="measured",
        description="Decision Maker: 'measured' (no language model), a HuggingFace id or folder, or a URL#model.",
    )
    encoder: str = Field(
        default="efficientnet-lite2",
        description="Image encoder for new memories: the embedded one or a HuggingFace id or folder.",
    )
    device: str = Field(default="auto", description="'auto' (CUDA where there is one), 'cpu' or 'cuda[:N]'.")
    mllm_dtype: Literal["auto", "float32", "bfloat16", "float16"] = Field(
        default="auto", description="Number format of a local MLLM: 'auto' is bfloat16 on CUDA, else float32."
    )
    mllm_4bit: bool = Field(
        default=False, description="Load a local MLLM with 4-bit weights (extra 'quantized', CUDA only)."
    )
    mllm_attention: str | None = Field(
        default=None,
        description="Attention implementation: 'sdpa', 'eager', 'flash_attention_2' or the model's own.",
    )
    mllm_max_pixels: int = Field(
        default=448 * 448, ge=28 * 28, description="Pixels an image is reduced to before the MLLM sees it."
    )
    mllm_timeout: float = Field(default=120.0, gt=0, description="Seconds one answer of the MLLM may take.")
    mllm_api_key: SecretStr = Field(
        default=SecretStr("none"), description="Key of a served MLLM; most local servers want none."
    )
    knowledge: Path | None = Field(default=None, description="Folder of your own knowledge cards.")
    text_model: str | None = Field(
        default=None,
        description="HuggingFace id or folder of a text encoder that finds passages by meaning; words alone without.",
    )
    max_image_megapixels: float = Field(
        default=100.0, gt=0, description="Larger images are refused before they are decoded."
    )


@lru_cache(maxsize=1)
def process_settings() -> Settings:
    """Returns the settings of this process, read once."""
    return Settings()
