import numpy as np
import pytest
import torch
from PIL import Image

from echo_agent.errors import ImageError
from echo_agent.images.decoding import Raster, as_rgb
from echo_agent.images.in_memory import image_from_array, image_from_tensor, image_in_memory
from echo_agent.images.policy import ImagePolicy

GREY = np.tile(np.arange(0, 256, 4, dtype=np.uint8), (48, 1))
COLOURS = np.dstack([GREY, GREY[:, ::-1], np.full_like(GREY, 90)])


def pixels(raster: Raster) -> np.ndarray:
    image = as_rgb(raster)
    assert image.mode == "RGB"
    return np.asarray(image).astype(int)


@pytest.mark.parametrize(
    "array",
    [
        GREY,
        GREY[..., None],
        np.dstack([GREY] * 3),
        np.dstack([GREY, GREY, GREY, np.full_like(GREY, 255)]),
        GREY.astype(np.uint16) * 257,
        GREY / 255,
        (GREY / 255).astype(np.float32),
        np.asfortranarray(GREY)[:, :],
    ],
    ids=["grey", "one channel", "rgb", "rgba", "uint16", "float64", "float32", "fortran"],
)
def test_arrays_are_read(array):
    assert (pixels(image_from_array(array)) == GREY[..., None]).all()


@pytest.mark.parametrize(
    "array",
    [
        np.zeros((0, 4), np.uint8),
        np.zeros(5, np.uint8),
        np.zeros((4, 4, 2), np.uint8),
        np.zeros((2, 4, 4, 3), np.uint8),
        np.zeros((4, 4), np.int64),
        np.full((4, 4), 1.5),
        np.full((4, 4), np.nan),
    ],
    ids=["empty", "a row", "two channels", "a stack", "int64", "above 1", "not finite"],
)
def test_arrays_that_are_no_image_are_an_error(array):
    with pytest.raises(ImageError):
        image_from_array(array)


@pytest.mark.parametrize(
    "tensor",
    [
        torch.from_numpy(COLOURS),
        torch.from_numpy(COLOURS).movedim(-1, 0),
        torch.from_numpy(COLOURS) / 255,
        (torch.from_numpy(COLOURS) / 255).movedim(-1, 0),
        (torch.from_numpy(COLOURS) / 255).double().requires_grad_(),
        torch.from_numpy(np.dstack([COLOURS, np.full_like(GREY, 255)])).movedim(-1, 0),
    ],
    ids=["HWC", "CHW", "HWC float", "CHW float", "with gradient", "CHW with alpha"],
)
def test_tensors_are_read(tensor):
    assert (pixels(image_in_memory(tensor)) == COLOURS).all()


@pytest.mark.parametrize("shape", [(48, 64), (1, 48, 64), (48, 64, 1)])
def test_grey_tensors_are_read(shape):
    assert (pixels(image_from_tensor(torch.from_numpy(GREY).reshape(shape))) == GREY[..., None]).all()


def test_half_precision_tensors_are_read():
    found = pixels(image_from_tensor(torch.from_numpy(GREY).to(torch.bfloat16) / 255))
    assert np.abs(found - GREY[..., None]).max() <= 1


@pytest.mark.parametrize("shape", [(5, 48, 64), (2, 3, 48, 64), (3, 48, 3), (64,), (48, 64, 2)])
def test_a_tensor_whose_axes_are_not_certain_is_an_error(shape):
    with pytest.raises(ImageError, match="tensor of shape"):
        image_from_tensor(torch.zeros(shape, dtype=torch.uint8))


@pytest.mark.parametrize("given", [Image.fromarray(COLOURS), COLOURS, torch.from_numpy(COLOURS)])
def test_what_is_in_memory_has_the_same_bound_as_a_file(given):
    with pytest.raises(ImageError, match=r"more than the 0\.001 megapixels"):
        image_in_memory(given, ImagePolicy(max_megapixels=0.001))


def test_what_is_no_image_is_named():
    with pytest.raises(ImageError, match="dict is no image: give a path"):
        image_in_memory({})
