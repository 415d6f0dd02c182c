"""Changes of a photograph that leave its part the same."""

from PIL import Image, ImageEnhance

SHIFT_SHARE = 0.02
TURN_DEGREES = 3.0
LIGHT = (0.9, 1.1)


def small_changes(image: Image.Image) -> list[Image.Image]:
    """Shifted, turned, darker and brighter copies of an RGB image, of the same size.

    Returns:
        Six images: two shifts by 2 % of the sides, two turns by 3 degrees, 10 % darker and brighter. What a shift
        or a turn uncovers is cut away, and the rest scaled back.
    """
    width, height = image.size
    across, down = max(1, round(width * SHIFT_SHARE)), max(1, round(height * SHIFT_SHARE))
    shifted = [
        image.crop((across, down, width, height)).resize(image.size, Image.Resampling.BICUBIC),
        image.crop((0, 0, width - across, height - down)).resize(image.size, Image.Resampling.BICUBIC),
    ]
    margin = (round(width * 0.06), round(height * 0.06))
    inner = (margin[0], margin[1], width - margin[0], height - margin[1])
    turned = [
        image.rotate(angle, Image.Resampling.BICUBIC).crop(inner).resize(image.size, Image.Resampling.BICUBIC)
        for angle in (-TURN_DEGREES, TURN_DEGREES)
    ]
    lit = [ImageEnhance.Brightness(image).enhance(factor) for factor in LIGHT]
    return [*shifted, *turned, *lit]


def rotated_half(image: Image.Image) -> Image.Image:
    """The image turned by 180 degrees."""
    return image.transpose(Image.Transpose.ROTATE_180)
