"""What goes over the wire: requests, and the parts of answers that programs read."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

MAX_NAME = 200
MAX_QUESTION = 2000


class InspectRequest(BaseModel):
    """A photograph of one part, in the message or by its path on the service's disk."""

    model_config = ConfigDict(extra="forbid")

    image: str | None = Field(default=None, description="The image file as base64, or as a data URL.")
    path: str | None = Field(
        default=None, description="A file below a folder that ECHO_IMAGE_FOLDERS allows."
    )
    product: str | None = Field(
        default=None, max_length=MAX_NAME, description="What it is; found out where not given."
    )
    question: str | None = Field(
        default=None, max_length=MAX_QUESTION, description="A question about the part."
    )
    name: str | None = Field(
        default=None, max_length=MAX_NAME, description="What the part is called in the records."
    )

    @model_validator(mode="after")
    def _one_image(self) -> "InspectRequest":
        if (self.image is None) == (self.path is None):
            raise ValueError("give the photograph as image (base64) or as path, one of the two")
        return self


class Upload(BaseModel):
    """The same as a form, with the file itself."""

    image: bytes = Field(json_schema_extra={"format": "binary"}, description="The image file.")
    product: str | None = Field(default=None, max_length=MAX_NAME)
    question: str | None = Field(default=None, max_length=MAX_QUESTION)
    name: str | None = Field(default=None, max_length=MAX_NAME)


class Inspected(BaseModel):
    """A verdict. More keys stand beside these: all that ``echo-agent inspect --json`` prints."""

    model_config = ConfigDict(extra="allow")

    id: str | None = Field(description="Name of the record; None where the memory cannot be written.")
    sha256: str = Field(description="SHA-256 of the photograph.")
    label: Literal["normal", "defective", "review"]
    confidence: float
    confidence_calibrated: bool = Field(description="Whether it was fitted on labelled images.")
    product: str | None
    score: float | None
    threshold: float | None
    reasons: list[str]
    regions: list[dict[str, object]]


class Product(BaseModel):
    """A registered product."""

    name: str
    version: int
    references: int
    encoder: str
    created: str
    expected_false_reject: float | None = Field(description="What its references promise by default.")
    drift: float | None = Field(description="Nearness to an alarm of drift, 0 to 1; None before any part.")


class Version(BaseModel):
    """A version of a product."""

    version: int
    created: str
    references: int
    origin: str = Field(description="What made it of the one before.")


class VersionedProduct(Product):
    """A registered product with all its versions, newest first."""

    versions: list[Version]
    alarms: list[str] = Field(
        description="Alarms of drift since the service's start, with the likeliest cause."
    )


class Registration(BaseModel):
    """What a form says of a product beside its photographs."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(max_length=MAX_NAME, description="Name of the product.")
    existing: Literal["add", "replace"] | None = Field(
        default=None,
        description="What becomes of a product of that name: it gets the photographs as further references, or in "
        "place of those that it has. Not said, it is refused (409).",
    )
    forget_learnt: bool = Field(
        default=False, description="Forget what people's answers taught of the product."
    )
    depth: str | None = Field(
        default=None,
        max_length=MAX_NAME,
        description="Black and white of photographs of more than 8 bits: bits (12) or values (0..1); else found out.",
    )

    @classmethod
    def as_form(cls) -> dict[str, Any]:
        """The form in OpenAPI, with its files."""
        schema = cls.model_json_schema()
        files = {"type": "array", "items": {"type": "string", "format": "binary"}}
        schema["properties"] |= {
            "images": files | {"description": "Photographs of good parts."},
            "knowledge": files | {"description": "A knowledge card, or card.yaml with documents beside it."},
        }
        schema["required"] += ["images"]
        return schema


class Registered(Product):
    """A product as it was registered."""

    remarks: list[str] = Field(description="Photographs that should be no references, and why.")


class Removed(BaseModel):
    """A product that is no longer there."""

    removed: str


class Restoring(BaseModel):
    """Which version shall count again."""

    model_config = ConfigDict(extra="forbid")

    version: int = Field(ge=1)


class FeedbackRequest(BaseModel):
    """What a part really was."""

    model_config = ConfigDict(extra="forbid")

    inspection: str = Field(description="The id of an inspection, or the SHA-256 of its photograph.")
    label: Literal["normal", "defective"]
    defect_type: str | None = Field(default=None, max_length=MAX_NAME)
    who: str = Field(default="", max_length=MAX_NAME)
    comment: str = Field(default="", max_length=MAX_QUESTION)
    learn: bool = Field(
        default=False, description="Good: a new reference, calibrated anew. Defective: an exemplar."
    )


class Said(BaseModel):
    """An answer as it is kept."""

    id: str
    label: str
    product: str | None
    proposed: str = Field(description="What Echo had said.")
    learnt: str | None = Field(description="reference, exemplar, or None.")


class Failure(BaseModel):
    """What went wrong, in a sentence that names the remedy."""

    detail: str
