"""A registered product: what the catalog says of one of its versions."""

import re

from pydantic import BaseModel, ConfigDict, Field

from echo_agent.images.depth import Depth
from echo_agent.images.ignored import Ignored
from echo_agent.memory import calibration
from echo_agent.state import Guarantee, ImageRef
from echo_agent.strictness import Strictness, StrictnessSettings
from echo_agent.vision.tiles import MIN_SIDE, Tiling


class NamedEncoder(BaseModel):
    """An encoder by the name that opens it, and the id that its features depend on."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    id: str


class SetBy(BaseModel):
    """Who set a product's own settings last, and when (ISO 8601, UTC)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    who: str = ""
    when: str


class ProductRecord(BaseModel):
    """A version of a product.

    Attributes:
        name: Its name.
        version: Raised by each change of its references.
        origin: What made this version of the one before, in words.
        encoder: Id of the encoder that its features come from.
        second: Its second encoder, where it has one.
        folder: Folder of its patch banks, relative to the memory; there while the version is the current one.
        references: Its normal images, copied into the memory.
        learnt: Digests of those references that people's answers made.
        similarity_floor: Lowest similarity to the nearest reference at which an image resembles the product.
        card: Knowledge card registered with it, relative to the memory.
        created: Time of this version, ISO 8601, UTC.
        guarantee: What the normals promise at the product's own false-reject rate, else at the default.
        strictness: The product's own settings; they stay from version to version.
        strictness_by: Who set them last, and when; None where nobody did, or it was not noted.
        any_angle: Whether its card says that it lies at any angle.
        ignored: What of its photographs never counts.
        tiles: Side in pixels of the tiles that its photographs are looked at in, beside as a whole; None where not.
        depth: Which values are black and white in its photographs of more than 8 bits; None where it was registered
            without: then it is what their kind of file means.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    version: int = Field(ge=1)
    origin: str = "registered"
    encoder: str
    second: NamedEncoder | None = None
    folder: str
    references: tuple[ImageRef, ...]
    learnt: tuple[str, ...] = ()
    similarity_floor: float
    card: str | None = None
    created: str
    guarantee: Guarantee
    any_angle: bool = False
    ignored: Ignored = Ignored()
    tiles: int | None = Field(default=None, ge=MIN_SIDE)
    depth: Depth | None = None
    strictness: StrictnessSettings = StrictnessSettings()
    strictness_by: SetBy | None = None

    @property
    def normals(self) -> int:
        """Number of references."""
        return len(self.references)

    @property
    def tiling(self) -> Tiling | None:
        """How its photographs are cut into tiles; None where they are looked at as a whole alone."""
        sizes = [(image.width, image.height) for image in self.references]
        return None if self.tiles is None else Tiling.of(self.tiles, sizes)

    @property
    def encoders(self) -> str:
        """The ids of its encoders, in words, and the tiles that the first one sees."""
        tiles = f", tiles of {self.tiles} px" if self.tiles else ""
        return (self.encoder if self.second is None else f"{self.encoder} and {self.second.id}") + tiles

    @property
    def key(self) -> str:
        """Names this version of the product in the index."""
        return self.folder.rsplit("/", 1)[-1]


def promised(normals: int, photographs: int | None, own: StrictnessSettings) -> Guarantee:
    """What a product's normals promise at its own false-reject rate, else at the default."""
    return calibration.guarantee(normals, own.max_false_reject or Strictness().max_false_reject, photographs)


def readable_name(product: str) -> str:
    """What of a product's name can stand in the name of any file."""
    return re.sub(r"[^A-Za-z0-9]+", "-", product).strip("-").lower()[:40] or "product"
