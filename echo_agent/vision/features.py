"""What an encoder makes of an image, and what an encoder is."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Array = NDArray[np.float32]


@dataclass(frozen=True)
class Use:
    """How a layer counts when an image is compared with its references.

    Attributes:
        weight: Exponent of its score in the geometric mean over the layers; 0 where it has none.
        rarity: How much a patch's rarity within its own image adds to its distance from the references.
        surroundings: Share of the surroundings' mean that is taken off.
        top_k_share: The layer's score is the mean of this share of its worst patches.
        length: How much a difference of the logarithms of the lengths counts beside that of the directions.
        on_map: Whether the anomaly map is drawn from it: it says where something is.
        strength: Exponent of the length with which a distance counts on the map: the stronger the network's answer, the
            more a difference of its direction means.
        neighbours: So many nearest patches of the references say how far a patch lies from them.
    """

    weight: float = 1.0
    rarity: float = 0.7
    surroundings: float = 0.5
    top_k_share: float = 0.03
    length: float = 0.0
    on_map: bool = True
    strength: float = 0.0
    neighbours: int = 1


ALONE = Use()
"""How the one layer of an encoder counts that has no others."""


@dataclass(frozen=True)
class FeatureLayer:
    """Patch features of one depth of a network.

    Attributes:
        patches: ``(rows, columns, channels)``, of unit length.
        use: How it counts.
        lengths: Logarithm of the length that each patch had, over a usual one ``(rows, columns)``: how strongly the
            network answers. None where it does not count.
        narrow: The same places with fewer channels, of unit length, which weigh more beside other layers on one grid.
            None where the patches themselves are joined.
    """

    patches: Array
    use: Use = ALONE
    lengths: Array | None = None
    narrow: Array | None = None

    @property
    def joined(self) -> Array:
        """What is joined with other layers."""
        return self.patches if self.narrow is None else self.narrow

    @property
    def compared(self) -> Array:
        """What is held against the references: the patches, with their length as one more channel where it counts."""
        if self.lengths is None or not self.use.length:
            return self.patches
        more = (self.use.length * self.lengths)[..., None]
        return np.concatenate([self.patches, more], axis=2, dtype=np.float32)


@dataclass(frozen=True)
class Features:
    """Features of one image.

    Attributes:
        layers: Patch features, fine to coarse, each on a grid of its own; at least one, of which one is on the map.
        embedding: Image embedding ``(dimensions,)``, float32, of unit length.
        global_branch: Patch features of the image seen smaller and in an even light, fine to coarse; they count in its
            score, and none is on the map.
        guide: Brightness of the image, whose edges its map follows ``(rows, columns)``; see ``guided``. None where the
            map stays on the grid of its finest layer.
    """

    layers: tuple[FeatureLayer, ...]
    embedding: Array
    guide: Array | None = None
    global_branch: tuple[FeatureLayer, ...] = ()

    @classmethod
    def of_patches(cls, patches: Array, embedding: Array) -> "Features":
        """Features of one layer, as an encoder of one's own gives them; both are brought to unit length.

        Args:
            patches: Patch features ``(rows, columns, channels)``.
            embedding: Image embedding ``(dimensions,)``.
        """
        return cls(layers=(FeatureLayer(_unit(patches)),), embedding=_unit(embedding))

    @property
    def all_layers(self) -> tuple[FeatureLayer, ...]:
        """All layers that are held against the references, each with a bank of its own."""
        return self.layers + self.global_branch

    @property
    def middle(self) -> int:
        """Index of the middle layer, in ``layers`` and in ``all_layers``."""
        return len(self.layers) // 2

    @cached_property
    def patches(self) -> Array:
        """The layers joined on the grid of the middle one ``(rows, columns, channels)``, float32, of unit length."""
        import torch
        from torch.nn import functional

        from echo_agent.vision.joining import join_layers

        if len(self.layers) == 1:
            return self.layers[0].patches
        size = self.layers[self.middle].joined.shape[:2]
        grids = []
        for layer in self.layers:
            values = torch.from_numpy(np.asarray(layer.joined, dtype=np.float32)).permute(2, 0, 1)[None]
            if values.shape[-2] > size[0]:
                values = functional.adaptive_avg_pool2d(values, size)
            elif values.shape[-2] < size[0]:
                values = functional.interpolate(values, size=size, mode="bilinear", align_corners=False)
            grids.append(values[0].permute(1, 2, 0))
        return np.asarray(join_layers(grids).contiguous().numpy(), dtype=np.float32)


def _unit(values: Array) -> Array:
    lengths = np.linalg.norm(values, axis=-1, keepdims=True)
    return np.asarray(values / np.maximum(lengths, 1e-12), dtype=np.float32)


class FeatureEncoder(Protocol):
    """Turns images into features, as Echo asks for them. One of a user's own is an ``own_encoder.Encoder``.

    Attributes:
        name: What it is called; of Echo's own encoders, what ``load_encoder`` opens this very one by, from any working
            folder.
    """

    name: str

    @property
    def id(self) -> str:
        """All that its features depend on: those of encoders with different ids cannot be compared."""
        ...

    def encode(self, images: Sequence[Image.Image], *, scale: float = 1.0) -> list[Features]:
        """Encodes images.

        Args:
            images: RGB images of any size.
            scale: Multiplies the encoder's own working resolution: a finer grid of patches.

        Returns:
            Features in the order of the images, each the same alone as in any batch.
        """
        ...
