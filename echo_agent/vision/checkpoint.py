"""Where an encoder's files are: a folder, or a HuggingFace id with its downloaded snapshot."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from echo_agent.errors import EncoderError

JSON_FILES = ("config.json", "preprocessor_config.json", "processor_config.json")
SAFE_WEIGHTS = ("model*.safetensors", "model*.safetensors.index.json")
OLD_WEIGHTS = ("pytorch_model*.bin", "pytorch_model*.bin.index.json")
HASH_BLOCK = 1 << 20


@dataclass(frozen=True)
class Checkpoint:
    """The files of a model at one revision.

    Attributes:
        folder: Where they are.
        name: What opens this very revision again: the folder's full path, or ``id@commit``.
        label: The model and its revision, the same wherever the files are: ``id@commit``, or for a folder
            ``sha256:`` and the first 12 digits of the digest of its weights.
    """

    folder: Path
    name: str
    label: str


def find_checkpoint(name: str) -> Checkpoint:
    """Finds the files of an encoder; what is not downloaded yet is downloaded, if the hub can be reached.

    Args:
        name: A folder, or a HuggingFace id such as ``facebook/dinov2-base``, with ``@revision`` where it shall be
            another than ``main``.

    Raises:
        EncoderError: There is no such folder, or the model is not downloaded and cannot be.
    """
    place = Path(name).expanduser()
    if place.is_dir():
        folder = place.resolve()
        _check_complete(folder, name)
        return Checkpoint(folder, str(folder), digest_of(weight_files(folder)))
    repository, _, revision = name.partition("@")
    if _looks_like_a_path(name) or repository.count("/") > 1:
        raise EncoderError(
            f"there is no encoder in {place}: give the folder of a checkpoint or a HuggingFace id"
        )
    if "/" not in repository:
        raise EncoderError(f"{name} is no encoder: give efficientnet-lite2, a folder or a HuggingFace id")
    folder = find_snapshot(repository, revision or None)
    _check_complete(folder, name)
    pinned = f"{repository}@{folder.name}"
    return Checkpoint(folder, pinned, pinned)


def _looks_like_a_path(name: str) -> bool:
    return name.startswith((".", "/", "~")) or "\\" in name


def find_snapshot(
    repository: str,
    revision: str | None,
    *,
    processor: bool = True,
    offline: str = "give its folder as the encoder",
) -> Path:
    """The folder of a model's snapshot, named by its commit; it is downloaded where it is not yet.

    Args:
        repository: HuggingFace id.
        revision: Branch, tag or commit; None for ``main``.
        processor: Whether the model comes with the settings of an image processor.
        offline: What to do with a model that was downloaded elsewhere.

    Raises:
        EncoderError: The model is not downloaded and cannot be.
    """
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import (
        GatedRepoError,
        HfHubHTTPError,
        HFValidationError,
        LocalEntryNotFoundError,
        OfflineModeIsEnabled,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    def fetch(*patterns: str, local: bool) -> Path:
        return Path(
            snapshot_download(
                repository, revision=revision, allow_patterns=[*patterns], local_files_only=local
            )
        )

    try:
        kept = fetch(local=True)
        if _is_complete(kept, processor=processor):
            return kept
    except HFValidationError as error:
        raise EncoderError(
            f"{repository!r} is no encoder: give efficientnet-lite2, a folder or a HuggingFace id"
        ) from error
    except LocalEntryNotFoundError:
        pass
    download = f"hf download {repository}" + (f" --revision {revision}" if revision else "")
    try:
        folder = fetch(*JSON_FILES, *SAFE_WEIGHTS, local=False)
        return folder if weight_files(folder) else fetch(*JSON_FILES, *OLD_WEIGHTS, local=False)
    except GatedRepoError as error:
        raise EncoderError(
            f"{repository} asks for its licence to be accepted: do so on its page, then hf auth login"
        ) from error
    except (RepositoryNotFoundError, RevisionNotFoundError) as error:
        raise EncoderError(
            f"the hub has no model {repository}{'@' + revision if revision else ''}: correct the id"
        ) from error
    except (LocalEntryNotFoundError, OfflineModeIsEnabled, HfHubHTTPError, OSError) as error:
        raise EncoderError(
            f"the encoder {repository} is not downloaded and the hub cannot be reached: "
            f"run {download} where it can, and {offline}"
        ) from error


def weight_files(folder: Path) -> list[Path]:
    """The weight files: safetensors, or the older format where there are none."""
    return sorted(folder.glob("model*.safetensors")) or sorted(folder.glob("pytorch_model*.bin"))


def _is_complete(folder: Path, *, processor: bool) -> bool:
    return (
        (folder / "config.json").is_file()
        and (not processor or any((folder / name).is_file() for name in JSON_FILES[1:]))
        and bool(weight_files(folder))
    )


def _check_complete(folder: Path, name: str) -> None:
    for found, what in (
        ((folder / "config.json").is_file(), "config.json"),
        (any((folder / file).is_file() for file in JSON_FILES[1:]), "preprocessor_config.json"),
        (bool(weight_files(folder)), "model.safetensors"),
    ):
        if not found:
            raise EncoderError(
                f"the encoder {name} has no {what} in {folder}: download the whole checkpoint again"
            )


def digest_of(files: Sequence[Path]) -> str:
    """``sha256:`` and the first 12 digits of the digest of files, one after the other."""
    digest = hashlib.sha256()
    for file in files:
        with file.open("rb") as stream:
            while block := stream.read(HASH_BLOCK):
                digest.update(block)
    return f"sha256:{digest.hexdigest()[:12]}"


def image_processor_settings(checkpoint: Checkpoint) -> dict[str, Any]:
    """What the checkpoint's image processor does: ``image_mean``, ``image_std``, ``resample`` and so on."""
    from transformers.image_processing_base import ImageProcessingMixin

    settings: dict[str, Any] = ImageProcessingMixin.get_image_processor_dict(str(checkpoint.folder))[0]
    return settings
