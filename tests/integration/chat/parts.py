from PIL import Image, ImageDraw

from tests.conftest import synthetic_part


def spotted_part(seed: int = 5) -> Image.Image:
    """A good plate with a small dark spot at its top: clearly the plate, clearly defective."""
    picture = synthetic_part(seed)
    ImageDraw.Draw(picture).ellipse((90, 28, 102, 40), fill=(30, 20, 20))
    return picture
