"""Image files by their digest: what is given in memory is stored, references are copied."""

import hashlib
import io
from collections.abc import Callable
from pathlib import Path

from PIL import Image

from echo_agent.errors import ImageError, StoreError
from echo_agent.files import replacing
from echo_agent.images.decoding import IMAGE_SUFFIXES, as_rgb, decode_raster, read_image_file
from echo_agent.images.depth import Depth
from echo_agent.images.in_memory import ImageLike, image_in_memory
from echo_agent.images.pages import split_page
from echo_agent.images.policy import OWN, ImagePolicy
from echo_agent.images.wide import WideImage
from echo_agent.names import readable
from echo_agent.state import ImageRef

DepthOf = Callable[[WideImage], Depth | None]
"""Says which values are black and white in an image of more than 8 bits; None leaves it to the kind of file."""


def own_depth(image: WideImage) -> Depth | None:
    """Leaves the depth to the kind of file."""
    return image.own_depth


def store_image(
    image: ImageLike, folder: Path, policy: ImagePolicy = OWN, depth_of: DepthOf = own_depth
) -> ImageRef:
    """Makes an ``ImageRef`` of an image: of the file where it lies, if that is one picture of 8 bits.

    Anything else is written into a folder under its digest: what is no file yet as it is, a page of several and more
    than 8 bits as the 8-bit RGB that they are seen as.

    Args:
        image: Path, Pillow image, numpy array, torch tensor or the bytes of an image file; ``photo.tif#page=2`` is the
            second picture of a file of several.
        folder: Where images that are no such file are kept.
        policy: How large it may be.
        depth_of: Which values are black and white, where it has more than 8 bits.

    Returns:
        The reference. Its digest is that of the file's bytes.

    Raises:
        ImageError: The image cannot be read.
        StoreError: The folder cannot be written.
    """
    return open_image(image, folder, policy, depth_of)[0]


def open_image(
    image: ImageLike, folder: Path, policy: ImagePolicy = OWN, depth_of: DepthOf = own_depth
) -> tuple[ImageRef, Image.Image]:
    """``store_image``, and the upright RGB image that was decoded on the way."""
    if isinstance(image, str | Path):
        file, page = split_page(image)
        data = read_image_file(file)
        raster = decode_raster(data, policy, name=str(file), page=page)
        if isinstance(raster, Image.Image) and page is None:
            place = file.resolve()
            if str(place) != readable(str(place)):  # a path that no record could hold
                place = _write(data, folder, ".img")
            return _ref(place, data, raster)
    elif isinstance(image, bytes):
        raster = decode_raster(image, policy, name="the photograph")
        if isinstance(raster, Image.Image):
            return _ref(_write(image, folder, ".img"), image, raster)
    else:
        raster = image_in_memory(image, policy)
    loaded = as_rgb(raster, depth_of(raster) if isinstance(raster, WideImage) else None)
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
    suffix = source.suffix.lower()  # a browser's upload may have none
    kept = _write(data, folder, suffix if suffix in IMAGE_SUFFIXES else ".img")
    return image.model_copy(update={"uri": str(kept)})


def read_stored(image: ImageRef) -> bytes:
    """The bytes of an image's file, held against its digest.

    Raises:
        ImageError: The file is missing or cannot be read, or is another photograph by now.
    """
    data = read_image_file(image.uri)
    if hashlib.sha256(data).hexdigest() != image.sha256:
        raise ImageError(
            f"{image.uri} is not the photograph that was stored: it was damaged or overwritten, give it again"
        )
    return data


def load_stored(image: ImageRef) -> Image.Image:
    """Reads an image as RGB, its file held against its digest; see ``read_stored``."""
    return as_rgb(decode_raster(read_stored(image), OWN, name=image.uri))


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
    """Writes a file named by its digest, in one step; one that is there whole already counts as used now."""
    file = folder / f"{hashlib.sha256(data).hexdigest()}{suffix}"
    try:
        if file.is_file() and file.read_bytes() == data:
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
