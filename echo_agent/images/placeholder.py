"""What is shown in the place of a photograph that is missing or damaged: it costs its own row, never the page."""

from PIL import Image, ImageDraw

from echo_agent.errors import ImageError
from echo_agent.images.stored import load_stored
from echo_agent.state import ImageRef

SIZE = (320, 240)
TOLD = "The photograph is missing\nor damaged."


def shown(image: ImageRef) -> Image.Image:
    """The photograph as RGB; a grey picture that says so where it cannot be read."""
    try:
        return load_stored(image)
    except ImageError:
        return placeholder()


def placeholder() -> Image.Image:
    """The grey picture."""
    picture = Image.new("RGB", SIZE, (226, 228, 230))
    middle = (SIZE[0] / 2, SIZE[1] / 2)
    ImageDraw.Draw(picture).multiline_text(middle, TOLD, (90, 92, 96), anchor="mm", align="center")
    return picture
