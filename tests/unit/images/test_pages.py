import numpy as np
import pytest
from PIL import Image

from echo_agent.errors import ImageError
from echo_agent.images.decoding import load_image
from echo_agent.images.stored import open_image
from tests.photographs import encoded

RED, BLUE = (Image.new("RGB", (24, 16), colour) for colour in ((200, 30, 30), (30, 30, 200)))

SEVERAL = {
    "TIFF": encoded(RED, "TIFF", save_all=True, append_images=[BLUE]),
    "GIF": encoded(RED, "GIF", save_all=True, append_images=[BLUE]),
    "PNG": encoded(RED, "PNG", save_all=True, append_images=[BLUE]),
    "WEBP": encoded(RED, "WEBP", save_all=True, append_images=[BLUE], lossless=True),
}


@pytest.mark.parametrize("kind", SEVERAL)
def test_of_several_pictures_none_is_judged_unasked(kind, tmp_path):
    file = tmp_path / f"parts.{kind.lower()}"
    file.write_bytes(SEVERAL[kind])
    with pytest.raises(ImageError, match=rf"holds 2 pictures.*{file.name}#page=1"):
        load_image(file)


@pytest.mark.parametrize("kind", SEVERAL)
def test_a_page_is_asked_for_by_its_number(kind, tmp_path):
    file = tmp_path / f"parts.{kind.lower()}"
    file.write_bytes(SEVERAL[kind])
    for page, shown in ((1, RED), (2, BLUE)):
        found = np.asarray(load_image(f"{file}#page={page}")).astype(int)
        assert np.abs(found - np.asarray(shown)).max() <= 2
    for page in (0, 3):
        with pytest.raises(ImageError, match=f"no page {page}: it holds 2"):
            load_image(f"{file}#page={page}")


def test_a_page_is_stored_as_a_picture_of_its_own(tmp_path):
    file = tmp_path / "parts.tiff"
    file.write_bytes(SEVERAL["TIFF"])
    refs = [open_image(f"{file}#page={page}", tmp_path / "images")[0] for page in (1, 2)]
    assert refs[0].sha256 != refs[1].sha256
    assert load_image(refs[1].uri).tobytes() == BLUE.tobytes()


def test_a_preview_beside_a_picture_is_no_page(tmp_path):
    file = tmp_path / "part.tiff"
    preview = BLUE.resize((6, 4))
    preview.encoderinfo = {"tiffinfo": {254: 1}}
    file.write_bytes(encoded(RED, "TIFF", save_all=True, append_images=[preview]))
    assert load_image(file).tobytes() == RED.tobytes()


def test_the_previews_of_a_camera_are_no_pages(tmp_path):
    file = tmp_path / "part.jpg"
    file.write_bytes(encoded(RED, "MPO", save_all=True, append_images=[BLUE.resize((6, 4))]))
    assert load_image(file).size == RED.size


def test_a_file_that_is_called_like_a_page_is_itself(tmp_path):
    file = tmp_path / "part.png#page=2"
    RED.save(file, "PNG")
    assert load_image(file).tobytes() == RED.tobytes()
