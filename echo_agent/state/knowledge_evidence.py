"""What the Knowledge Guide found: passages, tolerances and statements of the product's card."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from echo_agent.state.image import Box
from echo_agent.state.reason import Reason
from echo_agent.state.value import Value


def _undetermined(word: Any) -> Any:
    """Reads the word that older records have for it."""
    return "undetermined" if word == "cannot tell" else word


Outcome = Annotated[Literal["within", "exceeds", "undetermined"], BeforeValidator(_undetermined)]
Presence = Annotated[Literal["present", "missing", "undetermined"], BeforeValidator(_undetermined)]


class Citation(Value):
    """A passage of the domain knowledge, with the file and the line it stands on."""

    id: str
    text: str
    file: str
    line: int = Field(ge=1)


class ToleranceFinding(Value):
    """A tolerance held against a measured region.

    Attributes:
        id: Name in the evidence, such as ``T1``.
        rule: The rule in words.
        defect_type: The defect type that the rule belongs to.
        region: Id of the region it was measured on; None for a rule over all regions.
        outcome: ``within``, ``exceeds`` or ``undetermined``.
        measured: Measured value in ``unit``; None when it could not be measured.
        measured_low: Lower end of the measurement's uncertainty.
        measured_high: Upper end.
        limit: The rule's limit in ``unit``.
        unit: ``mm``, ``mm2``, ``px``, ``px2``, ``%`` (of the image) or ``count``.
        zone: Zone the region lies in, where the card names zones.
        reason: One sentence for a person.
    """

    id: str
    rule: str
    defect_type: str
    region: str | None
    outcome: Outcome
    measured: float | None
    measured_low: float | None = None
    measured_high: float | None = None
    limit: float
    unit: str
    zone: str | None = None
    reason: str


class CountedPlace(Value):
    """A place of a checklist's statement where a thing should be.

    Attributes:
        place: Where it is on the photograph that the card draws it on, such as ``bottom left``.
        presence: Whether the thing is there.
        box: The place in this photograph; None where it could not be found, or lies outside.
        reason: For "undetermined", one clause.
    """

    place: str
    presence: Presence
    box: Box | None = None
    reason: str = ""


class ChecklistFinding(Value):
    """A countable statement of the card, answered or not.

    Attributes:
        id: Name in the evidence, such as ``C1``.
        statement: The statement, such as ``four screws are present``.
        holds: True, False, or None for "undetermined".
        expected: Expected count, where the statement counts.
        counted: Count that was found; None where a place cannot be told.
        places: The places where the things were looked for.
        answered_by: The language model that answered; None where the answer was measured.
        reason: One sentence for a person.
    """

    id: str
    statement: str
    holds: bool | None
    expected: int | None = None
    counted: int | None = None
    places: tuple[CountedPlace, ...] = ()
    answered_by: str | None = None
    reason: str


class KnowledgeEvidence(Value):
    """What the Knowledge Guide found.

    Attributes:
        product: Product of the card; None when there is no card.
        card_file: File of the card.
        normal: The card's description of the normal state.
        defect_types: Names of the card's defect types.
        citations: Passages that apply.
        tolerances: Tolerances held against the measured regions.
        checklist: Answers to the card's countable statements.
    """

    id: str = "K"
    product: str | None = None
    card_file: str | None = None
    normal: str = ""
    defect_types: tuple[str, ...] = ()
    citations: tuple[Citation, ...] = ()
    tolerances: tuple[ToleranceFinding, ...] = ()
    checklist: tuple[ChecklistFinding, ...] = ()


class VerdictEffect(Value):
    """What the findings of the domain knowledge permit and what they force; nothing where there are none.

    Attributes:
        permits_normal: Every suspicious region lies within the tolerances, so the part may pass as normal
            although it deviates from the references.
        forces_defective: A limit is broken or a statement of the checklist does not hold, so no model may
            pass it.
        needs_a_person: No limit is broken by a measured value, but one may be by the uncertainty of its measurement,
            or a model says that a statement of the checklist fails, so nobody but a person may pass it.
        is_sure: Of a broken limit or statement: it is broken by the whole uncertainty of the measurement.
        findings: Ids of the findings that this rests on.
        reasons: Their reasons, one each.
    """

    permits_normal: bool = False
    forces_defective: bool = False
    needs_a_person: bool = False
    is_sure: bool = False
    findings: tuple[str, ...] = ()
    reasons: tuple[Reason, ...] = ()
