"""Taking an image's own light out of it: how bright it is over all, and how much contrast it has."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

USUAL_BRIGHTNESS = -0.1
"""Mean of photographs of any kind, in the unit of the encoder's pixels, about -1..1."""

CONTRAST = 0.5
"""Standard deviation that images are brought to, higher than that of most photographs."""

MIN_CONTRAST = 0.04
"""An image of less contrast is not stretched as far: what it shows is noise."""


def evened(pixels: "Tensor") -> "Tensor":
    """Brings images to one brightness and contrast, all channels of one alike, so that its colours stay.

    Args:
        pixels: ``(images, channels, height, width)``, about -1..1.

    Returns:
        Images of that shape, within -1..1.
    """
    import torch

    deviation, mean = torch.std_mean(pixels, dim=(1, 2, 3), correction=0, keepdim=True)
    stretched = (pixels - mean) * (CONTRAST / deviation.clamp_min(MIN_CONTRAST)) + USUAL_BRIGHTNESS
    return stretched.clamp(-1.0, 1.0)
