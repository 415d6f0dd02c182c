import numpy as np
import pytest
from PIL import Image

from echo_agent.errors import ImageError
from echo_agent.images.decoding import decode_image, decode_raster, is_wide, load_image
from echo_agent.images.depth import Depth
from echo_agent.images.wide import WideImage
from tests.photographs import encoded, png_of_16_bits, tiff_of

TWELVE = np.random.default_rng(0).integers(0, 4096, (20, 30, 3)).astype(np.uint16)
OPAQUE = np.full((20, 30), 65535, np.uint16)

COLOUR = {
    "PNG": png_of_16_bits(TWELVE),
    "TIFF": tiff_of(TWELVE, photometric=2),
    "big-endian TIFF": tiff_of(TWELVE, photometric=2, order=">"),
    "PNG with alpha": png_of_16_bits(np.dstack([TWELVE, OPAQUE])),
    "TIFF with alpha": tiff_of(np.dstack([TWELVE, OPAQUE]), photometric=2),
}


@pytest.mark.parametrize("kind", COLOUR)
def test_colour_of_16_bits_is_read_whole(kind):
    raster = decode_raster(COLOUR[kind])
    assert isinstance(raster, WideImage)
    assert (raster.values == TWELVE).all()
    shown = np.asarray(decode_image(COLOUR[kind], depth=Depth.of_bits(12)))
    assert (shown == np.rint(TWELVE / 4095 * 255)).all()
    assert len(np.unique(shown)) > 250


def test_alpha_of_16_bits_is_laid_over_white():
    clear = OPAQUE.copy()
    clear[:, 15:] = 0
    shown = np.asarray(decode_image(png_of_16_bits(np.dstack([TWELVE, clear])), depth=Depth.of_bits(12)))
    assert (shown[:, 15:] == 255).all()
    assert (shown[:, :15] == np.rint(TWELVE[:, :15] / 4095 * 255)).all()


def test_a_declared_depth_is_kept_without_a_product():
    ramp = np.tile(np.arange(0, 1024, 16, dtype=np.uint16), (4, 1))
    pgm = b"P5 64 4 1023\n" + ramp.astype(">u2").tobytes()
    assert np.abs(np.asarray(decode_image(pgm))[..., 0] - ramp / 1023 * 255).max() <= 1


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (tiff_of(TWELVE, photometric=2, planes=True), "plane by plane"),
        (tiff_of(TWELVE[..., 0], photometric=0), "white is zero"),
        (png_of_16_bits(TWELVE[..., :2]), "LA in 16 bits"),
    ],
)
def test_what_would_be_read_by_half_is_refused(data, why):
    with pytest.raises(ImageError, match=why):
        decode_image(data)


def test_a_file_tells_by_its_head_whether_it_is_wide(tmp_path):
    files = {
        "wide.png": COLOUR["PNG"],
        "grey.png": png_of_16_bits(TWELVE[..., 0]),
        "float.tif": encoded(Image.new("F", (4, 4)), "TIFF"),
        "plain.png": encoded(Image.new("RGB", (4, 4))),
        "declared.pgm": b"P5 1 1 1023\n\x01\x01",
        "none.png": b"",
    }
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    assert {name for name in files if is_wide(tmp_path / name)} == {"wide.png", "grey.png", "float.tif"}


def test_a_file_of_more_bits_than_asked_for_is_named(tmp_path):
    file = tmp_path / "part.png"
    file.write_bytes(COLOUR["PNG"])
    with pytest.raises(ImageError, match=rf"{file} holds values from 0 to 409\d, beyond 10 bits"):
        load_image(file, depth=Depth.of_bits(10))
