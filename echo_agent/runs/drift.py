"""Drift: whether a product's parts, or how they are photographed, have changed since the references were taken."""

import threading
from collections import deque
from collections.abc import Mapping
from shlex import quote
from typing import TYPE_CHECKING

from echo_agent.errors import ImageError
from echo_agent.images.decoding import load_image
from echo_agent.runs.change_detector import PARTS_BETWEEN_FALSE_ALARMS, Change, ChangeDetector, Stream
from echo_agent.state import ImageRef, Value, Verdict
from echo_agent.vision.photographing import MAX_COMPARED, differences
from echo_agent.vision.quality import MEASURES

if TYPE_CHECKING:
    from echo_agent.memory.memory import Memory

SCORE, LIKENESS = "score", "likeness"

CHANGES = {
    ("brightness", False): ("darker", "the light is weaker, or the exposure shorter"),
    ("brightness", True): ("brighter", "the light is stronger, or the exposure longer"),
    ("sharpness", False): ("blurred", "focus, distance, movement, or dirt on the lens"),
    ("sharpness", True): ("sharper", "focus or distance were changed"),
    ("noise", True): ("noisier", "more gain in less light"),
    ("framing", True): ("framed otherwise", "the camera or the part's place has moved"),
}
"""What a change of a measure is called, and what brings it about; others are none."""

STREAMS = (
    *(
        Stream(name, (name, True) in CHANGES, (name, False) in CHANGES, step=MEASURES[name].spread or 0.0)
        for name in dict.fromkeys(name for name, _ in CHANGES)
    ),
    Stream(SCORE, falls=False),
    Stream(LIKENESS, rises=False),
)


class Drift(Value):
    """A change that was found.

    Attributes:
        product: The product.
        memory_version: Version of its memory.
        part: Number of the part, from 1, at which it was certain.
        what: What changed, with both figures.
        cause: The likeliest cause.
        false_alarm_rate: Where nothing changes, alarms a part at most, on average.
    """

    product: str
    memory_version: int
    part: int
    what: str
    cause: str
    false_alarm_rate: float = 1 / PARTS_BETWEEN_FALSE_ALARMS

    def __str__(self) -> str:
        """The finding with how far it can be trusted and its remedy, in sentences."""
        return (
            f"Drift of {self.product}, certain at part {self.part}: {self.what}. Likeliest cause: {self.cause}. "
            f"Where nothing changes, such an alarm comes once in {round(1 / self.false_alarm_rate):,} parts at most. "
            "Look at light, camera and parts; where they are meant to be so, add photographs of good ones: "
            f"echo-agent register {quote(self.product)} DIR"
        )


class DriftWatch:
    """Watches all parts that are inspected, each product by itself; a new version of a product begins anew.

    How a part was photographed counts for every part, score and likeness for those that were called normal: more
    defective parts are no drift. Safe for threads.

    Args:
        memory: The memory that the parts are compared with.
        between_false_alarms: Where nothing changes, so many parts of a product come between two alarms at least, on
            average.
    """

    def __init__(self, memory: "Memory", between_false_alarms: int = PARTS_BETWEEN_FALSE_ALARMS) -> None:
        self.alarms: list[Drift] = []
        self._memory = memory
        self._between = between_false_alarms
        self._products: dict[tuple[str, int], _Product] = {}
        self._adding = threading.Lock()

    def add(self, image: ImageRef, verdict: Verdict) -> Drift | None:
        """Takes the next part.

        Returns:
            The drift, where it became certain with this part.
        """
        if verdict.product is None or verdict.memory_version is None:
            return None
        name = verdict.product, verdict.memory_version
        with self._adding:
            if name not in self._products:
                self._products[name] = _Product(self._memory, verdict.product, self._between)
            watched = self._products[name]
            change = watched.add(image, verdict)
            if change is None:
                return None
            drift = Drift(
                product=verdict.product,
                memory_version=verdict.memory_version,
                part=watched.parts,
                what=_in_words(change),
                cause=_cause(self._memory, verdict.product, change, list(watched.recent)),
                false_alarm_rate=1 / self._between,
            )
            self.alarms.append(drift)
        return drift

    def forget(self, product: str) -> None:
        """Forgets a product that was removed: another one may get its name and its versions' numbers."""
        with self._adding:
            self._products = {name: kept for name, kept in self._products.items() if name[0] != product}

    def statistics(self) -> dict[str, float]:
        """How near each product is to an alarm, from 0 to 1: of its newest version, on a scale of parts."""
        with self._adding:
            return {
                product: min(1.0, watched.detector.statistic / self._between)
                for (product, _), watched in sorted(self._products.items())
            }


class _Product:
    """What is kept of one version of a product."""

    def __init__(self, memory: "Memory", product: str, between: int) -> None:
        known: dict[str, tuple[float, ...]] = {}
        record = memory.product(product)
        if record.normals > 1:
            known = {name: memory.reference_measures(product).get(name, ()) for name in MEASURES}
            known[SCORE] = memory.normal_scores(product)
        self.detector = ChangeDetector(STREAMS, known, between)
        self.recent: deque[ImageRef] = deque(maxlen=MAX_COMPARED)
        self.parts = 0

    def add(self, image: ImageRef, verdict: Verdict) -> Change | None:
        self.parts += 1
        self.recent.append(image)
        return self.detector.add(_numbers(verdict))


def _numbers(verdict: Verdict) -> dict[str, float]:
    found = verdict.evidence
    if found is None:
        return {}
    watched = {stream.name for stream in STREAMS}
    numbers = {name: value for name, value in found.quality.measured.items() if name in watched}
    if verdict.label != "normal":
        return numbers
    # What two encoders see together is of another distribution than the first look's scores.
    score = verdict.attempts[0].score if found.joint and verdict.attempts else found.score
    if score is not None:
        numbers[SCORE] = score
    likeness = [match.similarity for match in found.matches if match.product == found.product]
    return numbers | ({LIKENESS: likeness[0]} if likeness else {})


def _in_words(change: Change) -> str:
    if change.name == SCORE:
        return (
            f"good parts differ more from the references: score {change.now:.2f}, before {change.before:.2f}"
        )
    if change.name == LIKENESS:
        return f"good parts are less like the references: cosine {change.now:.3f}, before {change.before:.3f}"
    measure = MEASURES[change.name]
    now, before = (measure.shown(value) for value in (change.now, change.before))
    word, _ = CHANGES[change.name, change.rises]
    return f"the photographs are {word}: {measure.unit.format(now)}, before {measure.unit.format(before)}"


def _cause(memory: "Memory", product: str, change: Change, recent: list[ImageRef]) -> str:
    """What brings the change about: its measure's, else that of the measure that moved most, else as it looks."""
    told = _cause_of_measures({change.name: 1.0 if change.rises else -1.0}) or _cause_of_measures(
        change.moved
    )
    if told is not None:
        return told
    references = memory.product(product).references
    step = max(1, len(references) // MAX_COMPARED)
    try:
        found = differences(
            [load_image(image.uri) for image in recent],
            [load_image(image.uri) for image in references[::step][:MAX_COMPARED]],
            memory.encoder,
        )
    except ImageError:
        found = ()
    if found:
        return f"they are {found[0].what}"
    return "another lot, tool or material, as nothing was found in how they are photographed"


def _cause_of_measures(moved: Mapping[str, float]) -> str | None:
    noticed = {
        (name, steps > 0): abs(steps)
        for name, steps in moved.items()
        if abs(steps) >= 1 and (name, steps > 0) in CHANGES
    }
    return CHANGES[max(noticed, key=noticed.__getitem__)][1] if noticed else None
