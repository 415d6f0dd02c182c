"""An inspection made again from its record: the same verdict, or what has changed since."""

from pathlib import Path

from echo_agent.context import Context
from echo_agent.errors import ImageError, RecordError
from echo_agent.files import digest_of
from echo_agent.inspector import Inspector
from echo_agent.memory.inspections import InspectionRecord
from echo_agent.memory.provenance import card_digest, echo_version
from echo_agent.mllm.own_decider import Decider
from echo_agent.resources import Resources, open_memory
from echo_agent.runs.what_if import own_label
from echo_agent.state import ImageRef, Value, Verdict
from echo_agent.state.notation import settings_in_words
from echo_agent.strictness import Strictness, StrictnessSettings

SCORE_SLACK = 1e-3
"""Scores of the same photograph may differ by so much of themselves from machine to machine."""


class Replay(Value):
    """An inspection that was made again.

    Attributes:
        record: The inspection.
        verdict: What Echo says now.
        differences: What is otherwise about the verdict, in words; none where it is the same.
        changes: What has changed since the record, in words: Echo, memory, card or model.
    """

    record: InspectionRecord
    verdict: Verdict
    differences: tuple[str, ...]
    changes: tuple[str, ...]

    @property
    def same(self) -> bool:
        """Whether the verdict is the same."""
        return not self.differences

    def __str__(self) -> str:
        """What came of it, in sentences."""
        told = "The same verdict again." if self.same else f"Another verdict: {'; '.join(self.differences)}."
        since = f"Changed since: {'; '.join(self.changes)}." if self.changes else "Nothing has changed since."
        return f"{told} {since}"


def replay(memory: Path, name: str, *, decider: Decider | None = None) -> Replay:
    """Makes a recorded inspection again, with its photograph, product, question and settings; leaves no record.

    Args:
        memory: Folder of the memory.
        name: Id of the inspection, or SHA-256 of its photograph.
        decider: The Decision Maker, where the inspection had one that was handed in.

    Raises:
        RecordError: There is no such inspection, or its photograph is no longer there.
        EchoError: As an inspection raises it.
    """
    opened = open_memory(memory)
    record = opened.inspections.find(name)
    if record is None:
        raise RecordError(f"there is no inspection {name[:80]} in {memory}: echo-agent records lists them")
    made = record.made
    settings = made.settings if made is not None else {}
    call, then = Context.model_validate(settings), record.verdict
    strict = StrictnessSettings.of(then.strictness).said() | StrictnessSettings.of(call).said()
    inspector = Inspector(opened, decider=decider, context=call.model_copy(update=strict))
    verdict = inspector.inspect(
        _photograph(inspector, record),
        product=then.product if then.product_given else None,
        question=made.question if made is not None else None,
        record=False,
        lot=then.evidence.lot if then.evidence is not None else None,
    )
    return Replay(
        record=record,
        verdict=verdict,
        differences=tuple(_differences(then, verdict)),
        changes=tuple(_changes(record, verdict, Resources(call, memory=opened).strictness(verdict.product))),
    )


def _photograph(inspector: Inspector, record: InspectionRecord) -> ImageRef:
    """The photograph where it was, or where the memory keeps it."""
    file = Path(record.image.uri)
    if file.is_file() and digest_of(file) == record.image.sha256:
        return record.image
    try:
        return inspector.memory.kept_image(record.image.sha256)
    except ImageError as error:
        raise RecordError(
            f"the photograph of {record.id} is neither at {file} any more nor in the memory: "
            "put it back there, or raise ECHO_KEPT_IMAGES before the next inspections"
        ) from error


def _differences(then: Verdict, now: Verdict) -> list[str]:
    pairs = {
        "label": (own_label(then), own_label(now)),
        "product": (then.product, now.product),
        "defect type": (then.defect_type, now.defect_type),
        "decided by": (then.decided_by.name, now.decided_by.name),
        "answer": (then.answer and then.answer.text, now.answer and now.answer.text),
        "regions": (len(then.regions), len(now.regions)),
    }
    if then.human is not None:
        del pairs["defect type"]
    told = [f"{name} {before}, now {after}" for name, (before, after) in pairs.items() if before != after]
    for name, before, after in (
        ("score", then.score, now.score),
        ("threshold", then.threshold, now.threshold),
    ):
        if not _alike(before, after):
            told.append(f"{name} {_number(before)}, now {_number(after)}")
    return told


def _alike(before: float | None, after: float | None) -> bool:
    if before is None or after is None:
        return before is after
    return abs(before - after) <= SCORE_SLACK * max(abs(before), abs(after))


def _number(value: float | None) -> str:
    return "none" if value is None else f"{value:.3f}"


def _changes(record: InspectionRecord, verdict: Verdict, strictness: Strictness) -> list[str]:
    then, made = record.verdict, record.made
    by, now_by = then.decided_by, verdict.decided_by
    pairs = {
        "version of the product's memory": (then.memory_version, verdict.memory_version),
        "encoder": (then.evidence and then.evidence.encoder, verdict.evidence and verdict.evidence.encoder),
        "how strict": (settings_in_words(verdict.strictness), settings_in_words(strictness)),
        "model": (f"{by.model} {by.revision}", f"{now_by.model} {now_by.revision}"),
    }
    if made is not None:
        pairs["Echo"] = (made.echo, echo_version())
        pairs["knowledge card"] = (_short(made.card), _short(card_digest(verdict)))
    return [f"{name} {before}, now {after}" for name, (before, after) in pairs.items() if before != after]


def _short(digest: str | None) -> str:
    return "none" if digest is None else digest[:12]
