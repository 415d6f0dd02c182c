"""A registered product: what the catalog says of it."""

from pydantic import BaseModel, ConfigDict, Field

from echo_agent.state import Guarantee, ImageRef


class ProductRecord(BaseModel):
    """A product of the memory.

    Attributes:
        name: Its name.
        version: Raised by each change of its references.
        encoder: Id of the encoder that its features come from.
        folder: Folder of this version's patch banks, relative to the memory.
        references: Its normal images, copied into the memory.
        similarity_floor: Lowest similarity to the nearest reference at which an image resembles the product.
        card: Knowledge card registered with it, relative to the memory.
        created: Time of this version, ISO 8601, UTC.
        guarantee: What the normals promise at the default false-reject rate.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    version: int = Field(ge=1)
    encoder: str
    folder: str
    references: tuple[ImageRef, ...]
    similarity_floor: float
    card: str | None = None
    created: str
    guarantee: Guarantee

    @property
    def normals(self) -> int:
        """Number of references."""
        return len(self.references)

    @property
    def key(self) -> str:
        """Names this version of the product in the index."""
        return self.folder.rsplit("/", 1)[-1]


class Catalog(BaseModel):
    """All products of a memory, and the encoder that it was made with. Replacing its file commits a change."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: int = 1
    generation: int = 0
    encoder: str
    encoder_name: str
    products: dict[str, ProductRecord] = Field(default_factory=dict)

    @property
    def records(self) -> list[ProductRecord]:
        """All products, by name."""
        return [self.products[name] for name in sorted(self.products)]
