"""References' photographs, read when they are looked at: a thousand of them do not fit into memory."""

from collections.abc import Sequence
from typing import overload

from PIL import Image

from echo_agent.images.ignored import NOTHING, Ignored
from echo_agent.images.stored import load_stored
from echo_agent.state import ImageRef


class Photographs(Sequence[Image.Image]):
    """A sequence of RGB images that holds only where they are.

    Args:
        images: The images.
        ignored: What of them is painted over, of all alike or of each.
    """

    def __init__(self, images: Sequence[ImageRef], ignored: Ignored | Sequence[Ignored] = NOTHING) -> None:
        self._images = tuple(images)
        self._ignored = (ignored,) * len(images) if isinstance(ignored, Ignored) else tuple(ignored)

    def __len__(self) -> int:
        return len(self._images)

    @overload
    def __getitem__(self, index: int) -> Image.Image: ...

    @overload
    def __getitem__(self, index: slice) -> "Photographs": ...

    def __getitem__(self, index: int | slice) -> "Image.Image | Photographs":
        """Reads the image at an index.

        Raises:
            ImageError: It cannot be read, or its file is another photograph by now.
        """
        if isinstance(index, slice):
            return Photographs(self._images[index], self._ignored[index])
        return self._ignored[index].painted(load_stored(self._images[index]))
