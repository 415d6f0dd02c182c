"""A commented card to fill in."""

import json
from pathlib import Path

from echo_agent.card_files import CARD_FILE
from echo_agent.errors import KnowledgeError
from echo_agent.knowledge.card import SCHEMA_VERSION
from echo_agent.names import canonical_name

_TEMPLATE = """\
# What Echo shall know of {product}. Only the first three keys must be there; take the # away from what you need.
# Check it with: echo-agent knowledge check {folder}
schema_version: {version}
product: {quoted}
# Other names it goes by.
aliases: []

# How a good part looks, and which variation is harmless.
normal: >-
  Describe a good {product} here.

# How large a pixel is, in one of three ways. Without it limits in mm cannot be told, those in px and % can.
# scale:
#   mm_per_pixel: 0.05
#   # reference_length: {{mm: 25, pixels: 500}}   # or: a known length and its pixels
#   # image_width_mm: 80                         # or: the width of the whole view, at every resolution
#   # image_width_px: 1600                       # photographs of another width are then not measured in mm

# Parts of the image, from 0 (left, top) to 1 (right, bottom), as a box [left, top, right, bottom] or a polygon.
# zones:
#   - name: A
#     criticality: high        # low, medium or high
#     box: [0.25, 0.25, 0.75, 0.75]
#   - name: rim
#     polygon: [[0, 0], [1, 0], [1, 0.2], [0, 0.2]]

# Whether the part lies at any angle; where this is left out, it is found out from the references.
# turns: any

# Regions that never count, as polygons; or the only ones that do. They stay in the picture, or move with
# the part where drawn_on names the reference that they are drawn on: an image file beside this card.
# ignore:
#   - [[0.8, 0], [1, 0], [1, 0.1], [0.8, 0.1]]
# inspect_only:
#   - [[0.1, 0.1], [0.9, 0.1], [0.9, 0.9], [0.1, 0.9]]

# What goes wrong.
# defects:
#   - name: scratch
#     aliases: [score]
#     look: A bright, thin, straight line.
#     cause: Handling with tools.
#     effect: Looks only, where it is short.
#     severity: minor          # minor: looks; major: function; critical: safety, never passed without its own tolerance
#     examples: [A line across the upper edge.]

# How much of it is allowed; every limit that is given must hold. Lengths in mm, px or % of the longer side; areas in
# mm2, px2 or % of the image. "any" stands for every deviation from the references.
# tolerances:
#   - defect: scratch
#     max_length: 2 mm
#     zone: A                  # everywhere where it is left out
#   - defect: any
#     max_area: 0.5 mm2
#     max_count: 3

# Statements that must hold, best such that count.
# checklist:
#   - statement: Four screws are present.
"""


def empty_card(product: str) -> str:
    """A card that says nothing of a product: in the place of one that would be taken because of the product's name."""
    return (
        f"schema_version: {SCHEMA_VERSION}\nproduct: {json.dumps(product, ensure_ascii=False)}\n"
        "normal: A good part looks like its references.\n"
    )


def new_card(product: str, folder: Path) -> Path:
    """Writes a commented card for a product, into ``<folder>/<product>/card.yaml``.

    Returns:
        The card's file.

    Raises:
        KnowledgeError: The product has no name, a card is there already, or the folder cannot be written.
    """
    name = canonical_name(product).replace("/", "_")
    if not name.strip("._"):
        raise KnowledgeError("the product has no name: write for example echo-agent knowledge new bolt")
    file = folder / name / CARD_FILE
    text = _TEMPLATE.format(
        product=product,
        quoted=json.dumps(product, ensure_ascii=False),
        folder=file.parent,
        version=SCHEMA_VERSION,
    )
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("x", encoding="utf-8") as stream:
            stream.write(text)
    except FileExistsError as error:
        raise KnowledgeError(f"{file} is there already: edit it, or move it away") from error
    except OSError as error:
        raise KnowledgeError(f"{file} cannot be written ({error.strerror}): name another folder") from error
    return file
