"""Why a decision was made: a kind for programs, a sentence for people."""

from typing import Any, Literal

from pydantic import model_validator

from echo_agent.state.value import Value

ReasonKind = Literal[
    "unknown product",
    "other product",
    "image quality",
    "too few references",
    "not compared",
    "stands out",
    "close to the threshold",
    "not sure enough",
    "looks like references",
    "lot",
    "score",
    "region",
    "rule",
    "model",
    "disagreement",
    "exemplar",
    "damaged memory",
    "other standards",
    "other",
]
"""What a reason is about.

- Nobody may decide: ``unknown product``, ``other product`` (the image does not resemble the one that was named),
  ``image quality``, ``too few references``, ``not compared`` (the references take no part).
- The comparison: ``stands out``, ``close to the threshold``, ``looks like references``, ``not sure enough`` (less than
  is wanted), with its figures: ``score``, ``region``; ``lot``: what the other parts of its lot say.
- Beside it: ``rule`` (of the domain knowledge), ``model`` (what a language model says), ``disagreement`` (of model
  and evidence), ``exemplar`` (a defect that a person confirmed).
- ``damaged memory``: what is missing or damaged, and took no part.
- ``other standards``: what the part was judged by has changed while it waited for a person.
- ``other``: written before reasons had a kind.
"""


class Reason(Value):
    """One reason of a decision; printed, it is its sentence. A bare text is read as a reason of the kind ``other``.

    Attributes:
        kind: What it is about.
        text: The sentence.
        evidence: Ids of the evidence that it stands on, such as ``E1``, ``R1``, ``T1``, ``C1`` or ``X1``.
    """

    kind: ReasonKind
    text: str
    evidence: tuple[str, ...] = ()

    def __str__(self) -> str:
        return self.text

    @model_validator(mode="before")
    @classmethod
    def _bare_text(cls, given: Any) -> Any:
        return {"kind": "other", "text": given} if isinstance(given, str) else given
