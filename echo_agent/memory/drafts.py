"""What a new version of a product shall be, made from the one before."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from echo_agent.errors import ProductError
from echo_agent.images.depth import Depth
from echo_agent.memory.answers import Feedback
from echo_agent.memory.domain_knowledge import DomainKnowledge
from echo_agent.memory.product import ProductRecord
from echo_agent.state import ImageRef

Answers = Mapping[str, str]
"""The answers that learnt references come from, by digest of the photograph."""


@dataclass(frozen=True)
class Draft:
    """What a version shall be.

    Attributes:
        references: Its references.
        origin: What makes it, in words.
        answers: The answers that its learnt references come from.
        card: Knowledge card that it shares with another version.
        domain_knowledge: Domain knowledge that is new with it.
        depth: Which values are black and white in its photographs of more than 8 bits.
    """

    references: tuple[ImageRef, ...]
    origin: str
    answers: Answers
    card: str | None = None
    domain_knowledge: DomainKnowledge | None = None
    depth: Depth | None = None


def registered(
    base: ProductRecord | None,
    answers: Answers,
    images: Sequence[ImageRef],
    *,
    replace: bool,
    forget_learnt: bool,
    domain_knowledge: DomainKnowledge | None,
    depth: Depth | None,
    drawn: str | None = None,
) -> Draft:
    """A version of newly registered photographs.

    Args:
        base: The version before; None for a new product.
        answers: The answers that its learnt references come from.
        images: The photographs.
        replace: Whether they take the place of those that were registered before, or join them.
        forget_learnt: Whether references that people's answers made go.
        domain_knowledge: What comes with them; that of the version before stays where there is none.
        depth: Which values are black and white in photographs of more than 8 bits.
        drawn: How they were drawn from more, in words; None where all were taken.
    """
    before = base.references if base is not None else ()
    kept = [image for image in before if not (forget_learnt if image.sha256 in answers else replace)]
    given = {image.sha256 for image in images}
    new = len(given - {image.sha256 for image in before})
    if base is None or replace:
        origin = "registered" if base is None else f"replaced by {_count(len(images))}"
    else:
        origin = f"added {_count(new)}" + (f", {len(given) - new} known before" if new < len(given) else "")
    return Draft(
        references=_each_once([*kept, *images]),
        origin=", ".join(
            [
                origin,
                *([drawn] if drawn is not None else []),
                *(["what was learnt forgotten"] if forget_learnt and answers else []),
            ]
        ),
        answers={
            digest: answer for digest, answer in answers.items() if digest not in given and not forget_learnt
        },
        card=base.card if base is not None else None,
        domain_knowledge=domain_knowledge,
        depth=depth,
    )


def added(base: ProductRecord, answers: Answers, images: Sequence[ImageRef]) -> Draft:
    """A version with further references."""
    return registered(
        base,
        answers,
        images,
        replace=False,
        forget_learnt=False,
        domain_knowledge=None,
        depth=base.depth,
    )


def learnt(base: ProductRecord, answers: Answers, said: Sequence[Feedback]) -> Draft:
    """A version that goes by further answers: good parts are references, defects are none.

    Args:
        base: The version before.
        answers: The answers that its learnt references come from.
        said: The answers that are learnt.

    Raises:
        ProductError: No reference would be left.
    """
    good = [one for one in said if one.learnt == "reference"]
    defects = {one.image.sha256 for one in said if one.learnt == "exemplar"}
    images = [image for image in base.references if image.sha256 not in defects]
    if not images and not good:
        raise ProductError(
            f"the only reference of {base.name} would be a defect: register photographs of good parts first"
        )
    made = {digest: answer for digest, answer in answers.items() if digest not in defects}
    count = f"{len(said)} answers" if len(said) > 1 else f"answer {said[0].id}"
    return Draft(
        references=_each_once([*images, *(one.image for one in good)]),
        origin=f"{count} learnt",
        answers={**made, **{one.image.sha256: one.id for one in good}},
        card=base.card,
        depth=base.depth,
    )


def encoded_by(base: ProductRecord, answers: Answers, encoder: str) -> Draft:
    """A version of the same references that a second encoder sees as well."""
    return Draft(
        references=base.references,
        origin=f"encoder {encoder} added",
        answers=answers,
        card=base.card,
        depth=base.depth,
    )


def with_regions(base: ProductRecord, answers: Answers, who: str) -> Draft:
    """A version of the same references of which other regions count."""
    return Draft(
        references=base.references,
        origin=f"regions drawn by {who}" if who else "regions drawn",
        answers=answers,
        card=base.card,
        depth=base.depth,
    )


def with_domain_knowledge(base: ProductRecord, answers: Answers, files: DomainKnowledge) -> Draft:
    """A version of the same references with other domain knowledge."""
    return Draft(
        references=base.references,
        origin="other domain knowledge",
        answers=answers,
        domain_knowledge=files,
        depth=base.depth,
    )


def without(
    base: ProductRecord, answers: Answers, digests: Collection[str], origin: str | None = None
) -> Draft:
    """A version without some references.

    Raises:
        ProductError: A digest is none of the product's, or no reference would be left.
    """
    gone = set(digests)
    unknown = gone - {image.sha256 for image in base.references}
    if unknown:
        raise ProductError(f"{base.name} has no reference {min(unknown)}: see echo-agent products --json")
    left = tuple(image for image in base.references if image.sha256 not in gone)
    if not left:
        raise ProductError(f"{base.name} would be left without references: remove the product instead")
    return Draft(
        references=left,
        origin=origin or f"removed {_count(len(gone))}",
        answers={digest: answer for digest, answer in answers.items() if digest not in gone},
        card=base.card,
        depth=base.depth,
    )


def restored(earlier: ProductRecord, answers: Answers) -> Draft:
    """A version that is an earlier one again.

    Args:
        earlier: That version.
        answers: The standing answers that its learnt references come from.
    """
    return Draft(
        references=earlier.references,
        origin=f"version {earlier.version} restored",
        answers=answers,
        card=earlier.card,
        depth=earlier.depth,
    )


def _each_once(images: Sequence[ImageRef]) -> tuple[ImageRef, ...]:
    """Each photograph at its first place, from the file that was given last: that one may mend a damaged one."""
    return tuple({image.sha256: image for image in images}.values())


def _count(photographs: int) -> str:
    return f"{photographs} photograph{'' if photographs == 1 else 's'}"
