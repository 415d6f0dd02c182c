"""The language model is shown the very pixels that the evidence is taken from, whatever the file."""

import base64
import io
from pathlib import Path

import numpy as np
import pytest
from langchain_core.messages import HumanMessage
from PIL import Image

from echo_agent.chat import model_answer
from echo_agent.errors import ImageError
from echo_agent.images.stored import open_image
from echo_agent.mllm.messages import read_block
from echo_agent.mllm.photograph_cache import Source
from echo_agent.mllm.served_chat import as_sent
from tests.conftest import synthetic_part
from tests.photographs import encoded, png_header, png_of_16_bits, tiff_of, turned_by_exif

PART = synthetic_part(4, size=(64, 48))
GREY = np.asarray(PART.convert("L"))
CLEAR = Image.merge("RGBA", (*PART.split(), Image.fromarray(GREY)))

HIGHLIGHT = Image.fromarray(np.where(np.arange(48)[:, None] < 1, np.float32(1.03), GREY / np.float32(255)))

FILES = {
    "8-bit grey PNG": encoded(PART.convert("L")),
    "8-bit colour PNG": encoded(PART),
    "1-bit PNG": encoded(PART.convert("1")),
    "8-bit BMP": encoded(PART, "BMP"),
    "8-bit PPM": encoded(PART, "PPM"),
    "WebP": encoded(PART, "WEBP"),
    "JPEG": encoded(PART, "JPEG"),
    "grey JPEG": encoded(PART.convert("L"), "JPEG"),
    "CMYK JPEG": encoded(PART.convert("CMYK"), "JPEG"),
    "CMYK TIFF": encoded(PART.convert("CMYK"), "TIFF"),
    "LAB TIFF": encoded(Image.new("LAB", (64, 48), (120, 130, 140)), "TIFF"),
    "16-bit PNG": encoded(Image.fromarray(GREY.astype(np.uint16) * 257)),
    "16-bit PNG with values up to 200": encoded(Image.fromarray((GREY // 2).astype(np.uint16))),
    "16-bit TIFF": encoded(Image.fromarray(GREY.astype(np.uint16) * 257), "TIFF"),
    "12 bits in a 16-bit TIFF": encoded(Image.fromarray(GREY.astype(np.uint16) * 16), "TIFF"),
    "32-bit TIFF": encoded(Image.fromarray(GREY.astype(np.int32) * 200), "TIFF"),
    "float TIFF from 0 to 1": encoded(Image.fromarray(GREY / np.float32(255)), "TIFF"),
    "float TIFF with a highlight of 1.03": encoded(HIGHLIGHT, "TIFF"),
    "16-bit colour PNG": png_of_16_bits(np.asarray(PART).astype(np.uint16) * 257),
    "16-bit colour TIFF": tiff_of(np.asarray(PART).astype(np.uint16) * 257, photometric=2),
    "palette PNG": encoded(PART.quantize(64)),
    "palette GIF": encoded(PART.quantize(64), "GIF"),
    "palette PNG with a transparent colour": encoded(PART.quantize(64), transparency=0),
    "RGB PNG with a transparent colour": encoded(PART, transparency=PART.getpixel((0, 0))),
    "RGBA PNG": encoded(CLEAR),
    "RGBA TIFF": encoded(CLEAR, "TIFF"),
    "RGBA PNG, transparent everywhere": encoded(
        Image.merge("RGBA", (*PART.split(), Image.new("L", PART.size)))
    ),
    "grey with alpha": encoded(CLEAR.convert("LA")),
    **{f"JPEG turned by EXIF {turn}": turned_by_exif(PART, turn) for turn in range(1, 9)},
}


def of_data_url(url: str) -> Image.Image:
    return Image.open(io.BytesIO(base64.b64decode(url.partition(",")[2])))


def as_local_model(block):
    return Source(*read_block(block), max_pixels=10**9).read()


def as_local_model_by_path(file):
    return as_local_model({"type": "image", "path": str(file)})


def as_local_model_by_base64(file):
    return as_local_model({"type": "image", "base64": base64.b64encode(file.read_bytes()).decode()})


def as_served_model(file):
    (message,) = as_sent([HumanMessage([{"type": "image", "path": str(file)}])], 10**9)
    return of_data_url(message["content"][0]["image_url"]["url"])


def as_chat_model(file):
    return of_data_url(model_answer._data_url(str(file), 10**9))


@pytest.mark.parametrize(
    "shown", [as_local_model_by_path, as_local_model_by_base64, as_served_model, as_chat_model]
)
@pytest.mark.parametrize("name", FILES)
def test_the_language_model_sees_the_pixels_of_the_evidence(name, shown, tmp_path):
    file = tmp_path / "part.img"
    file.write_bytes(FILES[name])
    ref, evidence = open_image(file, tmp_path)
    for named in (file, Path(ref.uri)):
        seen = shown(named)
        assert seen.mode == evidence.mode == "RGB"
        assert seen.size == evidence.size
        assert seen.tobytes() == evidence.tobytes()


def test_a_message_from_outside_is_bounded_before_it_is_decoded():
    ribbon = base64.b64encode(png_header(300, 30_001)).decode()
    with pytest.raises(ImageError, match="longer than"):
        read_block({"type": "image", "base64": ribbon})


def test_a_kind_of_file_that_the_evidence_refuses_is_refused_for_the_language_model(tmp_path):
    file = tmp_path / "part.png"
    file.write_bytes(encoded(PART, "TGA"))
    for shown in (as_local_model_by_path, as_local_model_by_base64, as_served_model, as_chat_model):
        with pytest.raises(Exception, match="save it as PNG or JPEG"):
            shown(file)
