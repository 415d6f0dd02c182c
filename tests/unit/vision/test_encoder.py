import pytest

from echo_agent.errors import EncoderError
from echo_agent.vision.encoder import load_encoder


def test_an_unknown_encoder_is_named_with_the_one_that_there_is():
    with pytest.raises(EncoderError, match=r"nonsense.*efficientnet-lite2"):
        load_encoder("nonsense")
