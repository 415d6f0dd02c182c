import base64

import pytest

from echo_agent.errors import ImageError
from echo_agent.images.message_blocks import ImageSource
from echo_agent.images.policy import ImagePolicy
from echo_agent.images.sources import base64_bytes, source_bytes
from echo_agent.settings import Settings


@pytest.mark.parametrize(
    "spelling",
    [lambda text: text, lambda text: text.rstrip("="), lambda text: f"{text[:2]}\n{text[2:]}"],
    ids=["plain", "without padding", "with a line break"],
)
def test_base64_is_read_in_the_spellings_of_clients(spelling):
    data = bytes(range(250))
    assert base64_bytes(spelling(base64.b64encode(data).decode())) == data
    assert base64_bytes(spelling(base64.urlsafe_b64encode(data).decode())) == data


@pytest.mark.parametrize("text", ["", "%%%", "a"])
def test_what_is_no_base64_is_refused(text):
    with pytest.raises(ImageError, match="send the photograph again"):
        base64_bytes(text)


def test_a_path_is_read_in_an_allowed_folder_alone(tmp_path):
    allowed = tmp_path / "photographs"
    allowed.mkdir()
    (allowed / "part.png").write_bytes(b"part")
    (tmp_path / "secret.png").write_bytes(b"secret")
    policy = ImagePolicy(folders=(allowed,))
    assert source_bytes(ImageSource("path", str(allowed / "part.png")), policy) == b"part"
    for outside in ("../secret.png", "../none.png"):
        with pytest.raises(ImageError, match="outside the folders"):
            source_bytes(ImageSource("path", str(allowed / outside)), policy)
    with pytest.raises(ImageError, match="none are allowed"):
        source_bytes(ImageSource("path", str(allowed / "part.png")), ImagePolicy())


def test_an_address_is_not_fetched_where_it_is_not_allowed():
    with pytest.raises(ImageError, match="ECHO_IMAGE_URLS=true"):
        source_bytes(ImageSource("url", "https://parts.example/a.png"), ImagePolicy())


@pytest.mark.parametrize("kind", ["base64", "path"])
def test_more_bytes_than_allowed_are_refused(kind, tmp_path):
    data = b"x" * 2000
    (tmp_path / "part.png").write_bytes(data)
    value = base64.b64encode(data).decode() if kind == "base64" else str(tmp_path / "part.png")
    with pytest.raises(ImageError, match=r"more than the 0\.001 MB"):
        source_bytes(ImageSource(kind, value), ImagePolicy(max_megabytes=0.001, folders=(tmp_path,)))


def test_the_policy_is_that_of_the_settings(tmp_path):
    settings = Settings(
        max_image_megapixels=3, max_image_megabytes=4, image_folders=(tmp_path,), image_urls=True
    )
    assert ImagePolicy.of(settings) == ImagePolicy(
        max_megapixels=3, max_megabytes=4, folders=(tmp_path,), urls=True
    )
