"""What of a product's references never counts: regions that move with the part, carried to each of them."""

from collections.abc import Sequence

from echo_agent.errors import ProductError
from echo_agent.images.ignored import Ignored
from echo_agent.images.photographs import Photographs
from echo_agent.images.stored import load_stored
from echo_agent.state import ImageRef
from echo_agent.vision.carrying import Laid, carried
from echo_agent.vision.features import FeatureEncoder


def drawn_on(ignored: Ignored, references: Sequence[ImageRef]) -> ImageRef | None:
    """The reference that regions are drawn on; None where they stay in the picture.

    Raises:
        ProductError: It is none of the references.
    """
    if ignored.drawn_on is None or not ignored:
        return None
    found = next((image for image in references if image.sha256 == ignored.drawn_on), None)
    if found is None:
        raise ProductError(
            f"the photograph {ignored.drawn_on[:12]} that the regions are drawn on is none of the references: "
            "register it as well, or draw them on one of these first"
        )
    return found


def counted_photographs(
    references: Sequence[ImageRef], ignored: Ignored, encoder: FeatureEncoder
) -> Photographs:
    """The references with what never counts painted over.

    Args:
        references: The references.
        ignored: The regions.
        encoder: Lays photographs on each other.

    Raises:
        ImageError: A reference cannot be read.
        ProductError: A reference cannot be laid on the one that the regions are drawn on.
    """
    drawn = drawn_on(ignored, references)
    if drawn is None:
        return Photographs(references, ignored)

    def laid(image: ImageRef) -> Laid:
        photograph = load_stored(image)
        return Laid.of(photograph, encoder.encode([photograph])[0].patches)

    first, places = laid(drawn), []
    for image in references:
        found = ignored if image == drawn else carried(ignored, first, laid(image))
        if found is None:
            raise ProductError(
                f"the reference {image.sha256[:12]} cannot be laid on the photograph that the regions are drawn on: "
                "let the regions stay in the picture, or leave that photograph out"
            )
        places.append(found)
    return Photographs(references, places)
