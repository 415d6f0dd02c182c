"""Intake: takes the image and the question in, and clears what an earlier turn of the thread left."""

import re
from pathlib import Path
from typing import Any

from langchain_core.messages import BaseMessage, HumanMessage
from pydantic import ValidationError

from echo_agent.answers.question import split_options
from echo_agent.errors import ImageError, InputError
from echo_agent.images.message_blocks import ImageSource, kept_message, named_source, source_at, take_apart
from echo_agent.images.sources import source_bytes
from echo_agent.resources import Resources
from echo_agent.state import ImageRef, InspectionInput, LotEvidence, Question, Request, VerdictEffect

NO_IMAGE = (
    "no image was given: give image as a data URL, a block with base64, the SHA-256 of a stored image or a path in an "
    "allowed folder, or send it in a message"
)

_SHA256 = re.compile(r"[0-9a-f]{64}")


def intake(given: InspectionInput, resources: Resources) -> dict[str, Any]:
    """Starts an inspection afresh: no evidence, no attempt and no verdict of an earlier one is left.

    An image that comes with its pixels is stored, and its message keeps the digest alone. Options that stand in the
    question's text become options to choose from.

    Raises:
        ImageError: There is no image, none that can be read, or none that may be read.
        InputError: The product or the question is no text.
        ProductError: The product is unknown.
    """
    product, name = _text(given.product, "product"), _text(given.name, "name")
    messages: list[BaseMessage] = []
    if given.image is not None:
        image, own_name = _image(given.image, resources, product)
    else:
        message, text, source = _last_with_image(given)
        image, own_name = store_source(source, resources, product), source.name
        messages = [kept_message(text, image.sha256, source.name, message.id)]
    return {
        "messages": messages,
        "request": Request(
            image=image,
            name=name or own_name,
            product=product,
            question=_question(given),
            lot=_lot(given.lot),
        ),
        "escalation_level": 0,
        "reference": None,
        "knowledge": None,
        "effect": VerdictEffect(),
        "route": None,
        "trace": None,
        "attempts": (),
        "record_id": None,
        "standards": {},
        "human": None,
        "verdict": None,
        "timings": {},
    }


def store_source(source: ImageSource, resources: Resources, product: str | None) -> ImageRef:
    """Stores the image of a message, or finds the one that was stored.

    Raises:
        ImageError: It cannot be read, or not from there.
        ProductError: The product is unknown.
    """
    if source.kind == "kept":
        return resources.memory.kept_image(source.value)
    return resources.memory.store_image(source_bytes(source, resources.image_policy), product)


def _image(given: object, resources: Resources, product: str | None) -> tuple[ImageRef, str | None]:
    """The image in one of its forms, and its name; an ``ImageRef`` is believed that is an object of this process."""
    if isinstance(given, ImageRef):
        return given, None
    if isinstance(given, dict) and "uri" in given:
        return _named(given, resources, product), None
    if isinstance(given, dict):
        source = named_source(given)
        return store_source(source, resources, product), source.name
    if isinstance(given, str | Path) and str(given).strip():
        named = str(given).strip()
        source = ImageSource("kept", named) if _SHA256.fullmatch(named) else source_at(named)
        return store_source(source, resources, product), source.name
    raise ImageError(f"image is {type(given).__name__} {str(given)[:40]!r}, which is no image: {NO_IMAGE}")


def _named(given: dict[str, Any], resources: Resources, product: str | None) -> ImageRef:
    """The image of an ``ImageRef`` that came as JSON, which anybody can write: its place is not believed."""
    try:
        return resources.memory.kept_image(str(given.get("sha256")))
    except ImageError:
        return store_source(ImageSource("path", str(given["uri"])), resources, product)


def _last_with_image(given: InspectionInput) -> tuple[HumanMessage, str, ImageSource]:
    """The person's last message that holds an image, its text and its image."""
    for message in reversed(given.messages):
        if isinstance(message, HumanMessage):
            parts = take_apart(message.content)
            if len(parts.images) > 1:
                raise ImageError(f"{len(parts.images)} photographs came at once: send one at a time")
            if parts.images:
                return message, parts.text, parts.images[0]
    raise ImageError(NO_IMAGE)


def _question(given: InspectionInput) -> Question | None:
    """The question of the turn: what is given as such, else the text that came with the image's message or after it."""
    asked = given.question
    if isinstance(asked, dict):
        try:
            asked = Question.model_validate(asked)
        except ValidationError as error:
            raise InputError(
                f"question is {str(asked)[:60]!r}: give it as text, or as {{'text': ..., 'options': {{'A': ...}}}}"
            ) from error
    if isinstance(asked, Question):
        return split_options(asked)
    text = _text(asked, "question")
    if (
        text is None
        and given.image is None
        and given.messages
        and isinstance(given.messages[-1], HumanMessage)
    ):
        text = take_apart(given.messages[-1].content).text
    return split_options(Question(text=text)) if text else None


def _lot(given: object) -> LotEvidence | None:
    """What the lot says, in an object of this process alone: anybody could write that a part is as the others."""
    if given is None or isinstance(given, LotEvidence):
        return given
    raise InputError("lot comes from Inspector.inspect_many alone: leave it out")


def _text(given: object, name: str) -> str | None:
    if given is None or isinstance(given, str):
        return given or None
    raise InputError(f"{name} is {str(given)[:40]!r}: give it as text")
