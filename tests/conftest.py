"""What all tests share: photographs, synthetic parts, settings of their own, a closed network."""

import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings
from PIL import Image, ImageDraw
from scipy.ndimage import gaussian_filter

from echo_agent.settings import process_settings

REPOSITORY = Path(__file__).resolve().parent.parent
LOOPBACK = ["127.0.0.1", "::1"]

os.environ.setdefault("ANONYMIZED_TELEMETRY", "False")
os.environ.setdefault("LANGSMITH_TRACING", "false")
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ["LANGGRAPH_STRICT_MSGPACK"] = "true"

# The same examples each time, however long they take to draw: --hypothesis-profile=default draws others.
settings.load_profile("ci")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Closes the network: unit tests reach no host at all, the others this machine only."""
    for item in items:
        unit = "unit" in item.path.relative_to(REPOSITORY).parts
        item.add_marker(pytest.mark.disable_socket if unit else pytest.mark.allow_hosts(LOOPBACK))


@pytest.fixture(autouse=True)
def _settings_of_its_own(monkeypatch: pytest.MonkeyPatch):
    """Keeps a developer's ECHO_* variables out of the tests."""
    for name in [name for name in os.environ if name.startswith("ECHO_") and name != "ECHO_TEST_DATA"]:
        monkeypatch.delenv(name)
    process_settings.cache_clear()
    yield
    process_settings.cache_clear()


_ONE_ENCODER = pytest.MonkeyPatch()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Leaves the second encoder out, which takes its time, where a test is not marked as about it.

    A hook, since fixtures of a module are made before those of its functions.
    """
    _ONE_ENCODER.undo()
    if item.get_closest_marker("second_encoder") is None:
        _ONE_ENCODER.setenv("ECHO_SECOND_ENCODER", "none")
        _ONE_ENCODER.setattr("echo_agent.memory.second_encoder.usual_second", lambda _: None)


@pytest.fixture(scope="session")
def repository() -> Path:
    """The repository's root."""
    return REPOSITORY


@pytest.fixture(scope="session")
def test_data() -> Path:
    """Folder of real photographs: ECHO_TEST_DATA, else ../shared/data beside the repository."""
    folder = Path(os.environ.get("ECHO_TEST_DATA", REPOSITORY.parent / "shared" / "data"))
    if not folder.is_dir():
        reason = f"no photographs in {folder}: set ECHO_TEST_DATA"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return folder


def synthetic_part(seed: int, *, defect: bool = False, size: tuple[int, int] = (192, 144)) -> Image.Image:
    """Draws a plate with two holes and a grain of its own; with ``defect`` a dark scratch runs over it."""
    generator = np.random.default_rng(seed)
    width, height = size
    noise = generator.normal(0, 4, (height, width, 1))
    ground = np.clip(np.array([112, 118, 126]) + noise, 0, 255).astype(np.uint8)
    picture = Image.fromarray(ground)
    draw = ImageDraw.Draw(picture)
    x, y = (int(shift) for shift in generator.integers(-2, 3, 2))
    draw.rectangle(
        (24 + x, 20 + y, width - 24 + x, height - 20 + y), fill=(186, 190, 194), outline=(90, 92, 96)
    )
    for centre in (width // 3, 2 * width // 3):
        draw.ellipse(
            (centre - 12 + x, height // 2 - 12 + y, centre + 12 + x, height // 2 + 12 + y), fill=(60, 62, 66)
        )
    if defect:
        draw.line((width // 2 - 22, 30, width // 2 + 18, 58), fill=(20, 10, 10), width=5)
    grain = gaussian_filter(generator.normal(0, 30, (height, width)), 1.2)[..., None]
    return Image.fromarray(np.clip(np.asarray(picture) + grain, 0, 255).astype(np.uint8))


@pytest.fixture(scope="session")
def good_parts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of ten synthetic photographs of good parts, ``good-0.png`` to ``good-9.png``."""
    folder = tmp_path_factory.mktemp("good")
    for seed in range(10):
        synthetic_part(seed).save(folder / f"good-{seed}.png")
    return folder


@pytest.fixture(scope="session")
def scratched_part(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A synthetic photograph of a part with a scratch."""
    file = tmp_path_factory.mktemp("defective") / "scratched.png"
    synthetic_part(99, defect=True).save(file)
    return file


@pytest.fixture
def echo(capsys):
    """Runs the command line in this process; gives (exit code, stdout, stderr)."""
    from echo_agent.cli.app import app

    def run(*arguments):
        with pytest.raises(SystemExit) as ended:
            app([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        return ended.value.code, out, err

    return run
