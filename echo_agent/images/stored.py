"""Image files by their digest: what is given in memory is stored, references are copied."""

import hashlib
import io
from pathlib import Path

from PIL import Image

from echo_agent.errors import ImageError, StoreError
from echo_agent.files import replacing
from echo_agent.images.decoding import decode_image, read_image_file
from echo_agent.images.in_memory import ImageLike, image_in_memory
from echo_agent.images.policy import OWN, ImagePolicy
from echo_agent.state import ImageRef


def store_image(image: ImageLike, folder: Path, policy: ImagePolicy = OWN) -> ImageRef:
    """Makes an ``ImageRef`` of an image; one that is no file yet is written into a folder under its digest.

    Args:
        image: Path, Pillow image, numpy array, torch tensor or the bytes of an image file.
        folder: Where images that are no file yet are kept.
        policy: How large it may be.

    Returns:
        The reference. Its digest is that of the file's bytes.

    Raises:
        ImageError: The image cannot be read.
        StoreError: The folder cannot be written.
    """
    return open_image(image, folder, policy)[0]


def open_image(image: ImageLike, folder: Path, policy: ImagePolicy = OWN) -> tuple[ImageRef, Image.Image]:
    """``store_image``, and the upright RGB image that was decoded on the way."""
    if isinstance(image, str | Path):
        data = read_image_file(image)
        return _ref(Path(image).resolve(), data, decode_image(data, policy, name=str(image)))
    if isinstance(image, bytes):
        loaded = decode_image(image, policy, name="the photograph")
        return _ref(_write(image, folder, ".img"), image, loaded)
    loaded = image_in_memory(image, policy)
    stream = io.BytesIO()
    loaded.save(stream, format="PNG")
    data = stream.getvalue()
    return _ref(_write(data, folder, ".png"), data, loaded)


def copy_image(image: ImageRef, folder: Path) -> ImageRef:
    """Copies an image into a folder under its digest; the same image is kept once.

    Raises:
        ImageError: Its file cannot be read, or is another photograph by now.
        StoreError: The folder cannot be written.
    """
    source = Path(image.uri)
    try:
        data = source.read_bytes()
    except OSError as error:
        raise ImageError(f"{source} cannot be read ({error.strerror}): check the path") from error
    if hashlib.sha256(data).hexdigest() != image.sha256:
        raise ImageError(f"{source} was overwritten since it was looked at: give the photograph again")
    return image.model_copy(update={"uri": str(_write(data, folder, source.suffix.lower()))})


def find_image(digest: str, folder: Path) -> ImageRef:
    """Finds an image that ``store_image`` or ``copy_image`` wrote into a folder.

    Raises:
        ImageError: There is none under that digest.
    """
    known = digest.isalnum() and len(digest) == hashlib.sha256().digest_size * 2
    file = next(iter(sorted(folder.glob(f"{digest}.*"))), None) if known else None
    if file is None:
        raise ImageError(f"no image is kept under {digest[:64]!r}: send the photograph again")
    return store_image(file, folder)


def _ref(file: Path, data: bytes, loaded: Image.Image) -> tuple[ImageRef, Image.Image]:
    digest = hashlib.sha256(data).hexdigest()
    return ImageRef(uri=str(file), sha256=digest, width=loaded.width, height=loaded.height), loaded


def _write(data: bytes, folder: Path, suffix: str) -> Path:
    """Writes a file named by its digest, in one step; one that is there already counts as used now."""
    file = folder / f"{hashlib.sha256(data).hexdigest()}{suffix}"
    try:
        if file.exists():
            file.touch()
            return file.resolve()
        folder.mkdir(parents=True, exist_ok=True)
        with replacing(file) as stream:
            stream.write(data)
    except OSError as error:
        raise StoreError(
            f"{folder} cannot be written ({error.strerror}): choose another folder by --memory"
        ) from error
    return file.resolve()
