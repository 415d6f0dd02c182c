"""The tools of the Reasoning Expert: zoom, further references, measuring, looking up domain knowledge."""

from collections.abc import Callable
from typing import Annotated, Any

from pydantic import Field, StringConstraints, ValidationError

from echo_agent.context import Expert
from echo_agent.decision.show import cut
from echo_agent.images.decoding import load_image
from echo_agent.knowledge.guidance import look_up
from echo_agent.mllm.tools import ToolRequest, ToolResult
from echo_agent.resources import Resources
from echo_agent.state import Box, ImageRef, ReferenceEvidence, Region, State, Value
from echo_agent.state.notation import area, length, percent

MANUAL: dict[str, tuple[Expert, str]] = {
    "zoom": (
        "reference",
        'zoom {"region": "R1"} or {"box": [left, top, right, bottom]}: the place enlarged, beside a good part',
    ),
    "references": ("reference", 'references {"count": 2}: further photographs of good parts'),
    "measure": (
        "reference",
        'measure {"region": "R1"} or {"box": [left, top, right, bottom]}: sizes and map values there, in pixels',
    ),
    "look_up": ("knowledge", 'look_up {"query": "..."}: passages of the domain knowledge'),
}
"""Each tool with the expert whose evidence it reaches, and how it is called."""


class _Place(Value):
    region: str | None = None
    box: tuple[int, int, int, int] | None = None


class _Count(Value):
    count: int = Field(default=2, ge=1, le=4)


class _Query(Value):
    query: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=300)]


class ReasoningTools:
    """Tools over the evidence of one inspection; those of experts that take no part are not there.

    Args:
        state: The inspection behind the router.
        resources: The run's settings, memory and domain knowledge.
        use: Experts whose evidence may be used.
        shown: References that the model sees already.
    """

    def __init__(self, state: State, resources: Resources, use: tuple[Expert, ...], shown: int) -> None:
        self._image = state.image
        self._evidence = state.reference
        self._resources = resources
        self._shown = shown
        self._tools: dict[str, Callable[[dict[str, Any]], ToolResult]] = {
            name: getattr(self, f"_{name}") for name, (expert, _) in MANUAL.items() if expert in use
        }

    def manual(self) -> str:
        """Tells which tools there are, a line each; empty where there are none."""
        return "\n".join(MANUAL[name][1] for name in self._tools)

    def call(self, request: ToolRequest) -> ToolResult:
        """Carries a request out; one that cannot be is answered with what is wrong with it."""
        tool = self._tools.get(request.tool)
        if tool is None or self._image is None or self._evidence is None:
            return ToolResult(text=f"There is no such tool; there are {', '.join(self._tools) or 'none'}.")
        try:
            return tool(request.arguments)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"]) or "arguments"
            return ToolResult(text=f"{request.tool} cannot be called so: {where}: {first['msg']}.")

    def _zoom(self, arguments: dict[str, Any]) -> ToolResult:
        image, evidence = self._seen()
        place = self._place(_Place.model_validate(arguments))
        if isinstance(place, str):
            return ToolResult(text=place)
        query = load_image(self._counted(image).uri)
        images = [("The place in the part under inspection:", self._kept(query, place, query.size))]
        for found in evidence.references[:1]:
            beside = load_image(self._counted(found.image).uri)
            images.append(
                (f"The same place of the good part {found.id}:", self._kept(beside, place, query.size))
            )
        return ToolResult(text=f"{_spelled(place)} enlarged.", images=tuple(images))

    def _references(self, arguments: dict[str, Any]) -> ToolResult:
        image, evidence = self._seen()
        wanted = self._shown + _Count.model_validate(arguments).count
        found = evidence.references
        if len(found) < wanted:
            found = self._resources.memory.evidence(
                image,
                evidence.product,
                encoders=self._resources.context.encoders,
                escalation_level=evidence.escalation_level,
                shots=wanted,
                strictness=evidence.strictness,
            ).references
        further = found[self._shown : wanted]
        self._shown += len(further)
        if not further:
            return ToolResult(text="There are no further references.")
        return ToolResult(
            text=" ".join(f"{one.id} has a similarity of {one.similarity:.2f}." for one in further),
            images=tuple(
                (f"Photograph of a good part ({one.id}):", self._counted(one.image)) for one in further
            ),
        )

    def _counted(self, image: ImageRef) -> ImageRef:
        """A photograph as a model is shown it."""
        return self._resources.memory.counted(image, self._evidence.product if self._evidence else None)

    def _measure(self, arguments: dict[str, Any]) -> ToolResult:
        image, evidence = self._seen()
        asked = _Place.model_validate(arguments)
        place = self._place(asked)
        if isinstance(place, str):
            return ToolResult(text=place)
        told = [_sizes(region) for region in evidence.regions if region.id == asked.region]
        if evidence.map_id is not None:
            values = self._resources.memory.anomaly_map(evidence.map_id, (image.width, image.height))
            inside = values[place.top : place.bottom, place.left : place.right]
            above = percent(float((inside >= 1).mean()))
            told.append(
                f"In {_spelled(place)} the anomaly map is {inside.max():.2f} at most and {inside.mean():.2f} in "
                f"the mean (1 is the map threshold); {above} of it lies above the threshold."
            )
        return ToolResult(text=" ".join(told) or "There is no anomaly map to measure on.")

    def _look_up(self, arguments: dict[str, Any]) -> ToolResult:
        _, evidence = self._seen()
        query = _Query.model_validate(arguments).query
        if evidence.product is None:
            return ToolResult(text="The product is not known, so there is no domain knowledge.")
        resources = self._resources
        card = resources.card(evidence.product)
        passages = look_up(card, query, resources.embeddings) if card is not None else []
        told = [f"{passage.file}, line {passage.line}: {passage.text}" for passage in passages]
        return ToolResult(text="\n".join(told) or "The domain knowledge says nothing of it.")

    def _seen(self) -> tuple[ImageRef, ReferenceEvidence]:
        if self._image is None or self._evidence is None:
            raise RuntimeError("a tool was called without an image")
        return self._image, self._evidence

    def _place(self, asked: _Place) -> Box | str:
        """Returns the place that is asked for within the image, or what is wrong with it."""
        image, evidence = self._seen()
        if (asked.region is None) == (asked.box is None):
            return "Give either a region or a box."
        if asked.box is None:
            found = [region.box for region in evidence.regions if region.id == asked.region]
            known = ", ".join(region.id for region in evidence.regions) or "none"
            return found[0] if found else f"There is no such region; there are {known}."
        left, top, right, bottom = asked.box
        if not (0 <= left < right <= image.width and 0 <= top < bottom <= image.height):
            return f"That box is empty or outside the image, which is {image.width} x {image.height} pixels."
        return Box(left=left, top=top, right=right, bottom=bottom)

    def _kept(self, picture: Any, place: Box, size: tuple[int, int]) -> ImageRef:
        return self._resources.memory.store_image(cut(picture, place, size))


def _sizes(region: Region) -> str:
    return f"{region.id} is {length(region)} long and {area(region)} in area."


def _spelled(box: Box) -> str:
    return f"x {box.left} to {box.right}, y {box.top} to {box.bottom}"
