"""What is taken for an image, as a value that is handed in: sizes, folders, web addresses."""

import math
from dataclasses import dataclass
from pathlib import Path

from echo_agent.settings import Settings


@dataclass(frozen=True)
class ImagePolicy:
    """Bounds on images from outside.

    Attributes:
        max_megapixels: Larger images are refused before they are decoded, which takes up to 24 bytes a pixel.
        max_side: Longer files are refused before they are decoded.
        max_aspect: Files whose sides differ by more than this factor are refused before they are decoded: what is made
            of a strip takes more than its pixels say.
        max_megabytes: Larger files are refused in a conversation.
        folders: Folders whose images a message may name by path.
        urls: Whether a message may name an image on a public web host.
    """

    max_megapixels: float = 100.0
    max_side: float = 50_000
    max_aspect: float = 100.0
    max_megabytes: float = 25.0
    folders: tuple[Path, ...] = ()
    urls: bool = False

    @classmethod
    def of(cls, settings: Settings) -> "ImagePolicy":
        """The policy of a process's settings."""
        return cls(
            max_megapixels=settings.max_image_megapixels,
            max_megabytes=settings.max_image_megabytes,
            folders=settings.image_folders,
            urls=settings.image_urls,
        )


USUAL = ImagePolicy()

OWN = ImagePolicy(max_megapixels=178.0, max_side=math.inf, max_aspect=math.inf)
"""For files that came through the door before: the most pixels that are decoded at all, in any shape."""
