import pytest
from hypothesis import given
from hypothesis import strategies as st

from echo_agent.errors import ImageError
from echo_agent.images.message_blocks import ImageSource, take_apart


def test_text_and_image_are_taken_apart():
    parts = take_apart(["Where?", {"type": "image_url", "image_url": {"url": "data:image/png;base64,QUJD"}}])
    assert parts.text == "Where?"
    assert parts.images == (ImageSource("base64", "QUJD"),)


@pytest.mark.parametrize(
    ("text", "kind", "rest"),
    [
        ("/data/part.png where?", "path", "where?"),
        ('"/data/my part.jpg" where?', "path", "where?"),
        ("see https://host/a.png?", "url", "see ?"),
        ("is a.png a name", None, "is a.png a name"),
    ],
)
def test_an_image_named_in_text_is_found(text, kind, rest):
    parts = take_apart(text)
    assert [source.kind for source in parts.images] == ([kind] if kind else [])
    assert parts.text == rest


BLOCKS = st.dictionaries(
    st.sampled_from(["type", "text", "url", "data", "base64", "image_url", "source", "mime_type", "path"]),
    st.one_of(st.text(max_size=30), st.none(), st.integers(), st.sampled_from(["image", "text", "file"])),
)


@given(st.lists(st.one_of(st.text(max_size=50), BLOCKS), max_size=4))
def test_any_content_is_read_or_refused_in_words(content):
    try:
        parts = take_apart(content)
    except ImageError as error:
        assert str(error)  # noqa: PT017 (either outcome is right, no other is)
    else:
        assert isinstance(parts.text, str)
