import os
import subprocess
import sys
import warnings
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from echo_agent.errors import ImageError
from echo_agent.images.decoding import decode_image, load_image, to_raster
from echo_agent.images.policy import USUAL, ImagePolicy
from tests.conftest import synthetic_part
from tests.photographs import encoded, png_header, png_of_16_bits, turned_by_exif

GREY = np.tile(np.arange(0, 256, 4, dtype=np.uint8), (48, 1))
COLOURS = np.dstack([GREY, GREY[:, ::-1], np.full_like(GREY, 90)])


def pixels(image: Image.Image) -> np.ndarray:
    assert image.mode == "RGB"
    return np.asarray(image).astype(int)


@pytest.mark.parametrize("kind", ["PNG", "BMP", "TIFF", "PPM", "WEBP"])
def test_colours_come_out_as_they_were_saved(kind, tmp_path):
    options = {"lossless": True} if kind == "WEBP" else {}
    file = tmp_path / f"part.{kind.lower()}"
    file.write_bytes(encoded(Image.fromarray(COLOURS), kind, **options))
    assert (pixels(load_image(file)) == COLOURS).all()


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_16_bit_is_scaled_to_8(kind):
    wide = Image.fromarray(GREY.astype(np.uint16) * 257)
    assert wide.mode == "I;16"
    assert (pixels(decode_image(encoded(wide, kind))) == GREY[..., None]).all()


@pytest.mark.parametrize("mode", ["L", "1", "CMYK", "YCbCr", "HSV"])
def test_other_modes_keep_light_and_dark(mode):
    ramp = pixels(to_raster(Image.fromarray(GREY).convert("RGB").convert(mode)))
    assert ramp.shape == (48, 64, 3)
    assert ramp[:, :8].mean() < 60
    assert ramp[:, -8:].mean() > 195


@pytest.mark.parametrize("mode", ["RGBA", "LA", "PA", "RGBa", "La"])
def test_transparency_is_laid_over_white(mode):
    source = Image.new("RGBA", (8, 6), (0, 0, 0, 0))
    source.paste((10, 10, 10, 255), (0, 0, 4, 6))
    if mode == "PA":
        alpha = source.getchannel("A")
        source = source.convert("RGB").convert("P").convert("PA")
        source.putalpha(alpha)
    elif mode != "RGBA":
        source = source.convert("LA").convert(mode) if mode in {"LA", "La"} else source.convert(mode)
    values = pixels(to_raster(source))
    assert (values[:, 4:] == 255).all()
    assert (values[:, :4] < 60).all()


@pytest.mark.parametrize("mode", ["RGB", "L", "P"])
def test_a_transparent_colour_is_laid_over_white(mode):
    source = Image.new("RGB", (8, 6), (0, 0, 0))
    source.paste((200, 200, 200), (4, 0, 8, 6))
    source = source.quantize(2) if mode == "P" else source.convert(mode)
    transparent = source.getpixel((0, 0))
    found = pixels(decode_image(encoded(source, transparency=transparent)))
    assert (found[:, :4] == 255).all()
    assert (found[:, 4:] == 200).all()


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
@pytest.mark.parametrize("alpha", [0, 128, 255])
@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_an_alpha_that_is_the_same_everywhere_hides_nothing(mode, alpha, kind):
    source = Image.fromarray(COLOURS).convert(mode)
    source.putalpha(alpha)
    shown = np.asarray(Image.fromarray(COLOURS).convert(mode.removesuffix("A")).convert("RGB"))
    assert (pixels(decode_image(encoded(source, kind))) == shown).all()


def test_palettes_are_expanded():
    palette = Image.fromarray(COLOURS).quantize(200)
    found = pixels(decode_image(encoded(palette, "GIF")))
    assert np.abs(found - np.asarray(palette.convert("RGB")).astype(int)).max() <= 1
    assert np.abs(found - COLOURS).mean() < 10


def test_floats_are_read_as_0_to_1():
    assert (
        pixels(decode_image(encoded(Image.fromarray(GREY / np.float32(255)), "TIFF"))) == GREY[..., None]
    ).all()


def test_values_that_are_not_finite_are_an_error():
    values = (GREY / np.float32(255)).copy()
    values[3, 3] = np.nan
    with pytest.raises(ImageError, match="not finite"):
        decode_image(encoded(Image.fromarray(values), "TIFF"))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_applied(orientation):
    upright = Image.new("RGB", (60, 40), (40, 40, 40))
    upright.paste((250, 20, 20), (0, 0, 30, 20))
    stored = {
        1: upright,
        2: upright.transpose(Image.Transpose.FLIP_LEFT_RIGHT),
        3: upright.transpose(Image.Transpose.ROTATE_180),
        4: upright.transpose(Image.Transpose.FLIP_TOP_BOTTOM),
        5: upright.transpose(Image.Transpose.TRANSPOSE),
        6: upright.transpose(Image.Transpose.ROTATE_90),
        7: upright.transpose(Image.Transpose.TRANSVERSE),
        8: upright.transpose(Image.Transpose.ROTATE_270),
    }[orientation]
    found = decode_image(turned_by_exif(stored, orientation))
    assert found.size == (60, 40)
    assert np.abs(pixels(found) - np.asarray(upright).astype(int)).mean() < 5
    assert to_raster(found).size == (60, 40)


BROKEN = {
    "empty": (b"", "empty"),
    "text": (b"this is no picture", "not an image"),
    "cut off": (encoded(synthetic_part(1))[:2000], "damaged or cut off"),
    "bomb": (png_header(50_000, 50_000), "too many pixels|megapixels"),
    "thread": (encoded(Image.new("L", (65_000, 1))), "65000 x 1 pixels, longer than"),
    "ribbon": (png_header(300, 30_001), "300 x 30001 pixels.*100 times"),
    "large": (png_header(12_000, 10_000), "12000 x 10000 pixels.*ECHO_MAX_IMAGE_MEGAPIXELS"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_broken_is_named_with_the_remedy(name, tmp_path):
    data, message = BROKEN[name]
    file = tmp_path / "part.png"
    file.write_bytes(data)
    with pytest.raises(ImageError, match=message) as raised:
        load_image(file, USUAL)
    assert str(file) in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_missing_file_and_a_folder_are_named(tmp_path):
    with pytest.raises(ImageError, match=r"none\.png does not exist"):
        load_image(tmp_path / "none.png")
    with pytest.raises(ImageError, match="is a folder"):
        load_image(tmp_path)


def test_the_size_that_is_allowed_can_be_set():
    data = encoded(Image.new("L", (400, 300)))
    assert decode_image(data).size == (400, 300)
    with pytest.raises(ImageError, match=r"more than the 0\.1 megapixels"):
        decode_image(data, ImagePolicy(max_megapixels=0.1))


WHOLE = {
    kind: encoded(synthetic_part(2).resize((48, 36)), kind)
    for kind in ("PNG", "JPEG", "TIFF", "BMP", "GIF", "WEBP")
}


@settings(max_examples=150)
@given(st.sampled_from(sorted(WHOLE)), st.data())
def test_damaged_bytes_are_an_image_or_an_image_error(kind, data):
    damaged = bytearray(WHOLE[kind])
    for _ in range(data.draw(st.integers(1, 4))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(damaged)))
    with suppress(ImageError):
        assert decode_image(bytes(damaged[:cut])).mode == "RGB"


def test_a_phones_photograph_is_read_where_its_extra_is(tmp_path, monkeypatch):
    pillow_heif = pytest.importorskip("pillow_heif")
    file = tmp_path / "IMG_0001.HEIC"
    pillow_heif.from_pillow(synthetic_part(1)).save(file, quality=95)
    assert np.abs(pixels(load_image(file)) - pixels(synthetic_part(1))).mean() < 6
    with pytest.raises(ImageError, match="damaged or cut off"):
        decode_image(file.read_bytes()[:-500])
    monkeypatch.setattr("echo_agent.images.heif.find_spec", lambda _: None)
    with pytest.raises(ImageError, match=r"IMG_0001.HEIC is .*echo-agent\[heic\]"):
        load_image(file)


def test_a_drawing_that_pillow_would_hand_to_another_program_is_refused_unopened(monkeypatch):
    started = []
    monkeypatch.setattr("PIL.EpsImagePlugin.Ghostscript", lambda *given, **_: started.append(given))
    with pytest.raises(ImageError, match="save it as PNG or JPEG"):
        decode_image(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\n")
    assert not started


def test_many_threads_leave_the_warnings_of_the_program_as_they_are():
    exif = b"Exif\x00\x00II*\x00\x08\x00\x00\x00\x01\x00\x0e\x01\x02\x00\xff\x00\x00\x00\x1a\x00\x00\x00"
    files = [
        encoded(synthetic_part(1), kind, **({"exif": exif} if kind == "JPEG" else {}))
        for kind in sorted(WHOLE)
    ]
    before, shown = list(warnings.filters), warnings.showwarning
    with ThreadPoolExecutor(8) as threads:
        assert all(threads.map(decode_image, files * 20))
    assert warnings.filters == before
    assert warnings.showwarning is shown


MEASURE = """
import sys
from echo_agent.images.decoding import decode_image
from echo_agent.mllm.device_memory import ProcessMeter
data, meter = open(sys.argv[1], "rb").read(), ProcessMeter()
before = meter.begin()
image = decode_image(data)
print((meter.peak() - before) / (image.width * image.height))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("kind", ["alpha", "16 bits"])
def test_decoding_takes_no_more_than_24_bytes_a_pixel(kind, tmp_path, repository):
    ramp = np.asarray(Image.linear_gradient("L").resize((2500, 2500)))
    values = np.dstack([ramp] * 4)
    data = (
        encoded(Image.fromarray(values))
        if kind == "alpha"
        else png_of_16_bits(values[..., :3] * np.uint16(257))
    )
    (tmp_path / "part.png").write_bytes(data)
    command = [sys.executable, "-c", MEASURE, str(tmp_path / "part.png")]
    done = subprocess.run(command, cwd=repository, capture_output=True, text=True, check=True)
    assert float(done.stdout) < 25


def test_a_pipe_and_a_file_larger_than_any_image_are_not_read(tmp_path):
    os.mkfifo(tmp_path / "pipe.png")
    with pytest.raises(ImageError, match="pipe or a device"):
        load_image(tmp_path / "pipe.png")
    with (tmp_path / "large.png").open("wb") as stream:
        stream.truncate(3_000_000_000)
    with pytest.raises(ImageError, match=r"3\.0 GB"):
        load_image(tmp_path / "large.png")
