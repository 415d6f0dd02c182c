"""Settings of the process (folders, devices), from the environment or ``.env``; those of one run are in ``context``."""

import difflib
import os
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, DotEnvSettingsSource, NoDecode, SettingsConfigDict

from echo_agent.errors import SettingsError
from echo_agent.strictness import LeastConfidence, Rate

STRICTNESS = "As in Context, where neither the run nor the product nor its card says it."


class Settings(BaseSettings):
    """What holds for the whole process. Every field can be set by ``ECHO_<NAME>``."""

    model_config = SettingsConfigDict(env_prefix="ECHO_", env_file=".env", extra="ignore", frozen=True)

    memory: Path = Field(
        default=Path("echo-memory"), description="Folder of the memory, or where it was published (s3://...)."
    )
    mllm: str = Field(
        default="measured",
        description="Decision Maker: 'measured' (no model), a HuggingFace id, a folder, URL#model or provider:model.",
    )
    encoder: str = Field(
        default="efficientnet-lite2",
        description="Image encoder for new memories: the embedded one, a HuggingFace id or folder, or timm/NAME.",
    )
    second_encoder: str = Field(
        default="auto",
        description=(
            "Second image encoder of new products, which looks where the first one is unsure: 'auto' is dinov2-small "
            "beside the embedded one where it is installed, 'none' is none."
        ),
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
    max_false_reject: Rate | None = Field(default=None, description=STRICTNESS)
    max_escape: Rate | None = Field(default=None, description=STRICTNESS)
    min_confidence: LeastConfidence | None = Field(default=None, description=STRICTNESS)
    chroma_url: str | None = Field(
        default=None,
        description="Chroma server that holds the index of references, such as http://chroma:8000; else this process.",
    )
    webhook_secret: SecretStr = Field(
        default=SecretStr(""), description="What a receiver of inspect --webhook knows the signature by."
    )
    max_image_megapixels: float = Field(
        default=100.0, gt=0, le=178, description="Larger images are refused before they are decoded."
    )
    max_image_megabytes: float = Field(
        default=25.0, gt=0, description="Larger image files are refused in a conversation."
    )
    kept_inspections: int = Field(
        default=1000, ge=10, description="Records of inspections that the memory keeps beside open reviews."
    )
    kept_maps: int = Field(
        default=5000, ge=10, description="Anomaly maps that the memory keeps beside those of open reviews."
    )
    kept_images: int = Field(
        default=2000,
        ge=10,
        description="Inspected photographs that the memory keeps, beside references, defects and open reviews.",
    )
    ui_password: SecretStr | None = Field(default=None, description="Password of the page's user 'echo'.")
    serve_keys: SecretStr | None = Field(
        default=None, description="Keys that echo-agent serve asks for, with commas between."
    )
    image_folders: Annotated[tuple[Path, ...], NoDecode] = Field(
        default=(),
        description="Folders whose images a message may name by path, separated as in PATH; none by default.",
    )
    image_urls: bool = Field(
        default=False, description="Whether a message may name an image on a public web host."
    )

    @field_validator("image_folders", mode="before")
    @classmethod
    def _split_folders(cls, given: object) -> object:
        return [part for part in given.split(os.pathsep) if part] if isinstance(given, str) else given


OF_THE_TESTS = {"ECHO_TEST_DATA"}
"""Variables of that form that the project's own tests read."""


@lru_cache(maxsize=1)
def process_settings() -> Settings:
    """Returns the settings of this process, read once.

    Raises:
        SettingsError: A variable holds a value that cannot be, or none of that name is read; the message names it.
    """
    _refuse_unread_variables()
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors()[0]
        variable = "ECHO_" + "_".join(str(part) for part in first["loc"]).upper()
        raise SettingsError(
            f"{variable} is {first['input']!r}: {first['msg']}; correct or unset it"
        ) from error


def _refuse_unread_variables() -> None:
    """Refuses a variable of the environment or of ``.env`` that looks like Echo's and that nothing reads."""
    prefix = "ECHO_"
    known = {prefix + name.upper() for name in Settings.model_fields} | OF_THE_TESTS
    for name in (*os.environ, *DotEnvSettingsSource(Settings).env_vars):
        if name.upper().startswith(prefix) and name.upper() not in known:
            near = difflib.get_close_matches(name.upper(), known - OF_THE_TESTS, n=1, cutoff=0)[0]
            raise SettingsError(
                f"{name.upper()} is set, but Echo reads no such variable: did you mean {near}? Correct or unset it "
                "(echo-agent config lists all)"
            )
