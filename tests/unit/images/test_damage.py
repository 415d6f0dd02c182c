import numpy as np
import pytest
from PIL import Image

from echo_agent.errors import ImageError
from echo_agent.images.decoding import decode_image
from tests.conftest import synthetic_part
from tests.photographs import encoded, png_of_16_bits

PART = synthetic_part(1, size=(320, 240))
WAYS = {
    "baseline": {"quality": 90},
    "progressive": {"quality": 90, "progressive": True},
    "with restarts": {"quality": 90, "restart_marker_rows": 1},
    "without subsampling": {"quality": 75, "subsampling": 0},
}
JPEGS = {
    **{way: encoded(PART, "JPEG", **options) for way, options in WAYS.items()},
    "grey": encoded(PART.convert("L"), "JPEG"),
    "CMYK": encoded(PART.convert("CMYK"), "JPEG"),
}
END = b"\xff\xd9"


@pytest.mark.parametrize("way", JPEGS)
def test_a_whole_jpeg_is_read(way):
    assert decode_image(JPEGS[way]).size == PART.size


@pytest.mark.parametrize("way", JPEGS)
def test_a_jpeg_that_lost_its_lower_half_and_ends_properly_is_refused(way):
    data = JPEGS[way]
    with pytest.raises(ImageError, match="damaged or cut off"):
        decode_image(data[: len(data) // 2] + END)


@pytest.mark.parametrize("way", JPEGS)
@pytest.mark.parametrize("length", [40, 128, 512, 2048])
def test_a_jpeg_with_zeros_inside_is_refused(way, length):
    data = JPEGS[way]
    start = len(data) // 2
    with pytest.raises(ImageError, match="damaged or cut off"):
        decode_image(data[:start] + bytes(length) + data[start + length :])


@pytest.mark.parametrize("padding", [b"\0" * 3, b"\x55" * 8])
def test_bytes_that_a_camera_puts_around_a_picture_are_no_damage(padding):
    data = JPEGS["baseline"]
    whole = decode_image(data).tobytes()
    assert decode_image(data[:-2] + padding + END).tobytes() == whole
    assert decode_image(data + padding * 30).tobytes() == whole


def test_a_png_whose_picture_was_changed_is_refused():
    data = bytearray(png_of_16_bits(np.zeros((40, 40), np.uint16), level=0))
    data[len(data) // 2] ^= 0x40
    with pytest.raises(ImageError, match="damaged or cut off"):
        decode_image(bytes(data))


@pytest.mark.parametrize("compression", ["raw", "tiff_lzw", "tiff_deflate"])
def test_a_tiff_that_was_cut_is_refused(compression):
    data = encoded(PART, "TIFF", compression=compression)
    with pytest.raises(ImageError):
        decode_image(data[: len(data) // 2])


@pytest.mark.parametrize("options", [{}, {"optimize": True}, {"progressive": True}])
def test_a_flat_picture_is_not_taken_for_damage(options):
    flat = Image.new("RGB", (1600, 1200), (128, 128, 128))
    flat.paste(PART, (640, 480))
    assert decode_image(encoded(flat, "JPEG", **options)).size == flat.size
