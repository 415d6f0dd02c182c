import pytest

from echo_agent.errors import SettingsError
from echo_agent.settings import process_settings


@pytest.fixture(autouse=True)
def fresh():
    process_settings.cache_clear()
    yield
    process_settings.cache_clear()


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("ECHO_MAX_IMAGE_MEGAPIXELS", "many"),
        ("ECHO_MAX_IMAGE_MEGAPIXELS", "500"),
        ("ECHO_MLLM_TIMEOUT", "-1"),
    ],
)
def test_a_value_that_cannot_be_is_named_with_its_variable(monkeypatch, variable, value):
    monkeypatch.setenv(variable, value)
    with pytest.raises(SettingsError, match=f"{variable} is .*correct or unset it"):
        process_settings()


def test_settings_come_from_the_environment(monkeypatch, tmp_path):
    monkeypatch.setenv("ECHO_MEMORY", str(tmp_path))
    assert process_settings().memory == tmp_path
